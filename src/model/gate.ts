import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../oci/reference.ts";
import type { Outcome } from "./verdict.ts";

/** What a client asks the gate for. distribution-spec 1.1, "Pull" */
export type Wish = Repository &
  (
    | { readonly kind: "manifest"; readonly tag: string }
    | { readonly kind: "manifest"; readonly digest: Digest }
    | { readonly kind: "blob"; readonly digest: Digest }
  );

/** An object that all vantages agreed on, as one repository of the store has it. */
export interface Stored {
  readonly kind: "manifest" | "blob";
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  /** Of a blob: `application/octet-stream`, unless an agreed document says more. */
  readonly mediaType: string;
  /** ISO 8601 UTC. */
  readonly agreedAt: string;
  /** The verdict that it rests on, by its id in the store; null where none was kept. */
  readonly verdict: string | null;
}

/** What a tag led to when all vantages last agreed on it. Times are ISO 8601 UTC. */
export interface StoredTag {
  readonly digest: Digest;
  /** When the bytes were agreed on last. */
  readonly agreedAt: string;
  /** When the vantages were last asked, if only for headers that name the agreed digest. */
  readonly checkedAt: string;
  /** What it led to before, and until when; null if it never moved. */
  readonly previous: { readonly digest: Digest; readonly until: string } | null;
}

/** Something is refused until a person clears it; for *moved*, until a fresh round agrees. */
export interface Hold {
  readonly outcome: "disagreed" | "moved";
  /** The verdict in one sentence. */
  readonly sentence: string;
  readonly verdict: string | null;
  /** ISO 8601 UTC. */
  readonly since: string;
}

/** Why the gate does not answer with what was asked for; `http/` gives each its status and its code. */
export type Refusal =
  | Exclude<Outcome, "agreed">
  /** The verdict is not there yet. */
  | "verifying"
  /** The upstream is not on the list. */
  | "unlisted"
  /** All agree on it, and it cannot be gated: it sends clients elsewhere for its layers (`urls`), or is Docker schema 1. */
  | "unfit"
  /** Too many flights or waiting clients, or a registry that wants to be left alone. */
  | "busy"
  /** The disk has no room. */
  | "full"
  /** All agree, but the verdict could not be entered, or the bytes could not be stored. */
  | "broken"
  /** No vantage could be asked such a thing. */
  | "impossible";

export interface Refused {
  readonly kind: "refused";
  readonly why: Refusal;
  /** One sentence, printable. */
  readonly sentence: string;
  readonly verdict: string | null;
  /** Seconds after which to ask again; null where asking again does not help. */
  readonly retryAfter: number | null;
}

export interface Granted {
  readonly kind: "granted";
  readonly object: Stored;
  /** What whoever reads headers should know: stale, moved. One printable sentence each. */
  readonly notices: readonly string[];
}

/** A blob of known size whose verdict takes longer than a client waits for headers: its bytes follow the verdict. */
export interface Withheld {
  readonly kind: "withheld";
  readonly digest: Digest;
  readonly size: number;
  readonly verdict: Promise<Granted | Refused>;
}

export type Ruling = Granted | Refused | Withheld;

/** Of the gate itself; those of what the vantages fetch are `Limits`. */
export interface GateLimits {
  readonly flights: number;
  /** Flights that wait for their turn. */
  readonly queue: number;
  /** Requests that wait for a verdict. */
  readonly waiting: number;
  readonly connections: number;
  readonly headerSeconds: number;
  readonly idleSeconds: number;
  readonly drainSeconds: number;
}

/** How the gate answers, whoever sets it. Times are seconds. */
export interface GateSettings {
  readonly answerWithin: number;
  readonly tagTtl: number;
  readonly staleFor: number;
  readonly gate: "objects" | "everything";
  readonly maxBytes: number;
  readonly minFreeBytes: number;
  readonly upstreamCredentials: boolean;
  readonly limits: GateLimits;
}
