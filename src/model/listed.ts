import type { Digest } from "../oci/digest.ts";
import type { Fault } from "./observation.ts";

/** A tag, a branch or a commit of a Git repository. */
export interface GitSubject {
  /** `https://HOST/PATH`, as it is cloned. */
  readonly repository: string;
  /** As written: `v4`, `refs/heads/main`, or a commit of 40 or 64 hex digits. */
  readonly ref: string;
}

/** One file of a release of a Python project, by its checksum. */
export interface ReleaseSubject {
  /** `https://HOST/PATH/` of the simple repository API. PEP 503, PEP 691 */
  readonly index: string;
  /** Normalised. PEP 503, "Normalized Names" */
  readonly project: string;
  readonly version: string;
  readonly digest: Digest;
}

/** What has no bytes of its own, but stands in a list that a server keeps. */
export type ListedSubject = GitSubject | ReleaseSubject;

export function isGit(subject: ListedSubject): subject is GitSubject {
  return "ref" in subject;
}

/** `git+https://HOST/PATH@REF`, or a package URL: `pkg:pypi/PROJECT@VERSION?checksum=sha256:HEX` */
export function formatListed(subject: ListedSubject): string {
  if (isGit(subject)) return `git+${subject.repository}@${subject.ref}`;
  const { index, project, version, digest } = subject;
  const elsewhere = index === PYPI ? "" : `&repository_url=${index}`;
  return `pkg:pypi/${project}@${version}?checksum=${digest}${elsewhere}`;
}

export const PYPI = "https://pypi.org/simple/";

/** What one worker reads in a list. */
export interface ListedView {
  readonly worker: string;
  /** `tag 1234…`, or the name of a file; null if it is not in the list. */
  readonly value: string | null;
  /** Why it could not be told; null if it could. */
  readonly fault: Fault | null;
}

/** What all workers together say of it. */
export interface ListedAnswer {
  readonly outcome: "agreed" | "disagreed" | "absent" | "incomplete";
  /** What all of them read; null unless they agree. */
  readonly value: string | null;
  /** The verdict in one sentence. */
  readonly summary: string;
  /** What to do about a fault; null without one. */
  readonly hint: string | null;
}
