import { describePlatform, parsePlatform, type Platform } from "../oci/platform.ts";
import type { Digest } from "../oci/digest.ts";
import type { ImageSubject, Subject } from "./subject.ts";

/** What to select from an index. All null: every entry. */
export interface Selection {
  readonly platform: Platform | null;
  /** A prefix at a version boundary: `macOS 11` matches `macOS 11.7`, not `macOS 110`. */
  readonly osVersion: string | null;
  /** A Homebrew bottle tag, `arm64_sonoma`, `x86_64_linux`, `all`. */
  readonly bottle: string | null;
}

/** A selection as text: on the command line, in reports, in `asked` of an observation. */
export interface SelectionText {
  /** `OS/ARCH[/VARIANT][:OSVERSION]` */
  readonly platform: string | null;
  readonly osVersion: string | null;
  readonly bottle: string | null;
}

/** Nothing is selected: what is asked for is one object. */
export const WHOLE: SelectionText = { platform: null, osVersion: null, bottle: null };

/** Throws E_PLATFORM. */
export function parseSelection({ platform, osVersion, bottle }: SelectionText): Selection {
  return { platform: platform === null ? null : parsePlatform(platform), osVersion, bottle };
}

export function formatSelection({ platform, osVersion, bottle }: Selection): SelectionText {
  return { platform: platform === null ? null : describePlatform(platform), osVersion, bottle };
}

export function isSelective({ platform, osVersion, bottle }: Selection | SelectionText): boolean {
  return platform !== null || osVersion !== null || bottle !== null;
}

export interface Limits {
  readonly manifestBytes: number;
  /** Total of all indexes and manifests of one artifact. */
  readonly documentBytes: number;
  readonly blobBytes: number;
  /** One file of a URL: nobody says before how large it is. */
  readonly fileBytes: number;
  /** Total of all layers of one image, for formats that unpack them. */
  readonly unpackedBytes: number;
  readonly redirects: number;
  readonly retries: number;
  readonly connectSeconds: number;
  /** Over which the two looks at a tag after a disagreement are spread. */
  readonly againSeconds: number;
  readonly idleSeconds: number;
  readonly totalSeconds: number;
}

/** A document by its digest, byte for byte. */
export interface GivenDocument {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** The same for every worker; nothing in it comes from any one of them. */
export interface Job {
  /** Of this verification alone: 32 hex digits, so that no observation can be passed off as one of another. */
  readonly run?: string;
  readonly subject: Subject;
  /** For a file, what is requested: with its query, which no observation tells. */
  readonly url?: string;
  /**
   * Other places that must have the same: URLs of the file, with their queries; registries that have the same
   * repository.
   */
  readonly mirrors?: readonly string[];
  readonly selection: Selection;
  readonly limits: Limits;
  /**
   * `alone` reads the root and nothing else. `root` also asks of the entries of an index whether they exist. For `blob`,
   * the subject's digest is that of a blob. These three ignore the selection. `documents` stops after indexes and
   * manifests (inspect); `everything` fetches configs and layers too.
   */
  readonly depth: "alone" | "blob" | "root" | "documents" | "everything";
  /** The root, which all vantages agreed on before: none of them asks for it again, since registries count that. */
  readonly given?: GivenDocument;
  /** Of the configs and layers of a manifest, only these are looked at; all of them unless it is set. */
  readonly only?: ReadonlySet<Digest>;
  /** For depth `blob`: its size in bytes, where an agreed document tells it. */
  readonly size?: number;
  /**
   * The registry, its token service and whatever it redirects to must be on public addresses: nothing that strangers
   * wrote makes a vantage ask inside its own network. Not so unless it is set.
   */
  readonly publicOnly?: boolean;
}

/** About something in a registry. */
export type ImageJob = Job & { readonly subject: ImageSubject };
