import { asError } from "../../errors.ts";
import type { ImageJob } from "../../model/job.ts";
import type { Fault } from "../../model/observation.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Session } from "../fetch/session.ts";
import type { Vantage } from "../vantage.ts";
import { faultFrom } from "./ending.ts";
import { confirmBlob, findsBlob } from "./existence.ts";
import { askEach } from "./inspect.ts";
import { createGate } from "../../parallel.ts";

/** Whether one vantage finds a blob; a fault says neither. */
export type Presence = "there" | "gone" | Fault;

const BLOBS_AT_A_TIME = 32;

/**
 * Whether the repository has these blobs, in their order, at one vantage, in one job of its own: by HEAD, and by GET
 * where HEAD does not find one. Rejects with the reason of `signal` only: faults are answers.
 */
export async function present(
  vantage: Vantage,
  job: ImageJob,
  blobs: readonly Digest[],
  signal: AbortSignal,
): Promise<readonly Presence[]> {
  const gate = createGate(BLOBS_AT_A_TIME);
  const known = new Map<Digest, Promise<Presence>>();
  const ask = (session: Session, digest: Digest, limit: AbortSignal): Promise<Presence> => {
    const asked = known.get(digest) ?? gate(() => presenceOf(session, digest, limit));
    known.set(digest, asked);
    return asked;
  };
  return askEach(vantage, job, blobs, ask, (fault): Presence => fault, signal);
}

async function presenceOf(session: Session, digest: Digest, signal: AbortSignal): Promise<Presence> {
  try {
    if (await findsBlob(session, digest, signal)) return "there";
    const other = await confirmBlob(session, digest, signal);
    return other?.error == null ? "there" : faultFrom(other.error);
  } catch (thrown) {
    const error = asError(thrown);
    return error.code === "E_NOT_FOUND" ? "gone" : faultFrom(error);
  }
}
