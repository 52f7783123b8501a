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

/** The passes of one vantage for one repository; one token request at a time, whoever needs it. */
export interface Authority {
  pass: Pass;
  challenges: readonly Challenge[];
  pending: { readonly session: object; readonly done: Promise<void> } | null;
}

const NOTHING: Pass = { header: null, kind: "none", end: Infinity };

export function authorityFor(known: Map<string, Authority>, key: string): Authority {
  const authority = known.get(key) ?? { pass: NOTHING, challenges: [], pending: null };
  known.set(key, authority);
  return authority;
}
