import type { Evidence } from "../model/evidence.ts";
import type { Signed } from "../model/signed.ts";
import { signedText } from "../report/signed.ts";
import type { PublicKey } from "./keys/publickey.ts";

/** Whose word counts for what workers on VMs saw. */
export interface TrustedVms {
  readonly keys: readonly PublicKey[];
  /** Authorities that a coordinator may have given them, as receipts name them. */
  readonly authorities: readonly string[];
  /** Whether days that the ledger of whoever ran tofu3 tells of may stand. */
  readonly ledgerDays: boolean;
}

/** On the coordinator's machine there is one worker at most: another one could be anything that it says. */
const MOST_LOCAL = 1;
/** An agreement of three, one of them local, rests on so many VMs. */
const LEAST_VMS = 2;

/**
 * Why a report does not rest on what these VMs signed themselves, each with another key; null if it does. A worker that
 * saw nothing supports nothing, and has nothing to sign.
 */
export function doubtOf(evidence: Evidence, vms: TrustedVms): string | null {
  const { observations, signed = [], outcome, policy } = evidence;
  if (observations.filter(({ via }) => via === "local").length > MOST_LOCAL)
    return "it has more than one worker that is on no VM";
  const users = new Map<string, string>();
  for (const { worker, via, digest } of observations) {
    if (via === "local" || digest === null) continue;
    const told = signed.find((each) => each.worker === worker) ?? { worker, ...NOTHING };
    const doubt = doubtOfOne(told, users, vms);
    if (doubt !== null) return doubt;
  }
  if (outcome !== "agreed" && outcome !== "pending") return null;
  if (users.size < LEAST_VMS) return `fewer than ${LEAST_VMS} VMs signed what all agree on`;
  if (policy.days === 1 || vms.ledgerDays) return null;
  return `no VM signed the other days: that they agreed on ${policy.days} of them is what the ledger of whoever ran tofu3 says`;
}

const NOTHING = { by: null, objects: 0, of: 0, authorities: [], why: null };

function doubtOfOne(told: Signed, users: Map<string, string>, { keys, authorities }: TrustedVms): string | null {
  const { worker, by, objects, of } = told;
  if (by === null || objects < of) return `what worker "${worker}" saw is ${signedText(told)}`;
  if (!keys.some(({ id }) => id === by)) return `worker "${worker}" is signed by ${by}, which is on no list of VMs`;
  const odd = told.authorities.find((each) => !authorities.includes(each));
  if (odd !== undefined) return `worker "${worker}" was given the authority sha256:${odd}, which is on no list`;
  const other = users.get(by);
  if (other !== undefined) return `workers "${other}" and "${worker}" are signed by one VM, ${by}`;
  users.set(by, worker);
  return null;
}
