import type { Transport } from "../../http/transport.ts";
import type { Challenge } from "../../oci/challenge.ts";
import type { Secret } from "../../secret.ts";

/** What a request shows to the registry. */
export interface Pass {
  /** Value of Authorization; null when nothing is known to be needed. */
  readonly header: Secret | null;
  readonly kind: "none" | "basic" | "bearer";
  /** Milliseconds of the clock at which it ends. */
  readonly end: number;
}

/** The passes of one worker for one repository; one token request at a time, whoever needs it. */
export interface Authority {
  pass: Pass;
  challenges: readonly Challenge[];
  pending: Promise<void> | null;
  /** Passes that were asked for although the one before had not ended by the clock, or that were not given. */
  renewals: number;
}

const NOTHING: Pass = { header: null, kind: "none", end: Infinity };

/** They live as long as the transport of their vantage: a second look at the same repository uses them again. */
const kept = new WeakMap<Transport, Map<string, Authority>>();

export function authorityFor(transport: Transport, key: string): Authority {
  const known = kept.get(transport) ?? new Map<string, Authority>();
  kept.set(transport, known);
  const authority = known.get(key) ?? { pass: NOTHING, challenges: [], pending: null, renewals: 0 };
  known.set(key, authority);
  return authority;
}
