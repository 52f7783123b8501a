/**
 * A body that brings less than this over a whole `idleSeconds` is given up with E_TIMEOUT, so that a registry cannot hold a worker for
 * `totalSeconds` by sending a byte now and then. Both engines: curl takes it as `speed-limit`, with `idleSeconds` as `speed-time`.
 */
export const SLOWEST_BYTES_PER_SECOND = 100;
