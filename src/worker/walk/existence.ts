import { asError, Tofu3Error } from "../../errors.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { algorithmOf, digestOf, type Digest } from "../../oci/digest.ts";
import { ACCEPT, normaliseMediaType } from "../../oci/mediatype.ts";
import { valuesOf } from "../../http/strict.ts";
import type { Answer } from "../../http/transport.ts";
import type { Fetched } from "../fetch/blob.ts";
import { readHead, readPage } from "../fetch/exchange.ts";
import type { Served } from "../fetch/exchange.ts";
import { mismatch, tellMismatch } from "../fetch/mismatch.ts";
import { noteUnexpected } from "../fetch/notebook.ts";
import { isRedirect } from "../fetch/redirect.ts";
import { apiUrl } from "../fetch/registry.ts";
import type { Session } from "../fetch/session.ts";
import { readInto } from "./reading.ts";
import type { Walk } from "./reading.ts";
import type { Place } from "./tree.ts";

/** How much is read of content that HEAD did not find: enough for an error page. */
const MOST_CONFIRMED = 64 * 1024;

/**
 * Asks whether what these places name exists, each thing once. HEAD can only say yes: anything but a plain yes is asked
 * again by GET, so that an absence and a contradiction rest on the same answers as ever. What exists was not seen.
 */
export async function findAll(walk: Walk, places: readonly Place[]): Promise<void> {
  const groups = new Map<string, { readonly first: Place; readonly others: Place[] }>();
  for (const place of places) {
    const { digest, mediaType, size } = place.descriptor ?? {};
    const name = JSON.stringify([digest, mediaType, size]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { first: place, others: [] });
    else group.others.push(place);
  }
  const { session } = walk;
  session.watch({ kind: "wanted", worker: session.vantage.name, objects: groups.size, bytes: 0 });
  await Promise.all(
    [...groups.values()].map(async ({ first, others }) => {
      await find(walk, first);
      for (const each of others) Object.assign(each, { seen: first.seen, error: first.error });
    }),
  );
}

async function find(walk: Walk, place: Place): Promise<void> {
  const { session, signal } = walk;
  const { descriptor } = place;
  if (descriptor === null) throw new Tofu3Error("E_BUG", "an entry without a descriptor");
  const isBlob = place.role === "blob";
  try {
    const found = await walk.gate(() =>
      isBlob ? findsEntry(session, descriptor, signal) : findsDocument(session, descriptor, ACCEPT, signal),
    );
    if (!found && !isBlob) {
      await confirmDocument(walk, place);
      return;
    }
    const other = found ? null : await walk.gate(() => confirmEntry(session, descriptor, signal));
    if (other !== null) {
      place.seen = { computed: other.computed, size: other.size };
      place.error = other.error;
      tellMismatch(session, place.error);
    }
    session.watch({ kind: "object", worker: session.vantage.name });
  } catch (thrown) {
    place.error = asError(thrown);
  }
}

/** What GET brings is compared as ever, and is a view only if it is not what was asked for. */
async function confirmDocument(walk: Walk, place: Place): Promise<void> {
  await readInto(walk, place);
  place.document = null;
  if (place.error?.code !== "E_MISMATCH") place.seen = null;
}

/** False says nothing yet: only a GET does. */
async function findsDocument(
  session: Session,
  { digest, mediaType }: Descriptor,
  accept: string,
  signal: AbortSignal,
): Promise<boolean> {
  const ask = { url: apiUrl(session.registry, `manifests/${digest}`), headers: [["accept", accept]] as const };
  const answer = await headOrNothing(readHead(session, ask, { mayFollow: true }, signal), signal);
  if (answer?.status !== 200) return false;
  const types = valuesOf(answer.headers, "content-type").map(normaliseMediaType);
  return types.every((type) => type === normaliseMediaType(mediaType));
}

/** Whether a blob is there, by HEAD; a redirect to where it lies is not followed. False says nothing yet. */
export async function findsBlob(session: Session, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const ask = { url: apiUrl(session.registry, `blobs/${digest}`), headers: [["accept", "*/*"]] as const };
  const answer = await headOrNothing(readHead(session, ask, { mayFollow: false }, signal), signal);
  if (answer === null) return false;
  if (isRedirect(answer.status)) return true;
  const isPage = valuesOf(answer.headers, "content-type").some((type) => normaliseMediaType(type) === "text/html");
  return answer.status === 200 && !isPage;
}

/** An entry of unknown type is a manifest, or a blob, as in `fetchBlob`. */
async function findsEntry(session: Session, entry: Descriptor, signal: AbortSignal): Promise<boolean> {
  if (await findsDocument(session, entry, `${entry.mediaType}, */*`, signal)) return true;
  return findsBlob(session, entry.digest, signal);
}

async function confirmEntry(
  session: Session,
  { digest, mediaType }: Descriptor,
  signal: AbortSignal,
): Promise<Fetched | null> {
  try {
    return await confirm(session, digest, { where: "manifests", accept: `${mediaType}, */*` }, signal);
  } catch (thrown) {
    if (!(thrown instanceof Tofu3Error) || thrown.code !== "E_NOT_FOUND") throw thrown;
    return confirmBlob(session, digest, signal);
  }
}

/**
 * Whether a blob is there, by GET, of which only the beginning is read. Null if it is, or other bytes with E_MISMATCH.
 * Throws E_NOT_FOUND, and any other fault.
 */
export function confirmBlob(session: Session, digest: Digest, signal: AbortSignal): Promise<Fetched | null> {
  return confirm(session, digest, { where: "blobs", accept: "*/*" }, signal);
}

async function confirm(
  session: Session,
  digest: Digest,
  { where, accept }: { readonly where: "manifests" | "blobs"; readonly accept: string },
  signal: AbortSignal,
): Promise<Fetched | null> {
  const { registry } = session;
  const what = `blob ${digest} of ${registry.name}/${registry.repository}`;
  const url = apiUrl(registry, `${where}/${digest}`);
  const ask = { url, headers: [["accept", accept]] as const, maxBytes: MOST_CONFIRMED };
  let page: Served;
  try {
    page = await readPage(session, ask, what, signal);
  } catch (thrown) {
    if (thrown instanceof Tofu3Error && thrown.code === "E_TOO_LARGE") return null;
    throw thrown;
  }
  const { body } = page;
  const seen = { computed: digestOf(body, algorithmOf(digest)), size: body.length };
  if (seen.computed === digest) return null;
  noteUnexpected(session.book, page.url, page, body, session.authority.pass.header);
  return { ...seen, error: mismatch(what, { digest, size: null }, seen) };
}

/** Null where HEAD brings no answer: GET then meets the fault, and repairs it or reports it. */
async function headOrNothing(head: Promise<Answer>, signal: AbortSignal): Promise<Answer | null> {
  return head.catch(() => {
    signal.throwIfAborted();
    return null;
  });
}
