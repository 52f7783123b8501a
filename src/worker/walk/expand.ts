import { asError, Tofu3Error } from "../../errors.ts";
import { isSelective, type Job } from "../../model/job.ts";
import { manifestName, pinOf } from "../../model/subject.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { checkBottle } from "../../oci/homebrew.ts";
import type { ImageManifest, Index, Manifest } from "../../oci/manifest.ts";
import { kindOfMediaType } from "../../oci/mediatype.ts";
import type { Schema1Manifest } from "../../oci/schema1.ts";
import { contradictionOf, nameOf, readDocument } from "./document.ts";
import type { Document } from "./document.ts";
import { overlong, tellMismatch } from "../fetch/mismatch.ts";
import { createGate } from "./parallel.ts";
import type { Gate } from "./parallel.ts";
import { checkImagePlatform, nothingMatches, selectEntries } from "./selection.ts";
import type { Session } from "../fetch/session.ts";
import { faultOf, placeBelow, seenIn } from "./tree.ts";
import type { Place } from "./tree.ts";

/** Nesting of indexes; the deepest known in practice is two. */
const DEEPEST = 4;
/** Entries of all documents of one artifact. */
const MOST_ENTRIES = 10_000;
const DOCUMENTS_AT_A_TIME = 32;

/** Bytes of indexes and manifests read or requested so far. */
interface Budget {
  bytes: number;
  entries: number;
}

interface Walk {
  readonly session: Session;
  readonly job: Job;
  readonly gate: Gate;
  /** Each document is fetched once, however often it is listed. */
  readonly documents: Map<string, Promise<Document>>;
  /**
   * The children of each opened document. Each is opened once, however often it is listed, but an index may be searched
   * in one place and taken whole in another.
   */
  readonly opened: Map<string, Place[]>;
  readonly signal: AbortSignal;
  readonly spent: Budget;
  matches: number;
}

/**
 * Fills `root` with the indexes and manifests below it and, for jobs of depth `everything`, with places for configs and
 * layers that are yet to be fetched. Faults are stored at their places; nothing is thrown.
 */
export async function walkDocuments(session: Session, job: Job, root: Place, signal: AbortSignal): Promise<void> {
  const walk = {
    session,
    job,
    gate: createGate(DOCUMENTS_AT_A_TIME),
    documents: new Map<string, Promise<Document>>(),
    opened: new Map<string, Place[]>(),
    signal,
    spent: { bytes: 0, entries: 1 },
    matches: 0,
  };
  await visit(walk, root, 0, isSelective(job.selection));
  const manifest = root.document?.manifest ?? null;
  if (root.error !== null || manifest === null || !isSelective(job.selection)) return;
  const whole = faultOf(root) === null;
  if (manifest.kind === "index" && walk.matches === 0 && whole)
    root.error = nothingMatches(session, job.selection, manifest);
  if (manifest.kind !== "index") await checkSingleImage(walk, root, manifest);
}

async function visit(walk: Walk, place: Place, depth: number, selecting: boolean): Promise<void> {
  try {
    const document = await documentOf(walk, place);
    place.document = document;
    place.seen = seenIn(document);
    place.role = (document.manifest?.kind ?? kindOfMediaType(document.mediaType)) === "index" ? "index" : "manifest";
    if (place.descriptor === null) announce(walk.session, document);
    place.error =
      document.error ?? (place.descriptor === null ? null : contradictionOf(walk.session, document, place.descriptor));
    tellMismatch(walk.session, place.error);
    if (document.manifest === null || place.error !== null) return;
    // the digest that it was requested by: the parser computes only the sha256
    const manifest = { ...document.manifest, digest: document.computed };
    await openDocument(walk, place, manifest, depth, selecting);
  } catch (thrown) {
    place.error = overlongAt(walk, place, thrown) ?? asError(thrown);
    tellMismatch(walk.session, place.error);
  }
}

