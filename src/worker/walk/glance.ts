import { asError, Tofu3Error } from "../../errors.ts";
import type { ImageJob } from "../../model/job.ts";
import type { Fault } from "../../model/observation.ts";
import { digestOf, algorithmOf, type Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { readPage } from "../fetch/exchange.ts";
import { apiUrl } from "../fetch/registry.ts";
import type { Session } from "../fetch/session.ts";
import type { Vantage } from "../vantage.ts";
import { readDocument } from "./document.ts";
import { faultFrom } from "./ending.ts";
import { askEach, withSession } from "./inspect.ts";

/** What one vantage is given for a tag or a digest. `bytes` are empty where there was nothing. */
export interface Glimpse {
  readonly digest: Digest | null;
  readonly mediaType: string | null;
  readonly bytes: Uint8Array;
  readonly document: Manifest | null;
  readonly fault: Fault | null;
}

const NOTHING = { digest: null, mediaType: null, bytes: new Uint8Array(), document: null };

/**
 * What each of these tags and digests leads to, at one vantage, in one job of its own; nothing below it is looked at.
 * Rejects with the reason of `signal` only: faults are answers.
 */
export async function glimpse(
  vantage: Vantage,
  job: ImageJob,
  asked: readonly string[],
  signal: AbortSignal,
): Promise<readonly Glimpse[]> {
  const { manifestBytes } = job.limits;
  const one = async (session: Session, each: string, limit: AbortSignal): Promise<Glimpse> => {
    try {
      const document = await readDocument(session, each, { pin: null, maxBytes: manifestBytes, isRoot: false }, limit);
      const { computed, mediaType, bytes, manifest, error } = document;
      return { digest: computed, mediaType, bytes, document: manifest, fault: error && faultFrom(error) };
    } catch (thrown) {
      return { ...NOTHING, fault: faultFrom(asError(thrown)) };
    }
  };
  return askEach(vantage, job, asked, one, (fault) => ({ ...NOTHING, fault }), signal);
}

/** A blob, whole, as one vantage is given it, whether or not it matches. Rejects if there is none, or a longer one. */
export async function readBlob(
  vantage: Vantage,
  job: ImageJob,
  { digest, maxBytes }: { readonly digest: Digest; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<{ readonly bytes: Uint8Array; readonly computed: Digest }> {
  return withSession(
    vantage,
    job,
    () => undefined,
    signal,
    async (session, limit) => {
      const { registry } = session;
      const what = `blob ${digest} of ${registry.name}/${registry.repository}`;
      const ask = { url: apiUrl(registry, `blobs/${digest}`), headers: [["accept", "*/*"]] as const, maxBytes };
      const { body } = await readPage(session, ask, what, limit);
      if (body.length > maxBytes) throw new Tofu3Error("E_TOO_LARGE", `${what} is larger than ${maxBytes} bytes`);
      return { bytes: body, computed: digestOf(body, algorithmOf(digest)) };
    },
  );
}
