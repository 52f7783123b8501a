import type { ImageJob } from "../../model/job.ts";
import type { Fault } from "../../model/observation.ts";
import { tagOf } from "../../model/subject.ts";
import { isDigest, type Digest } from "../../oci/digest.ts";
import { ACCEPT } from "../../oci/mediatype.ts";
import { asError, Tofu3Error } from "../../errors.ts";
import { valuesOf } from "../../http/strict.ts";
import { readHead } from "../fetch/exchange.ts";
import { apiUrl } from "../fetch/registry.ts";
import type { Session } from "../fetch/session.ts";
import type { Vantage } from "../vantage.ts";
import { faultFrom } from "./ending.ts";
import { askEach } from "./inspect.ts";

/**
 * The digest that the registry names for the job's tag when one vantage asks for headers alone, in one job of its own;
 * null where it names none, or several. Nothing is hashed: a header proves nothing. Rejects with the reason of `signal`
 * only: faults are answers. distribution-spec 1.1, "Checking if content exists in the registry"
 */
export async function claimedAt(vantage: Vantage, job: ImageJob, signal: AbortSignal): Promise<Digest | null | Fault> {
  const tag = tagOf(job.subject);
  if (tag === null) throw new Tofu3Error("E_BUG", "only a tag leads to a digest");
  const [claimed = null] = await askEach(vantage, job, [tag], claimOf, (fault): Digest | null | Fault => fault, signal);
  return claimed;
}

async function claimOf(session: Session, tag: string, signal: AbortSignal): Promise<Digest | null | Fault> {
  const ask = { url: apiUrl(session.registry, `manifests/${tag}`), headers: [["accept", ACCEPT]] as const };
  try {
    const { status, headers } = await readHead(session, ask, { mayFollow: true }, signal);
    const [claimed, ...others] = new Set(valuesOf(headers, "docker-content-digest"));
    return status === 200 && claimed !== undefined && others.length === 0 && isDigest(claimed) ? claimed : null;
  } catch (thrown) {
    signal.throwIfAborted();
    return faultFrom(asError(thrown));
  }
}
