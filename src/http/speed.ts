/**
 * A body slower than this over a whole `idleSeconds` fails with E_TIMEOUT, so that a registry cannot hold a worker for
 * `totalSeconds` by sending a byte now and then. Both engines keep it: curl as `speed-limit`, with `idleSeconds` as
 * `speed-time`.
 */
export const SLOWEST_BYTES_PER_SECOND = 100;
