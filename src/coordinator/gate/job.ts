import { WHOLE, type ImageJob, type Job, type Limits } from "../../model/job.ts";
import type { ImageSubject } from "../../model/subject.ts";
import type { Repository } from "../../oci/reference.ts";
import { jobOf } from "../request.ts";
import type { GateQuestion } from "./ask.ts";

/** A document is small: whoever trickles it must not keep clients waiting for hours. */
const DOCUMENT_SECONDS = 120;

/** What the vantages are to look at, for a question of the gate. */
export function jobFor({ repository, wanted, mayBePrivate }: GateQuestion, limits: Limits): ImageJob {
  const job = (subject: ImageSubject, depth: Job["depth"], within: Limits): ImageJob => ({
    ...jobOf({ subject, ...WHOLE }, within, depth),
    publicOnly: !mayBePrivate,
  });
  switch (wanted.kind) {
    case "tag":
      return job(tagIn(repository, wanted.tag), "alone", inShort(limits));
    case "document":
      return job({ ...repository, digest: wanted.digest }, "alone", inShort(limits));
    case "below":
      return {
        ...job({ ...repository, digest: wanted.manifest }, "everything", limits),
        only: new Set(wanted.blobs),
        ...(wanted.given === null ? {} : { given: wanted.given }),
      };
    case "blob": {
      const { digest, size } = wanted;
      return { ...job({ ...repository, digest }, "blob", limits), ...(size === undefined ? {} : { size }) };
    }
  }
}

/** For questions about a tag that fetch no document, or none at all. */
export function tagJob(repository: Repository, tag: string, mayBePrivate: boolean, limits: Limits): ImageJob {
  return jobFor({ repository, wanted: { kind: "tag", tag }, isNamed: false, mayBePrivate }, limits);
}

/** The limits for what has no contents. */
export function inShort(limits: Limits): Limits {
  return { ...limits, totalSeconds: Math.min(limits.totalSeconds, DOCUMENT_SECONDS) };
}

function tagIn({ registry, repository }: Repository, tag: string): ImageSubject {
  return { registry, repository, tag, pin: null };
}
