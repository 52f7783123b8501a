import { stat } from "node:fs/promises";
import { messageOf, visible } from "../../errors.ts";
import type { Evidence } from "../../model/evidence.ts";
import type { Granted, Refused, Stored, Wish } from "../../model/gate.ts";
import type { SeenObject } from "../../model/observation.ts";
import { isDigest, type Digest } from "../../oci/digest.ts";
import { kindOfMediaType } from "../../oci/mediatype.ts";
import type { Repository } from "../../oci/reference.ts";
import { createGate } from "../../parallel.ts";
import type { GateAnswer } from "../../coordinator/gate/ask.ts";
import type { Runtime } from "../../coordinator/runtime.ts";
import type { Store } from "../store/store.ts";
import { blobWish, holdName } from "./keys.ts";
import type { Names } from "./names.ts";
import { granted, refused, verdictSentence } from "./sentences.ts";

export type Landing = Granted | Refused;

/** Where answers of the vantages end up. */
export interface Ground {
  readonly store: Store;
  readonly names: Names;
  readonly now: () => Date;
  readonly log: Runtime["log"];
}

/** What an answer means for the one object that was asked for: it is entered in the store, or put on hold. */
export async function land(wish: Wish, answer: GateAnswer, ground: Ground): Promise<Landing> {
  const { evidence, shelved } = answer;
  const verdict = await record(wish, evidence, [holdName(wish)], ground);
  if (evidence.outcome !== "agreed") return refusalOf(evidence, verdict);
  const root = shelved?.find(({ parent }) => parent === null);
  if (root === undefined) return refused("broken", unstored(evidence), verdict);
  return admit(wish, root, wish.kind, verdict, ground);
}

/** The same for the blobs of one manifest; those that nothing is said about are missing. */
export async function landBelow(
  repository: Repository,
  manifest: Digest,
  blobs: readonly Digest[],
  { evidence, shelved }: GateAnswer,
  ground: Ground,
): Promise<ReadonlyMap<Digest, Landing>> {
  const differing = new Set(evidence.differences.map(({ expected }) => expected));
  const accused = blobs.filter((digest) => differing.has(digest));
  const verdict = await record(repository, evidence, accused.length === 0 ? [manifest] : accused, ground);
  const landings = new Map<Digest, Landing>();
  if (evidence.outcome === "agreed" && shelved === null) {
    for (const digest of blobs) landings.set(digest, refused("broken", unstored(evidence), verdict));
    return landings;
  }
  const gate = createGate(AT_ONCE);
  const enter = async (object: SeenObject): Promise<void> => {
    const wish = blobWish(repository, object.digest);
    landings.set(object.digest, await gate(() => admit(wish, object, "blob", verdict, ground)));
  };
  await Promise.all((shelved ?? []).filter(({ parent }) => parent !== null).map(enter));
  if (evidence.outcome === "agreed") return landings;
  const isAlarm = evidence.outcome === "disagreed";
  // where no blob is accused, the manifest itself is, and with it all of them
  const meant = isAlarm && accused.length === 0 ? blobs : isAlarm ? accused : blobs.length === 1 ? blobs : [];
  for (const digest of meant) landings.set(digest, refusalOf(evidence, verdict));
  return landings;
}

/** Each takes two flushes of the disk, which it does for several at the price of one. */
const AT_ONCE = 16;

/**
 * Keeps the verdict, and returns its id. An alarm is put on hold before anybody is told, and before the verdict is
 * written: a disk that is full, or a crash in between, does not lose it. Nor does such a disk turn an alarm into its own
 * trouble: null then, and whoever waits is told of the alarm.
 */
async function record(
  repository: Repository,
  evidence: Evidence,
  accused: readonly string[],
  { store, now, log }: Ground,
): Promise<string | null> {
  const { outcome } = evidence;
  if (outcome !== "disagreed" && outcome !== "moved") return store.keepVerdict(evidence);
  const hold = { outcome, sentence: visible(verdictSentence(evidence), 600), since: now().toISOString() };
  const put = (verdict: string | null): Promise<unknown> =>
    Promise.all(accused.map((name) => store.setHold(repository, name, { ...hold, verdict })));
  try {
    await put(null);
    const verdict = await store.keepVerdict(evidence);
    await put(verdict);
    return verdict;
  } catch (error) {
    log("error", `an alarm is on hold, and the store does not take all of it: ${messageOf(error)}`);
    return null;
  }
}

async function admit(
  wish: Wish,
  { digest, mediaType }: SeenObject,
  kind: Stored["kind"],
  verdict: string | null,
  { store, names, now }: Ground,
): Promise<Landing> {
  if (kind === "manifest" && kindOfMediaType(mediaType) === "schema1")
    return refused("unfit", "a Docker schema 1 image cannot be gated: tofu3 verify can release it", verdict);
  const { size } = await stat(store.shelf.pathOf(digest));
  const known = await store.find(wish, digest);
  const agreedAt = now().toISOString();
  // whoever may be given it as a manifest may be given it as a blob, and not the other way round
  const object: Stored =
    known?.kind === "manifest" && kind === "blob"
      ? { ...known, agreedAt, verdict }
      : { kind, digest, size, mediaType, agreedAt, verdict };
  await store.admit(wish, object);
  if (kind === "manifest") await names.learn(wish, object);
  return granted(object);
}

function refusalOf(evidence: Evidence, verdict: string | null): Refused {
  const { outcome } = evidence;
  if (outcome === "agreed") return refused("broken", unstored(evidence), verdict);
  return refused(outcome, verdictSentence(evidence), verdict);
}

/** Why an agreed object is not on the shelf. */
function unstored({ releaseError }: Evidence): string {
  return `all vantages agree, and it could not be kept: ${releaseError?.message ?? "nobody says why"}`;
}

/** The digest that all agree on, whatever was asked for. */
export function agreedDigest({ artifact }: Evidence): Digest | null {
  return artifact !== null && isDigest(artifact.digest) ? artifact.digest : null;
}
