import { asError, Tofu3Error } from "../../errors.ts";
import { isSelective, type ImageJob } from "../../model/job.ts";
import { manifestName, pinOf, rootDigestOf } from "../../model/subject.ts";
import { digestOf, type Digest } from "../../oci/digest.ts";
import { documentOn, receivePage } from "./document.ts";
import type { Document } from "./document.ts";
import { walkDocuments } from "./expand.ts";
import { withSession } from "./inspect.ts";
import type { Session } from "../fetch/session.ts";
import { faultOf, placesOf, rootPlace } from "./tree.ts";
import type { Place } from "./tree.ts";
import type { Vantage } from "../vantage.ts";

/** What one vantage received, byte for byte, whether or not it can be parsed. */
export interface Received {
  readonly bytes: Uint8Array;
  /** Its digest, by the pin's algorithm if there is a pin. */
  readonly digest: Digest;
  /** Why a worker could not use it; null if it could. */
  readonly fault: Tofu3Error | null;
}

/**
 * The root that a reference leads to or, with a selection, the one manifest selected. Rejects if nothing was received,
 * and with E_SELECTION if several manifests match.
 */
export async function receive(vantage: Vantage, job: ImageJob, signal: AbortSignal): Promise<Received> {
  return withSession(
    vantage,
    job,
    () => undefined,
    signal,
    (session, limit) =>
      isSelective(job.selection) ? receiveChosen(session, job, limit) : receiveRoot(session, job, limit),
  );
}

async function receiveRoot(session: Session, job: ImageJob, signal: AbortSignal): Promise<Received> {
  return receiveOne(session, manifestName(job.subject), pinOf(job.subject), signal);
}

async function receiveOne(session: Session, asked: string, pin: Digest | null, signal: AbortSignal): Promise<Received> {
  const page = await receivePage(session, asked, { maxBytes: session.limits.manifestBytes, isRoot: false }, signal);
  try {
    return receivedAs(documentOn(page, session, asked, pin));
  } catch (thrown) {
    return { bytes: page.body, digest: digestOf(page.body, "sha256"), fault: asError(thrown) };
  }
}

function receivedAs({ bytes, computed, pinned, error }: Document): Received {
  return { bytes, digest: pinned ?? computed, fault: error };
}

async function receiveChosen(session: Session, job: ImageJob, signal: AbortSignal): Promise<Received> {
  const root = rootPlace(rootDigestOf(job.subject));
  await walkDocuments(session, { ...job, depth: "documents" }, root, signal);
  const fault = faultOf(root);
  const [place, ...others] = chosenIn(root);
  if (place === undefined) throw fault ?? new Tofu3Error("E_BUG", "a selection chose nothing");
  if (others.length > 0) throw tooMany(others.length + 1);
  if (place.document !== null) return { ...receivedAs(place.document), fault };
  return place.asked === null ? receiveRoot(session, job, signal) : receiveOne(session, place.asked, null, signal);
}

/** Nothing can be selected from an unreadable index, so the index itself is returned. */
function chosenIn(root: Place): Place[] {
  return placesOf(root).filter(
    ({ role, document }) => role === "manifest" || (document !== null && document.manifest === null),
  );
}

function tooMany(chosen: number): Tofu3Error {
  return new Tofu3Error("E_SELECTION", `--raw prints one manifest, and ${chosen} were selected`, {
    hint: "the same command without --raw lists them; choose one with --os-version or --bottle, or name its digest",
  });
}
