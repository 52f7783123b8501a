import type { Basis, BasisDocument } from "../model/basis.ts";
import type { Probes } from "../model/probe.ts";
import type { Past } from "../model/record.ts";
import type { Contradiction } from "../model/rejudged.ts";
import type { Subject } from "../model/subject.ts";
import { algorithmOf, digestOf, type Digest } from "../oci/digest.ts";
import { parseManifest, type Manifest } from "../oci/manifest.ts";

/** What a verdict knew besides the observations, read back from a report. */
export interface Known {
  readonly past: Past | null;
  readonly probes: Probes | null;
  /** Documents are named whose bytes the report does not have. */
  readonly lacks: boolean;
  readonly contradiction: Contradiction | null;
}

/** Bytes that are not those of their digest are left out, and contradict the report. */
export function knownFrom(basis: Basis, subject: Subject): Known {
  const past = basis.past && { ...basis.past, entries: basis.past.entries.map((entry) => ({ ...entry, subject })) };
  if (basis.probes === null) return { past, probes: null, lacks: false, contradiction: null };
  const { again, byDigest, documents, configs, files } = basis.probes;
  const manifests = documents.flatMap((told, at) => readManifest(told, `basis.probes.documents[${at}]`));
  const blobs = configs.flatMap((told, at) => readBlob(told, `basis.probes.configs[${at}]`));
  const wrong = [...manifests, ...blobs].find((each) => !isWhole(each));
  return {
    past,
    probes: {
      again,
      byDigest,
      documents: byDigestOf(manifests),
      configs: byDigestOf(blobs),
      ...(files === undefined ? {} : { files: new Map(files.map(({ digest, ...facts }) => [digest, facts])) }),
    },
    lacks: manifests.length + blobs.length < documents.length + configs.length,
    contradiction: wrong === undefined ? null : { at: wrong.at, says: wrong.told, follows: wrong.digest },
  };
}

/** Bytes of a report, read again. */
interface Read<T> {
  /** Where they stand. */
  readonly at: string;
  /** The digest that they are named by. */
  readonly told: Digest;
  readonly digest: Digest;
  /** Null for what cannot be read. */
  readonly value: T | null;
}

/** None for a document whose bytes the report does not have. */
function readBlob({ digest, base64 }: BasisDocument, at: string): [Read<Uint8Array>] | [] {
  if (base64 === null) return [];
  const value = Buffer.from(base64, "base64");
  return [{ at, told: digest, digest: digestOf(value, algorithmOf(digest)), value }];
}

/** The digest of a schema 1 manifest is that of its payload. */
function readManifest(told: BasisDocument, at: string): [Read<Manifest>] | [] {
  const [read] = readBlob(told, at);
  if (read === undefined) return [];
  const manifest = manifestIn(read.value, told.mediaType);
  if (manifest === null) return [{ ...read, value: null }];
  if (manifest.kind === "unreadable") return [{ ...read, digest: manifest.digest, value: null }];
  return [{ ...read, digest: manifest.kind === "schema1" ? manifest.digest : read.digest, value: manifest }];
}

function manifestIn(bytes: Uint8Array | null, mediaType: string | null): ReturnType<typeof parseManifest> | null {
  try {
    return bytes === null ? null : parseManifest(bytes, mediaType);
  } catch {
    return null;
  }
}

function isWhole({ told, digest }: Read<unknown>): boolean {
  return told === digest;
}

function byDigestOf<T>(all: readonly Read<T>[]): ReadonlyMap<Digest, T> {
  return new Map(
    all.flatMap((each) => (isWhole(each) && each.value !== null ? [[each.told, each.value] as const] : [])),
  );
}
