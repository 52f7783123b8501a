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
  const { again, byDigest, documents, configs } = basis.probes;
  const read = documents.map(readDocument);
  const blobs = configs.map(readBytes);
  const wrong = [
    ...read.map((each, at) => falseAt(`basis.probes.documents[${at}]`, documents[at], each?.digest)),
    ...blobs.map((each, at) => falseAt(`basis.probes.configs[${at}]`, configs[at], each?.digest)),
  ];
  const probes = {
    again,
    byDigest,
    documents: new Map(read.flatMap((each, at) => kept(documents[at], each, each?.document ?? null))),
    configs: new Map(blobs.flatMap((each, at) => kept(configs[at], each, each?.bytes ?? null))),
  };
  return {
    past,
    probes,
    lacks: [...documents, ...configs].some(({ base64 }) => base64 === null),
    contradiction: wrong.find((each) => each !== null) ?? null,
  };
}

interface Bytes {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

function readBytes({ digest, base64 }: BasisDocument): Bytes | null {
  if (base64 === null) return null;
  const bytes = Buffer.from(base64, "base64");
  return { bytes, digest: digestOf(bytes, algorithmOf(digest)) };
}

/** The digest of a schema 1 manifest is that of its payload. */
function readDocument(told: BasisDocument): (Bytes & { readonly document: Manifest | null }) | null {
  const read = readBytes(told);
  if (read === null) return null;
  try {
    const document = parseManifest(read.bytes, told.mediaType);
    if (document.kind === "unreadable") return { ...read, digest: document.digest, document: null };
    return { ...read, digest: document.kind === "schema1" ? document.digest : read.digest, document };
  } catch {
    return { ...read, document: null };
  }
}

function falseAt(at: string, told: BasisDocument | undefined, digest: Digest | undefined): Contradiction | null {
  if (told === undefined || digest === undefined || digest === told.digest) return null;
  return { at, says: told.digest, follows: digest };
}

function kept<T>(told: BasisDocument | undefined, read: Bytes | null, value: T | null): [Digest, T][] {
  return told === undefined || read?.digest !== told.digest || value === null ? [] : [[told.digest, value]];
}