/** A document longer than its descriptor says is a view, even though it is not read to its end. */
function overlongAt({ session }: Walk, place: Place, thrown: unknown): Tofu3Error | null {
  const { descriptor } = place;
  if (descriptor === null || place.seen !== null) return null;
  const error = overlong(nameOf(session, descriptor.digest), descriptor, thrown, mostBytesOf(session, descriptor));
  if (error !== null) place.seen = { computed: null, size: descriptor.size ?? 0 };
  return error;
}

/** Unlimited by the descriptor for schema 1, where nothing says which bytes a descriptor counts. */
function mostBytesOf({ limits }: Session, descriptor: Descriptor | null): number {
  const sized = descriptor !== null && kindOfMediaType(descriptor.mediaType) !== "schema1";
  return Math.min(sized ? (descriptor.size ?? Infinity) : Infinity, limits.manifestBytes);
}

async function openDocument(
  walk: Walk,
  place: Place,
  manifest: Manifest,
  depth: number,
  selecting: boolean,
): Promise<void> {
  if (manifest.kind !== "index") checkBottleEntry(place, manifest);
  const name = `${manifest.digest} ${selecting}`;
  const known = walk.opened.get(name);
  if (known !== undefined) {
    place.children = known;
    return;
  }
  walk.opened.set(name, place.children);
  if (manifest.kind === "index") await expandIndex(walk, place, manifest, depth, selecting);
  else expandManifest(walk, place, manifest);
}

function documentOf(walk: Walk, place: Place): Promise<Document> {
  const { subject } = walk.job;
  const asked = place.asked ?? manifestName(subject);
  const known = walk.documents.get(asked);
  if (known !== undefined) return known;
  const { session } = walk;
  const read = walk.gate(async () => {
    const maxBytes = mostBytesOf(session, place.descriptor);
    const isRoot = place.descriptor === null;
    const received = await withinBudget(walk, place.descriptor?.size ?? 0, () =>
      readDocument(session, asked, { pin: isRoot ? pinOf(subject) : null, maxBytes, isRoot }, walk.signal),
    );
    const document = received.error === null ? await kept(session, received) : received;
    if (place.descriptor !== null)
      session.watch({ kind: "bytes", worker: session.vantage.name, bytes: document.bytes.length });
    if (place.descriptor !== null) session.watch({ kind: "object", worker: session.vantage.name });
    return document;
  });
  walk.documents.set(asked, read);
  return read;
}

/** What was received is a view, even if it cannot be kept. */
async function kept(session: Session, document: Document): Promise<Document> {
  try {
    await session.keep?.document(document.computed, document.bytes);
    return document;
  } catch (thrown) {
    return { ...document, error: asError(thrown) };
  }
}

/** Counts an index's declared size before the request, and the received size once it is there. Throws E_LIMIT. */
async function withinBudget(walk: Walk, declared: number, read: () => Promise<Document>): Promise<Document> {
  const { spent } = walk;
  const { documentBytes, manifestBytes } = walk.session.limits;
  if (spent.bytes + declared > documentBytes) {
    throw new Tofu3Error("E_LIMIT", `the artifact has more than ${documentBytes} bytes of indexes and manifests`, {
      stage: "body",
      hint: "select less with --platform, or raise limits.documentBytes in the configuration",
    });
  }
  spent.bytes += declared;
  try {
    const document = await read();
    spent.bytes += document.bytes.length - declared;
    return document;
  } catch (thrown) {
    if (thrown instanceof Tofu3Error && thrown.code === "E_TOO_LARGE") spent.bytes += manifestBytes;
    throw thrown;
  }
}

function announce(session: Session, document: Document): void {
  const worker = session.vantage.name;
  const bytes = document.bytes.length;
  session.book.claimedDigest = document.claimed;
  session.witness?.(worker, document.computed, document.bytes, document.manifest);
  session.watch({
    kind: "root",
    worker,
    digest: document.computed,
    mediaType: document.guessed ? null : document.mediaType,
  });
  session.watch({ kind: "wanted", worker, objects: 1, bytes });
  session.watch({ kind: "bytes", worker, bytes });
  session.watch({ kind: "object", worker });
}

