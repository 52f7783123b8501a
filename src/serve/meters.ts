/** What the gate counts. Labels come from the configuration and from closed sets: a client cannot make new ones. */
export interface Meters {
  request(upstream: string, kind: string, code: number): void;
  /** A flight ended after so many seconds. */
  verdict(outcome: string, seconds: number): void;
  stale(upstream: string): void;
  /** Bytes given to clients. */
  bytes(count: number): void;
}
