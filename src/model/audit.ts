import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import type { Finding } from "./diagnosis.ts";
import type { FindingKind } from "./findingkind.ts";
import type { ListedAnswer, ListedSubject } from "./listed.ts";
import type { History } from "./history.ts";
import type { Place, Unread } from "./mention.ts";
import type { Fault } from "./observation.ts";
import type { FileSubject } from "./subject.ts";
import type { Outcome, Reason } from "./verdict.ts";

export const LEVELS = ["error", "warning", "note"] as const;
export type Level = (typeof LEVELS)[number];

/** How much of each reference is fetched: the root and whether its entries exist, or every byte. */
export const DEPTHS = ["root", "everything"] as const;
export type Depth = (typeof DEPTHS)[number];

/** One entry of an index, with just enough to compare indexes. */
export interface RootEntry {
  readonly digest: Digest;
  /** `linux/amd64`, with `:OSVERSION` where the entry has one; null without a platform. */
  readonly platform: string | null;
  /** `arm64_sonoma`; null if it is no bottle. */
  readonly bottle: string | null;
  /** `sh.brew.bottle.digest`: the sha256 of the bottle's blob. */
  readonly bottleDigest: Digest | null;
}

/** A root that all vantages saw. */
export interface AgreedRoot {
  readonly digest: Digest;
  readonly kind: "index" | "manifest" | "schema1";
  /** Empty unless it is an index. */
  readonly entries: readonly RootEntry[];
}

/** What all vantages together say of one tag, or of one digest. */
export interface Answer {
  readonly outcome: Outcome;
  /** The verdict in one sentence. */
  readonly summary: string;
  readonly reason: Reason | null;
  /** The diagnosis; null only for *agreed* and *pending*. */
  readonly finding: Finding | null;
  /** The root that every vantage saw, whatever else the verdict minds; null if there is none, or it cannot be read. */
  readonly root: AgreedRoot | null;
  /** The tag's past; null for a digest, and unless all saw one root. */
  readonly history: History | null;
  /** The first fault of a vantage, of those without a valid answer; null if all answered. */
  readonly fault: Fault | null;
}

/**
 * Whether a blob is there, at all vantages. `false`: one of them was given other bytes. `unclear`: they do not all say
 * the same, or some did not answer.
 */
export type Presence = "there" | "gone" | "false" | "unclear";

/** What was asked of one distinct reference, and what came back. */
export interface Examination {
  /** Normalised. Of a bottle: the index that lists it, without a digest. */
  readonly reference: Reference;
  /** What its tag leads to, or `latest` where it has neither tag nor digest; null for a digest alone. */
  readonly tag: Answer | null;
  /** What its digest leads to; null without one. The same answer as `tag` where the tag leads to the pin. */
  readonly pin: Answer | null;
  /** What each tag that only a comment names leads to, by tag. */
  readonly claims: ReadonlyMap<string, Answer>;
  /** Blobs of bottles that the index does not list, by digest. */
  readonly blobs: ReadonlyMap<Digest, Presence>;
  /** Why nothing was asked, as a sentence: `127.0.0.1:5000 is a private address`; null if something was. */
  readonly notAsked: string | null;
}

/** The same for a file on the web: whether its bytes are those of its checksum. */
export interface FileExamination {
  readonly file: FileSubject;
  /** Null if nothing was asked. */
  readonly answer: Answer | null;
  /** Why nothing was asked, as a sentence; null if it was. */
  readonly notAsked: string | null;
}

/** The same for what stands in a list. */
export interface ListedExamination {
  readonly listed: ListedSubject;
  /** Null if nothing was asked. */
  readonly answer: ListedAnswer | null;
  /** What each tag that only a comment names leads to, by tag. */
  readonly claims: ReadonlyMap<string, ListedAnswer>;
  /** Why nothing was asked, as a sentence; null if it was. */
  readonly notAsked: string | null;
}

/** What was asked of one subject of an audit. */
export type AnyExamination = Examination | FileExamination | ListedExamination;

/** Those of references to registries: what `pin` knows how to write. */
export function ofReferences(all: ReadonlyMap<string, AnyExamination>): ReadonlyMap<string, Examination> {
  return new Map([...all].flatMap(([key, each]) => ("reference" in each ? [[key, each] as const] : [])));
}

/** One thing to know about one reference, with all of its places. */
export interface AuditFinding {
  readonly kind: FindingKind;
  readonly level: Level;
  /** Normalised, as `formatReference` writes it, `formatSubject` for a file, `formatListed` for a listed one; of one that is unresolved, as written. */
  readonly reference: string;
  /** One sentence. */
  readonly message: string;
  /** One sentence, what to do; null where there is nothing to do. */
  readonly next: string | null;
  /** What the vantages agreed on, where that is what the finding is about. */
  readonly digest: Digest | null;
  /** It counts towards exit code 20. */
  readonly fails: boolean;
  readonly places: readonly Place[];
}

/** A finding that does not count, because a comment or the baseline says so. */
export interface Suppressed {
  readonly finding: AuditFinding;
  readonly by: "comment" | "baseline";
  readonly reason: string;
}

/** One distinct reference or file of the audit. */
export interface AuditSubject {
  readonly reference: string;
  /** What it leads to: the pin if it has one, otherwise what its tag leads to; null unless all vantages agree. */
  readonly digest: Digest | null;
  /** `unasked` if nothing was asked. */
  readonly outcome: Outcome | "unasked";
  readonly summary: string;
}

/** The exit code of each outcome. */
export const AUDIT_EXITS: Readonly<Record<Audit["outcome"], number>> = { clean: 0, findings: 20, unchecked: 21 };

/** The JSON object of `audit --json`; arrays are sorted and never missing. */
export interface Audit {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: "tofu3"; readonly version: string };
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly depth: Depth;
  readonly workers: readonly string[];
  readonly outcome: "findings" | "unchecked" | "clean";
  /** One sentence. */
  readonly summary: string;
  /** Files that references were found in, and all that were looked at. */
  readonly files: { readonly read: number; readonly withReferences: number };
  readonly subjects: readonly AuditSubject[];
  readonly findings: readonly AuditFinding[];
  readonly suppressed: readonly Suppressed[];
  readonly unread: readonly Unread[];
}
