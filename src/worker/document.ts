import { asError, Tofu3Error, visible } from "../errors.ts";
import { algorithmOf, digestOf, isDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parseManifest } from "../oci/manifest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { ACCEPT, kindOfMediaType, normaliseMediaType } from "../oci/mediatype.ts";
import { valueOf, valuesOf } from "../transport/strict.ts";
import { readPage } from "./exchange.ts";
import { mismatch } from "./mismatch.ts";
import { apiUrl } from "./registry.ts";
import type { Session } from "./session.ts";

/** An index or a manifest as it was received. */
export interface Document {
  readonly bytes: Uint8Array;
  /** What it hashes to; of Docker schema 1, its payload. */
  readonly computed: Digest;
  /** Bytes that `computed` is of; of Docker schema 1 those of the payload, since the signatures around it may be longer or shorter. */
  readonly size: number;
  /** Docker-Content-Digest, printable; never believed. */
  readonly claimed: string | null;
  /** Content-Type without parameters, or what the document says where there is none. */
  readonly mediaType: string;
  /** Null when the bytes are not what was asked for: they are not looked into. */
  readonly manifest: Manifest | null;
  /** E_MISMATCH, or why the root of a tag cannot be read; null when all is as it should be. */
  readonly error: Tofu3Error | null;
}

/**
 * The document that a tag or a digest leads to, checked against the digest. Throws what the exchange throws, and E_MANIFEST or E_MEDIA_TYPE
 * where the right bytes cannot be read.
 */
export async function readDocument(session: Session, asked: string, signal: AbortSignal): Promise<Document> {
  const what = nameOf(session, asked);
  const page = await readPage(
    session,
    { url: apiUrl(session.registry, `manifests/${asked}`), headers: [["accept", ACCEPT]], maxBytes: session.limits.manifestBytes },
    what,
    signal,
  );
  const contentType = valueOf(page.headers, "content-type");
  const served = contentType === null ? null : normaliseMediaType(contentType);
  const parsed = tryParse(page.body, served);
  const manifest = "manifest" in parsed ? parsed.manifest : null;
  const expected = isDigest(asked) ? asked : null;
  // the digest of schema 1 is that of its payload, whatever the body hashes to
  const computed =
    manifest?.kind === "schema1" ? manifest.digest : digestOf(page.body, expected === null ? "sha256" : algorithmOf(expected));
  const claims = valuesOf(page.headers, "docker-content-digest");
  const document = {
    bytes: page.body,
    computed,
    size: manifest?.kind === "schema1" ? manifest.payload.length : page.body.length,
    claimed: claims.length === 0 ? null : visible(claims.join(", "), 300),
    mediaType: served ?? manifest?.mediaType ?? "application/octet-stream",
  };
  if (expected !== null && computed !== expected) {
    const error = mismatch(what, { digest: expected, size: null }, { computed, size: page.body.length });
    return { ...document, manifest: null, error };
  }
  if ("error" in parsed) {
    // a document that calls itself one and cannot be read is still other bytes than the other workers saw; a page in HTML, or nothing, is no document at all
    const kind = served === null ? null : kindOfMediaType(served);
    if (expected !== null || kind === null || kind === "schema1" || page.body.length === 0) throw parsed.error;
    return { ...document, manifest: null, error: asError(parsed.error) };
  }
  return { ...document, manifest: parsed.manifest, error: null };
}

/**
 * Whether a document that has the right digest is what its parent says: E_MISMATCH for another size, null when it is. Throws E_MEDIA_TYPE
 * for another type.
 */
export function contradictionOf(session: Session, document: Document, descriptor: Descriptor): Tofu3Error | null {
  const { manifest, bytes, computed } = document;
  if (manifest === null || manifest.kind === "schema1") return null;
  const what = nameOf(session, descriptor.digest);
  if (descriptor.size !== bytes.length) return mismatch(what, descriptor, { computed, size: bytes.length });
  const named = normaliseMediaType(descriptor.mediaType);
  if (named === manifest.mediaType) return null;
  throw new Tofu3Error(
    "E_MEDIA_TYPE",
    `${what} is ${manifest.mediaType}, and the index that names it says ${visible(named, 200)}`,
    {
      stage: "body",
    },
  );
}

function nameOf(session: Session, asked: string): string {
  return `manifest ${asked} of ${session.registry.name}/${session.registry.repository}`;
}

function tryParse(bytes: Uint8Array, served: string | null): { readonly manifest: Manifest } | { readonly error: unknown } {
  try {
    return { manifest: parseManifest(bytes, served) };
  } catch (error) {
    return { error };
  }
}
