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
import type { GivenDocument } from "../../model/job.ts";
import { readPage } from "../fetch/exchange.ts";
import type { Served } from "../fetch/exchange.ts";
import { mismatch } from "../fetch/mismatch.ts";
import { noteUnexpected } from "../fetch/notebook.ts";
import { apiUrl } from "../fetch/registry.ts";
import type { Session } from "../fetch/session.ts";

/** An index or a manifest as received. */
export interface Document {
  readonly bytes: Uint8Array;
  /** Its digest; for Docker schema 1, that of its payload. */
  readonly computed: Digest;
  /** Its digest by the pin's algorithm, if that is another one; null otherwise. */
  readonly pinned: Digest | null;
  /**
   * Bytes covered by `computed`; for Docker schema 1 those of the payload, since the signatures around it vary in
   * length.
   */
  readonly size: number;
  /** Docker-Content-Digest, printable; never believed. */
  readonly claimed: string | null;
  /**
   * The Content-Type without parameters if that is one a registry may use for documents; otherwise the document's own
   * type, or a guess from its shape.
   */
  readonly mediaType: string;
  /** Neither header nor document gives the media type: it is a guess. */
  readonly guessed: boolean;
  /** Null if the bytes do not match the request or their declared type; such a document is not walked. */
  readonly manifest: Manifest | null;
  /** E_MISMATCH, or why the document was seen but cannot be used; null if it is all right. */
  readonly error: Tofu3Error | null;
}

/**
 * The document that a tag or a digest resolves to, checked against the digest. Throws the fault of the exchange, or
 * what is wrong with bytes that are not a document at all and so are no view of it.
 */
export async function readDocument(
  session: Session,
  asked: string,
  { pin, ...how }: { readonly pin: Digest | null; readonly maxBytes: number; readonly isRoot: boolean },
  signal: AbortSignal,
): Promise<Document> {
  return documentOn(await receivePage(session, asked, how, signal), session, asked, pin);
}

/** The document of a job that is given it. It is checked like one that was received. */
export function givenDocument(session: Session, { digest, mediaType, bytes }: GivenDocument): Document {
  const url = apiUrl(session.registry, `manifests/${digest}`);
  const headers = [["content-type", mediaType]] as const;
  const answer = { status: 200, headers, address: null, httpVersion: null, certificate: null };
  return documentOn({ ...answer, body: bytes, url }, session, digest, null);
}

/** The answer for a tag or a digest, whatever it is. */
export async function receivePage(
  session: Session,
  asked: string,
  how: { readonly maxBytes: number; readonly isRoot: boolean },
  signal: AbortSignal,
): Promise<Served> {
  const url = apiUrl(session.registry, `manifests/${asked}`);
  const query = { url, headers: [["accept", ACCEPT]] as const, ...how };
  return readPage(session, query, nameOf(session, asked), signal);
}

/** The document in an answer, as for `readDocument`. */
export function documentOn(page: Served, session: Session, asked: string, pin: Digest | null): Document {
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
    noteUnexpected(session.book, page.url, page, page.body, session.authority.pass.header);
    const error = mismatch(what, { digest: expected, size: null }, { computed, size: page.body.length });
    return { ...document, manifest: null, error };
  }
  if (fault === null) return { ...document, manifest, error: null };
  noteUnexpected(session.book, page.url, page, page.body, session.authority.pass.header);
  if (expected === null && !callsItselfOne(page, served)) throw fault;
  return { ...document, manifest: null, error: fault };
}

/**
 * Whether a document with the right digest contradicts its parent's descriptor: E_MISMATCH for another size, null if it
 * does not. Throws E_MEDIA_TYPE for another type.
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

/** The parsed document, or why it cannot be parsed. */
interface Parsed {
  readonly manifest: Manifest | null;
  /** Content-Type without parameters; null if there is none, or several. */
  readonly served: string | null;
  readonly fault: Tofu3Error | null;
}

/** A document under a wrong Content-Type cannot be used, but it still is what this vantage is served. */
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

/** The bytes that the digest covers: for schema 1 the payload, even if its contents are unusable. */
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

/** A Content-Type that no registry uses for documents is not part of the view. */
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
 * Whether an unreadable body claims to be a document, by its Content-Type or by its own fields: then it differs from
 * what the others saw. An HTML page, an error or an empty body is no document at all.
 */
function callsItselfOne({ body }: Page, served: string | null): boolean {
  if (body.length === 0) return false;
  const kind = served === null ? null : kindOfMediaType(served);
  if (kind === "index" || kind === "manifest") return true;
  const own = ownWords(body);
  return isMediaType(own?.mediaType) || typeof own?.schemaVersion === "number";
}

/** A document's claims about itself, read as loosely as possible; null if it is not a JSON object. */
function ownWords(body: Uint8Array): { readonly mediaType?: unknown; readonly schemaVersion?: unknown } | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
