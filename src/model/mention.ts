import type { Digest } from "../oci/digest.ts";
import type { Reference, Repository } from "../oci/reference.ts";
import type { FindingKind } from "./findingkind.ts";
import type { ListedSubject } from "./listed.ts";
import type { FileSubject } from "./subject.ts";

/** A stretch of a file. Lines and columns count from 1, columns in UTF-16 units; the end is exclusive. */
export interface Place {
  /** Relative to where the search began, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Kinds of files that references are found in. */
export type Source =
  | "dockerfile"
  | "compose"
  | "github"
  | "gitlab"
  | "circleci"
  | "cloudbuild"
  | "drone"
  | "kubernetes"
  | "kustomize"
  | "helm"
  | "devcontainer"
  | "tekton"
  | "argo"
  | "bazel"
  | "formula"
  | "brewfile"
  | "requirements"
  | "list"
  | "lock";

/**
 * One stretch of a file's text that a pin replaces: by `before`, the digest and `after`. Offsets count UTF-16 units from
 * the start of the text, a byte order mark included.
 */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly before: string;
  readonly after: string;
}

/** How a digest gets into the file. */
export type Pinning =
  /** Writes a digest that is not there, or replaces the one that is. */
  | { readonly kind: "edits"; readonly edits: readonly Edit[] }
  /** A person has to do it; `why` is a clause: `its parts stand in two ARG lines`. */
  | { readonly kind: "by-hand"; readonly why: string };

/** A bottle of a formula: the sha256 of its blob is the pin. */
export interface BottlePin {
  /** `arm64_sonoma` */
  readonly tag: string;
  readonly digest: Digest;
}

/** What a mention names. */
export type Target =
  | { readonly kind: "reference"; readonly reference: Reference }
  /** `reference` has the tag of the index that lists the bottle, without a digest; no tag where the file tells none. */
  | { readonly kind: "bottle"; readonly reference: Repository & { readonly tag?: string }; readonly bottle: BottlePin }
  /** A file on the web and its checksum; `url` is what is requested, with its query. */
  | { readonly kind: "file"; readonly file: FileSubject; readonly url: string }
  /** What stands in a list that a server keeps: the ref of an action, a file of a release. */
  | { readonly kind: "listed"; readonly listed: ListedSubject }
  /** It cannot be known without running something; `why` is a clause: `the variable TAG has no default`. */
  | { readonly kind: "unresolved"; readonly why: string };

/** A finding that the file itself asks to leave out. */
export interface Ignore {
  readonly kinds: readonly FindingKind[];
  /** In the words of the file. */
  readonly reason: string;
}

/** A reference as a file has it. */
export interface Mention {
  readonly source: Source;
  /** The reference's own text; of one that is split over keys, the repository. */
  readonly place: Place;
  /** As written, variables with defaults filled in; of one that is split, put together. Printable only after `visible`. */
  readonly text: string;
  readonly target: Target;
  /** The tag that a comment on its line claims, `# v1.2`; null without one. */
  readonly comment: string | null;
  readonly ignores: readonly Ignore[];
  readonly pinning: Pinning;
}

/** A file, or a part of one, that is not read, and why, as a clause: `HCL is not read`. */
export interface Unread {
  readonly file: string;
  readonly why: string;
  /** It is of a kind that is never read, or a comment that is not honoured: nothing is missing that an audit looks for. */
  readonly minor?: true;
}
