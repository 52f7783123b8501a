import { asError, Tofu3Error, visible } from "../../errors.ts";
import { algorithmOf, digestOf, isDigest } from "../../oci/digest.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { payloadOf } from "../../oci/jws.ts";
import { readManifest } from "../../oci/manifest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { ACCEPT, isMediaType, kindOfMediaType, normaliseMediaType } from "../../oci/mediatype.ts";
import { valueOf, valuesOf } from "../../http/strict.ts";
import type { Page } from "../../http/transport.ts";
import { readPage } from "../fetch/exchange.ts";
import { mismatch } from "../fetch/mismatch.ts";
import { apiUrl } from "../fetch/registry.ts";
import type { Session } from "../fetch/session.ts";

/** An index or a manifest as it was received. */
export interface Document {
  readonly bytes: Uint8Array;
  /** What it hashes to; of Docker schema 1, its payload. */
  readonly computed: Digest;
  /** What it hashes to by the algorithm of the pin, where that is another one; null otherwise. */
  readonly pinned: Digest | null;
  /** Bytes that `computed` is of; of Docker schema 1 those of the payload, since the signatures around it may be longer or shorter. */
  readonly size: number;
  /** Docker-Content-Digest, printable; never believed. */
  readonly claimed: string | null;
  /** Content-Type without parameters where a registry may say it, otherwise what the document says itself, or looks like. */
  readonly mediaType: string;
  /** Nobody says the media type: it is what the document looks like. */
  readonly guessed: boolean;
  /** Null when the bytes are not what was asked for, or not what they are said to be: they are not looked into. */
  readonly manifest: Manifest | null;
  /** E_MISMATCH, or why it cannot be used although it was seen; null when all is as it should be. */
  readonly error: Tofu3Error | null;
}

/**
 * The document that a tag or a digest leads to, checked against the digest. Throws what the exchange throws, and what is wrong with bytes that are no
 * document: they are no view of it.
 */
export async function readDocument(
  session: Session,
  asked: string,
  { pin, maxBytes }: { readonly pin: Digest | null; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<Document> {
  return documentOn(await receivePage(session, asked, maxBytes, signal), session, asked, pin);
}

/** The answer to a tag or a digest, whatever it is. */
export async function receivePage(session: Session, asked: string, maxBytes: number, signal: AbortSignal): Promise<Page> {
  const url = apiUrl(session.registry, `manifests/${asked}`);
  const query = { url, headers: [["accept", ACCEPT]] as const, maxBytes };
  return readPage(session, query, nameOf(session, asked), signal);
}

/** What an answer is, as `readDocument` sees it. */
export function documentOn(page: Page, session: Session, asked: string, pin: Digest | null): Document {
  const what = nameOf(session, asked);
  const expected = isDigest(asked) ? asked : null;
  const { manifest, served, fault } = tryParse(page);
  const content = contentOf(page.body, served, manifest);
  const computed = digestOf(content, expected === null ? "sha256" : algorithmOf(expected));
  const claims = [...new Set(valuesOf(page.headers, "docker-content-digest"))];
  const document = {
    bytes: page.body,
    computed,
    pinned: pin === null || algorithmOf(pin) === algorithmOf(computed) ? null : digestOf(content, algorithmOf(pin)),
    size: content.length,
    claimed: claims.length === 0 ? null : visible(claims.join(", "), 300),
    ...mediaTypeOf(page.body, served, manifest),
  };
  if (expected !== null && computed !== expected) {
    const error = mismatch(what, { digest: expected, size: null }, { computed, size: page.body.length });
    return { ...document, manifest: null, error };
  }
  if (fault === null) return { ...document, manifest, error: null };
  if (expected === null && !callsItselfOne(page, served)) throw fault;
  return { ...document, manifest: null, error: fault };
}

/**
 * Whether a document that has the right digest is what its parent says: E_MISMATCH for another size, null when it is. Throws E_MEDIA_TYPE
 * for another type.
 */
export function contradictionOf(session: Session, document: Document, descriptor: Descriptor): Tofu3Error | null {
  const { manifest, size, computed } = document;
  if (manifest === null || manifest.kind === "schema1") return null;
  const what = nameOf(session, descriptor.digest);
  if (descriptor.size !== size) return mismatch(what, descriptor, { computed, size });
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

/** `manifest sha256:… of ghcr.io/a/b` */
export function nameOf(session: Session, asked: string): string {
  return `manifest ${asked} of ${session.registry.name}/${session.registry.repository}`;
}

/** What was read, or why it cannot be. */
interface Parsed {
  readonly manifest: Manifest | null;
  /** Content-Type without parameters; null where none is said, or several are. */
  readonly served: string | null;
  readonly fault: Tofu3Error | null;
}

/** A document that comes under a wrong name cannot be used, and is what this vantage is served all the same. */
function tryParse({ headers, body }: Page): Parsed {
  let served: string | null = null;
  try {
    const contentType = valueOf(headers, "content-type");
    served = contentType === null ? null : normaliseMediaType(contentType);
    return { manifest: readManifest(body, served), served, fault: null };
  } catch (thrown) {
    return { manifest: null, served, fault: asError(thrown) };
  }
}

/** The bytes that its digest is of: of schema 1 the payload, also where nobody can use what it says. */
function contentOf(body: Uint8Array, served: string | null, manifest: Manifest | null): Uint8Array {
  if (manifest !== null) return manifest.kind === "schema1" ? manifest.payload : body;
  const kind = served === null ? null : kindOfMediaType(served);
  if (kind === "index" || kind === "manifest") return body;
  try {
    return payloadOf(body) ?? body;
  } catch {
    return body;
  }
}

/** What a Content-Type that no registry has for a document says is not part of the view. */
function mediaTypeOf(
  body: Uint8Array,
  served: string | null,
  manifest: Manifest | null,
): { readonly mediaType: string; readonly guessed: boolean } {
  if (served !== null && kindOfMediaType(served) !== null) return { mediaType: served, guessed: false };
  const own = ownWords(body)?.mediaType;
  if (isMediaType(own)) return { mediaType: normaliseMediaType(own), guessed: false };
  return { mediaType: manifest?.mediaType ?? "application/octet-stream", guessed: manifest?.kind !== "schema1" };
}

/**
 * What is served or says itself that it is a document, and cannot be read, is other bytes than the other workers saw; a page in HTML, an error,
 * or nothing, is no document at all.
 */
function callsItselfOne({ body }: Page, served: string | null): boolean {
  if (body.length === 0) return false;
  const kind = served === null ? null : kindOfMediaType(served);
  if (kind === "index" || kind === "manifest") return true;
  const own = ownWords(body);
  return isMediaType(own?.mediaType) || typeof own?.schemaVersion === "number";
}

/** What a document says of itself, read as loosely as can be; null where it is no JSON object. */
function ownWords(body: Uint8Array): { readonly mediaType?: unknown; readonly schemaVersion?: unknown } | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
