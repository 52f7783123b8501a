import type { Refused, Ruling, Wish } from "../../model/gate.ts";
import type { Repository } from "../../oci/reference.ts";

/** A flight under way, for people. */
export interface FlightView {
  /** `docker.io/library/alpine:3.20`, `docker.io/library/alpine@sha256:…` */
  readonly what: string;
  readonly since: string;
  readonly waiting: number;
  readonly isQueued: boolean;
}

/** What decides: every wish of every client ends here. */
export interface Gate {
  /**
   * Answers within `answerWithin`, whatever the vantages do; rejects with the reason of `signal` only, which is that of
   * the client: a flight goes on without it.
   */
  rule(wish: Wish, method: "GET" | "HEAD", signal: AbortSignal): Promise<Ruling>;
  /** The tags that all vantages list, sorted. */
  tags(repository: Repository, signal: AbortSignal): Promise<readonly string[] | Refused>;
  flights(): readonly FlightView[];
  /** Resolves when no flight is under way any more; no new one begins. */
  close(): Promise<void>;
}
