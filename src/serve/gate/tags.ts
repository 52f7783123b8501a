import type { StoredTag } from "../../model/gate.ts";
import { registryKey } from "../../oci/reference.ts";
import {
  askFor,
  DOCUMENT_BYTES,
  fly,
  hindrance,
  landingOf,
  mayBePrivate,
  whileProtected,
  type Tower,
} from "./control.ts";
import { holdName, keyOf, textOf, type TagWish } from "./keys.ts";
import { land, type Landing } from "./landing.ts";
import type { LATE, Waiter } from "./patience.ts";
import { granted, held, movedNotice, staleNotice } from "./sentences.ts";

/** What the store has for a tag. */
interface Copy {
  readonly record: StoredTag;
  readonly landing: Extract<Landing, { kind: "granted" }>;
}

/** What a tag leads to: what was agreed on, for `tagTtl`; then whatever the vantages say now. */
export async function tagRuling(tower: Tower, wish: TagWish, waiter: Waiter): Promise<Landing | typeof LATE> {
  const { store, memos, config } = tower;
  const hold = await store.hold(wish, holdName(wish));
  if (hold?.outcome === "disagreed") return held(wish, hold);
  const memo = memos.find(keyOf(wish));
  if (memo !== null) return memo;
  // a tag that moved under the vantages' eyes leads nowhere until they agree again
  const copy = hold === null ? await copyOf(tower, wish) : null;
  if (copy !== null && ageOf(tower, copy.record.checkedAt) < config.tagTtl) return copy.landing;
  const flight = tower.flights.find(keyOf(wish)) ?? start(tower, wish, copy);
  return "kind" in flight ? (stale(tower, wish, copy, flight.sentence) ?? flight) : landingOf(flight, wish, waiter);
}

async function copyOf({ store, now }: Tower, wish: TagWish): Promise<Copy | null> {
  const record = await store.tag(wish, wish.tag);
  if (record === null) return null;
  const object = await store.find(wish, record.digest);
  if (object?.kind !== "manifest") return null;
  return { record, landing: granted(object, movedNotice(textOf(wish), record, now())) };
}

function start(tower: Tower, wish: TagWish, copy: Copy | null) {
  const hindered = hindrance(tower, wish, "documents");
  if (hindered !== null) return hindered;
  const needed = copy === null ? [] : [copy.record.digest];
  return fly(tower, [keyOf(wish)], textOf(wish), "documents", async () => {
    return new Map([[keyOf(wish), await whileProtected(tower, needed, () => round(tower, wish, copy))]]);
  });
}

/** Headers prove nothing, but the bytes that they name were agreed on, and asking for them costs no pull. */
async function round(tower: Tower, wish: TagWish, copy: Copy | null): Promise<Landing> {
  const { store, vantages, now, ending } = tower;
  // the flight before this one may have ended after it was looked for, and in a disagreement
  const hold = await store.hold(wish, holdName(wish));
  if (hold?.outcome === "disagreed") return held(wish, hold);
  if (copy !== null) {
    const { digest } = copy.record;
    if (await vantages.stillNames(wish, wish.tag, digest, mayBePrivate(tower, wish), ending)) {
      await store.setTag(wish, wish.tag, { ...copy.record, checkedAt: now().toISOString() });
      return copy.landing;
    }
  }
  const answer = await askFor(tower, wish, { kind: "tag", tag: wish.tag }, { isNamed: false, bytes: DOCUMENT_BYTES });
  if ("kind" in answer) return stale(tower, wish, copy, answer.sentence) ?? answer;
  const landing = await land(wish, answer, tower);
  if (landing.kind === "granted") return enter(tower, wish, landing, copy?.record ?? (await store.tag(wish, wish.tag)));
  return landing.why === "incomplete" ? (stale(tower, wish, copy, landing.sentence) ?? landing) : landing;
}

/** A fresh agreement ends what a move put on hold. */
async function enter(
  { store, now }: Tower,
  wish: TagWish,
  { object }: Copy["landing"],
  before: StoredTag | null,
): Promise<Landing> {
  const at = now().toISOString();
  const hasMoved = before !== null && before.digest !== object.digest;
  const previous = hasMoved ? { digest: before.digest, until: at } : (before?.previous ?? null);
  const record = { digest: object.digest, agreedAt: at, checkedAt: at, previous };
  await store.setTag(wish, wish.tag, record);
  await store.clearHold(wish, wish.tag);
  return granted(object, movedNotice(textOf(wish), record, now()));
}

/** The agreed copy, while it is young enough and nobody contradicted it: absence is no conflict. Null without one. */
function stale(tower: Tower, wish: TagWish, copy: Copy | null, sentence: string): Landing | null {
  if (copy === null || ageOf(tower, copy.record.agreedAt) >= tower.config.staleFor) return null;
  tower.meters.stale(registryKey(wish));
  const { object, notices } = copy.landing;
  const landing = granted(object, [staleNotice(copy.record, sentence), ...notices]);
  tower.memos.keep(keyOf(wish), landing, STALE_SECONDS);
  return landing;
}

/** A vantage that is gone makes a round long: not every client waits for one. */
const STALE_SECONDS = 60;

/** Seconds. A clock that was set back makes nothing younger. */
function ageOf({ now }: Tower, at: string): number {
  const age = (now().getTime() - Date.parse(at)) / 1000;
  return age < 0 ? Infinity : age;
}