async function expandIndex(walk: Walk, place: Place, index: Index, depth: number, selecting: boolean): Promise<void> {
  if (depth >= DEEPEST)
    throw new Tofu3Error("E_LIMIT", `${index.digest} is an index more than ${DEEPEST} levels deep`, { stage: "body" });
  const entries = selecting
    ? selectEntries(index, walk.job.selection)
    : index.manifests.map((descriptor, position) => ({ descriptor, position, matches: true }));
  spendEntries(walk, entries.length);
  if (selecting) walk.matches += entries.filter((entry) => entry.matches).length;
  const children = entries.map(({ descriptor, position, matches }) => {
    const kind = kindOfMediaType(descriptor.mediaType);
    const role = kind === null ? "blob" : kind === "index" ? "index" : "manifest";
    return { child: placeBelow(index.digest, role, descriptor, position), selecting: !matches };
  });
  place.children.push(...children.map(({ child }) => child));
  const documents = children.filter(({ child }) => child.role !== "blob");
  want(
    walk,
    documents.map(({ child }) => child),
  );
  await Promise.all(documents.map((each) => visit(walk, each.child, depth + 1, each.selecting)));
}

function expandManifest(walk: Walk, place: Place, manifest: ImageManifest | Schema1Manifest): void {
  if (walk.job.depth === "documents") return;
  const { digest, config, layers } = manifest;
  spendEntries(walk, layers.length + 1);
  if (config !== null) place.children.push(placeBelow(digest, "config", config, 0));
  place.children.push(...layers.map((layer, position) => placeBelow(digest, "layer", layer, position)));
}

/** Throws E_MANIFEST. */
function checkBottleEntry(place: Place, manifest: ImageManifest | Schema1Manifest): void {
  const contradiction = bottleContradiction(place, manifest);
  if (contradiction !== null)
    throw new Tofu3Error("E_MANIFEST", `${manifest.digest}: ${contradiction}`, { stage: "body" });
}

/** How an index contradicts the manifest of a bottle; null if it does not, or if it is not a bottle. */
function bottleContradiction(place: Place, manifest: ImageManifest | Schema1Manifest): string | null {
  const entry = place.descriptor;
  if (entry?.annotations["sh.brew.bottle.digest"] === undefined) return null;
  const [layer, ...others] = manifest.layers;
  if (layer === undefined || others.length > 0)
    return `a bottle has one layer, and this manifest has ${manifest.layers.length}`;
  return checkBottle(entry, layer);
}

/** Throws E_LIMIT. */
function spendEntries(walk: Walk, entries: number): void {
  walk.spent.entries += entries;
  if (walk.spent.entries <= MOST_ENTRIES) return;
  throw new Tofu3Error("E_LIMIT", `the artifact has more than ${MOST_ENTRIES} objects`, {
    stage: "body",
    hint: "select less with --platform",
  });
}

function want(walk: Walk, children: readonly Place[]): void {
  const fresh = new Map<Digest, number>();
  for (const { descriptor } of children) {
    if (descriptor !== null && !walk.documents.has(descriptor.digest))
      fresh.set(descriptor.digest, descriptor.size ?? 0);
  }
  if (fresh.size === 0) return;
  const bytes = [...fresh.values()].reduce((sum, size) => sum + size, 0);
  walk.session.watch({ kind: "wanted", worker: walk.session.vantage.name, objects: fresh.size, bytes });
}

/** A config that does not match its digest is a view of it, and is not requested again. */
async function checkSingleImage(walk: Walk, root: Place, manifest: ImageManifest | Schema1Manifest): Promise<void> {
  const { session, job, signal } = walk;
  try {
    const fetched = await checkImagePlatform(session, job.selection, manifest, signal);
    const config = root.children.find((child) => child.role === "config");
    if (fetched === null || config === undefined) return;
    config.seen = { computed: fetched.computed, size: fetched.size };
    config.error = fetched.error;
    tellMismatch(session, fetched.error);
  } catch (thrown) {
    root.error = asError(thrown);
  }
}
