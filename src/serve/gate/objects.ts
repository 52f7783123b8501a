import type { Refused, Withheld } from "../../model/gate.ts";
import type { GivenDocument } from "../../model/job.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/reference.ts";
import { askFor, DOCUMENT_BYTES, fly, hindrance, landingOf, whileProtected, type Tower } from "./control.ts";
import type { Flight } from "./flights.ts";
import { blobKey, blobWish, holdName, keyOf, textOf, type DigestWish } from "./keys.ts";
import { land, landBelow, type Landing } from "./landing.ts";
import type { Binding } from "./names.ts";
import { LATE, type Waiter } from "./patience.ts";
import { granted, held, verifying } from "./sentences.ts";

/** An agreed object by its digest, which no time makes invalid; otherwise all vantages are asked for it. */
export async function objectRuling(
  tower: Tower,
  wish: DigestWish,
  waiter: Waiter,
): Promise<Landing | Withheld | typeof LATE> {
  const key = keyOf(wish);
  const known = tower.flights.find(key) === null ? await standing(tower, wish) : null;
  if (known !== null) return known;
  const binding = await tower.names.find(wish, wish.digest);
  const flight = tower.flights.find(key) ?? start(tower, wish, binding);
  if ("kind" in flight) return flight;
  const landing = await landingOf(flight, wish, waiter);
  if (landing !== LATE || wish.kind === "manifest" || binding === null || binding.size === null) return landing;
  const verdict = flight.landed.then((landings) => landings.get(key) ?? verifying(wish));
  return { kind: "withheld", digest: wish.digest, size: binding.size, verdict };
}

/** What is known without asking anybody; null if nothing is. */
export async function standing({ store, memos }: Tower, wish: DigestWish): Promise<Landing | null> {
  const hold = await store.hold(wish, holdName(wish));
  if (hold !== null) return held(wish, hold);
  const object = await store.find(wish, wish.digest);
  if (object !== null && (wish.kind === "blob" || object.kind === "manifest")) return granted(object);
  return memos.find(keyOf(wish));
}

function start(tower: Tower, wish: DigestWish, binding: Binding | null): Flight<Landing> | Refused {
  const lane = wish.kind === "blob" ? "blobs" : "documents";
  const hindered = hindrance(tower, wish, lane);
  if (hindered !== null) return hindered;
  if (wish.kind === "blob" && binding?.kind === "blob") return startBelow(tower, wish, binding.by, [binding]);
  const { digest } = wish;
  const wanted = wish.kind === "blob" ? { kind: "blob" as const, digest } : { kind: "document" as const, digest };
  const how = { isNamed: binding !== null, bytes: binding?.size ?? (wish.kind === "blob" ? 0 : DOCUMENT_BYTES) };
  const bring = async (): Promise<Landing> => {
    const answer = await askFor(tower, wish, wanted, how);
    return "kind" in answer ? answer : land(wish, answer, tower);
  };
  return fly(tower, [keyOf(wish)], textOf(wish), lane, async () => {
    return new Map([[keyOf(wish), await whileProtected(tower, [digest], bring)]]);
  });
}

/** One flight for several blobs of an agreed manifest. Where they do not all land, each is asked for by itself. */
export function startBelow(
  tower: Tower,
  repository: Repository,
  manifest: Digest,
  blobs: readonly { readonly digest: Digest; readonly size: number | null }[],
): Flight<Landing> {
  const digests = blobs.map(({ digest }) => digest);
  const keys = digests.map((digest) => blobKey(repository, digest));
  const [first] = digests;
  const wish = blobWish(repository, first ?? manifest);
  const more = digests.length === 1 ? "" : ` and ${digests.length - 1} more`;
  const bring = async (): Promise<ReadonlyMap<string, Landing>> => {
    const given = await givenFrom(tower, repository, manifest);
    const landings = new Map<string, Landing>();
    const ask = async (some: readonly Digest[]): Promise<void> => {
      const bytes = blobs.reduce((sum, { digest, size }) => sum + (some.includes(digest) ? (size ?? 0) : 0), 0);
      const wanted = { kind: "below" as const, manifest, blobs: some, given };
      const answer = await askFor(tower, wish, wanted, { isNamed: true, bytes });
      const landed = "kind" in answer ? null : await landBelow(repository, manifest, some, answer, tower);
      for (const digest of some) {
        const landing = "kind" in answer ? answer : landed?.get(digest);
        if (landing !== undefined) landings.set(blobKey(repository, digest), landing);
      }
    };
    await ask(digests);
    for (const digest of digests) if (!landings.has(blobKey(repository, digest))) await ask([digest]);
    return landings;
  };
  return fly(tower, keys, `${textOf(wish)}${more}`, "blobs", () =>
    whileProtected(tower, [manifest, ...digests], bring),
  );
}

/** The agreed manifest as it is in the store; null if it went meanwhile. */
async function givenFrom(
  { store, ending }: Tower,
  repository: Repository,
  digest: Digest,
): Promise<GivenDocument | null> {
  const object = await store.find(repository, digest);
  const bytes = object?.kind === "manifest" ? await store.read(repository, digest, ending) : null;
  return object === null || bytes === null ? null : { digest, mediaType: object.mediaType, bytes };
}
