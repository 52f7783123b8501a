import type { Evidence } from "../model/evidence.ts";
import type { Signed } from "../model/signed.ts";
import { signedText } from "../report/signed.ts";
import type { PublicKey } from "./keys/publickey.ts";

/**
 * Why what the workers on VMs saw does not rest on the VMs' own keys alone, each another one of these; null if it does.
 * A worker that saw nothing supports nothing, and has nothing to sign.
 */
export function doubtOf({ observations, signed = [] }: Evidence, vms: readonly PublicKey[]): string | null {
  const users = new Map<string, string>();
  for (const { worker, via, digest } of observations) {
    if (via === "local" || digest === null) continue;
    const told: Signed = signed.find((each) => each.worker === worker) ?? { worker, ...NOTHING };
    const { by, objects, of } = told;
    if (by === null || objects < of) return `what worker "${worker}" saw is ${signedText(told)}`;
    if (!vms.some(({ id }) => id === by)) return `worker "${worker}" is signed by ${by}, which is on no list of VMs`;
    const other = users.get(by);
    if (other !== undefined) return `workers "${other}" and "${worker}" are signed by one VM, ${by}`;
    users.set(by, worker);
  }
  return null;
}

const NOTHING = { by: null, objects: 0, of: 0, why: null };
