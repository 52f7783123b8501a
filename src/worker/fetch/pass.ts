import type { Challenge } from "../../oci/challenge.ts";
import type { Secret } from "../../secret.ts";

/** What a request sends to authenticate. */
export interface Pass {
  /** Value of Authorization; null if none is known to be needed. */
  readonly header: Secret | null;
  readonly kind: "none" | "basic" | "bearer";
  /** When it expires, in milliseconds of the clock. */
  readonly end: number;
}

/**
 * The passes of one vantage for one repository. At most one token request runs at a time; all that need it wait for it.
 */
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
