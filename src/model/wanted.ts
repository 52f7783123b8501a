import type { Reference } from "../oci/reference.ts";
import type { ListedSubject } from "./listed.ts";
import type { BottlePin } from "./mention.ts";
import type { FileSubject } from "./subject.ts";

/** One distinct reference that an audit asks for. */
export interface Wanted {
  /** `formatReference` of the reference. */
  readonly key: string;
  readonly reference: Reference;
  /** The tag to ask for; null for a digest alone, and for bottles whose index is not known. */
  readonly tag: string | null;
  /** Tags that only comments name, sorted. */
  readonly claims: readonly string[];
  readonly bottles: readonly BottlePin[];
}

/** One distinct file on the web, with its checksum. */
export interface WantedFile {
  /** `formatSubject` of the file. */
  readonly key: string;
  readonly file: FileSubject;
  /** What is requested, with its query. */
  readonly url: string;
}

/** One distinct thing in a list that a server keeps. */
export interface WantedListed {
  /** `formatListed` of it. */
  readonly key: string;
  readonly listed: ListedSubject;
  /** Of a commit: the tags that only comments name, sorted. */
  readonly claims: readonly string[];
}

/** What an audit asks for. */
export type AnyWanted = Wanted | WantedFile | WantedListed;
