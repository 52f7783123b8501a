import { asError, Tofu3Error } from "../../errors.ts";
import type { Digest } from "../../oci/digest.ts";
import { fetchBlob } from "../fetch/blob.ts";
import type { BlobRequest } from "../fetch/blob.ts";
import { tellMismatch } from "../fetch/mismatch.ts";
import { createGate } from "../../parallel.ts";
import type { Session } from "../fetch/session.ts";
import { placesOf } from "./tree.ts";
import type { Place } from "./tree.ts";

/**
 * How many to hand to the transport, which itself decides how many are on the wire and batches the small ones. Not all
 * at once: the URLs that a registry redirects to are valid for minutes only.
 */
const SMALL = { upTo: 16 * 1024 * 1024, places: 256, bytes: 256 * 1024 * 1024 };
const LARGE_AT_A_TIME = 8;

/**
 * Fetches every config, layer and blob below `root`, each digest once. Faults are stored at their places; nothing is
 * thrown.
 */
export async function fetchBlobs(session: Session, root: Place, signal: AbortSignal): Promise<void> {
  const wanted = collect(root);
  const worker = session.vantage.name;
  const bytes = wanted.reduce((sum, { size }) => sum + (size ?? 0), 0);
  if (wanted.length > 0) session.watch({ kind: "wanted", worker, objects: wanted.length, bytes });
  const small = createGate(SMALL.places, SMALL.bytes);
  const large = createGate(LARGE_AT_A_TIME);
  await Promise.all(
    wanted.map((group) => {
      const size = group.size ?? Infinity;
      const work = (): Promise<void> => fetchGroup(session, group, signal);
      return size > SMALL.upTo ? large(work) : small(work, size);
    }),
  );
}

/** Fetches the blob that is the root itself. What is wrong is stored there; nothing is thrown. */
export async function fetchRoot(session: Session, root: Place, signal: AbortSignal): Promise<void> {
  if (root.descriptor === null) throw new Tofu3Error("E_BUG", "a blob is asked for by its digest");
  const { digest, size } = root.descriptor;
  const worker = session.vantage.name;
  session.watch({ kind: "phase", worker, phase: "fetching" });
  session.watch({ kind: "wanted", worker, objects: 1, bytes: size ?? 0 });
  await fetchGroup(session, { digest, size, entry: null, places: [root] }, signal);
}

async function fetchGroup(session: Session, { places, ...blob }: Group, signal: AbortSignal): Promise<void> {
  try {
    signal.throwIfAborted();
    const { computed, size, error } = await fetchBlob(session, blob, signal);
    for (const place of places) {
      place.seen = { computed, size };
      place.error = error;
    }
    tellMismatch(session, error);
    session.watch({ kind: "object", worker: session.vantage.name });
  } catch (thrown) {
    for (const place of places) place.error = asError(thrown);
  }
}

interface Group extends BlobRequest {
  entry: string | null;
  readonly places: Place[];
}

/** One group per digest, the largest first, so that it is not the last one running. */
function collect(root: Place): Group[] {
  const groups = new Map<Digest, Group>();
  for (const place of placesOf(root)) {
    const { role, descriptor, seen } = place;
    if (role === "index" || role === "manifest" || descriptor === null || seen !== null) continue;
    const { digest, size } = descriptor;
    const entry = role === "blob" ? descriptor.mediaType : null;
    const group = groups.get(digest);
    if (group === undefined) groups.set(digest, { digest, size, entry, places: [place] });
    else if (group.size !== size) place.error = twoSizes(digest, group.size, size);
    else {
      group.places.push(place);
      // a digest that a manifest names too is fetched as a blob
      if (entry === null) group.entry = null;
    }
  }
  return [...groups.values()].sort(
    (a, b) => (b.size ?? Infinity) - (a.size ?? Infinity) || (a.digest < b.digest ? -1 : 1),
  );
}

function twoSizes(digest: Digest, one: number | null, other: number | null): Tofu3Error {
  return new Tofu3Error(
    "E_MANIFEST",
    `${digest} is declared with ${String(one)} bytes at one place and with ${String(other)} at another`,
    { stage: "body" },
  );
}
