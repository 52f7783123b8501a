import { Tofu3Error } from "../../errors.ts";
import { algorithmOf } from "../../oci/digest.ts";
import type { Digest } from "../../oci/digest.ts";
import { measureBody } from "./content.ts";
import type { Measured } from "./content.ts";
import { mismatch } from "./mismatch.ts";
import { noteUnexpected } from "./notebook.ts";
import { apiUrl } from "./registry.ts";
import type { Session } from "./session.ts";

export interface BlobRequest {
  readonly digest: Digest;
  /** Null if the parent gives none: schema 1. */
  readonly size: number | null;
  /** The media type of an index entry of unknown kind; null for blobs of a manifest. */
  readonly entry: string | null;
}

export interface Fetched {
  /** Null if there were more than `wanted.size` bytes. */
  readonly computed: Digest | null;
  readonly size: number;
  /** E_MISMATCH, or null. */
  readonly error: Tofu3Error | null;
}

/** Fetches one blob, hashed where it arrives. Throws the fault that ended it, E_LIMIT for one larger than allowed. */
export async function fetchBlob(session: Session, wanted: BlobRequest, signal: AbortSignal): Promise<Fetched> {
  const what = nameOf(session, wanted);
  const { limits } = session;
  if (wanted.size !== null && wanted.size > limits.blobBytes) {
    throw new Tofu3Error(
      "E_LIMIT",
      `${what} has ${wanted.size} bytes, more than the ${limits.blobBytes} that are allowed`,
      {
        hint: "raise limits.blobBytes in the configuration",
      },
    );
  }
  const fetched =
    wanted.entry === null
      ? await fetchFrom(session, wanted, { path: `blobs/${wanted.digest}`, accept: "*/*" }, signal)
      : await fetchEntry(session, wanted, wanted.entry, signal);
  if (fetched.error === null) session.keep?.landed?.(wanted.digest, fetched.size);
  return fetched;
}

/** Below `/v2/NAME/`. */
interface Way {
  readonly path: string;
  readonly accept: string;
}

/**
 * The entries of an index are manifests, even those of unknown kind (distribution-spec 1.1, "Pulling manifests"). But
 * some tools list blobs in an index, such as BuildKit for its cache, and registries serve those as blobs.
 */
async function fetchEntry(
  session: Session,
  wanted: BlobRequest,
  mediaType: string,
  signal: AbortSignal,
): Promise<Fetched> {
  const { digest } = wanted;
  try {
    const asManifest = { path: `manifests/${digest}`, accept: `${mediaType}, */*` };
    return await fetchFrom(session, wanted, asManifest, signal);
  } catch (thrown) {
    if (!(thrown instanceof Tofu3Error) || thrown.code !== "E_NOT_FOUND") throw thrown;
    return fetchFrom(session, wanted, { path: `blobs/${digest}`, accept: "*/*" }, signal);
  }
}

async function fetchFrom(session: Session, wanted: BlobRequest, way: Way, signal: AbortSignal): Promise<Fetched> {
  const { digest, size } = wanted;
  const download = {
    session,
    what: nameOf(session, wanted),
    url: apiUrl(session.registry, way.path),
    accept: way.accept,
    algorithm: algorithmOf(digest),
    size,
    mostBytes: session.limits.blobBytes,
    keep: session.keep === null ? null : session.keep.blob(digest),
  };
  const compared = (measured: Measured): Fetched => comparedWith(download.what, wanted, measured);
  const measured = await measureBody(download, (each) => compared(each).error === null, signal);
  const { content, url } = measured;
  const fetched = compared(measured);
  if (fetched.error !== null) noteUnexpected(session.book, url, content, content.head, null);
  return fetched;
}

function comparedWith(what: string, wanted: BlobRequest, { content }: Measured): Fetched {
  const seen = { computed: content.cut === null ? content.digest : null, size: content.size };
  const same = seen.computed === wanted.digest && (wanted.size === null || wanted.size === seen.size);
  return { ...seen, error: same ? null : mismatch(what, wanted, seen) };
}

function nameOf({ registry }: Session, { digest }: BlobRequest): string {
  return `blob ${digest} of ${registry.name}/${registry.repository}`;
}
