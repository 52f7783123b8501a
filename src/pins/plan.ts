import { isCommit } from "../file/gitrefs.ts";
import { isGit } from "../model/listed.ts";
import type { Mention, Place } from "../model/mention.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { byPlace, collide, type Replacement } from "./edits.ts";

/** A reference that gets a digest, or another one. */
export interface PinChange {
  /** As `agreementKey` writes it. */
  readonly reference: string;
  readonly place: Place;
  /** The digest that was there; null if it was not pinned. */
  readonly from: Digest | null;
  readonly to: Digest;
}

export type StayKind =
  /** It has a digest, and nothing says that it should have another one. */
  | "pinned"
  /** A person has to write the digest. */
  | "by-hand"
  | "unresolved"
  /** A comment asks for it. */
  | "ignored"
  /** The workers do not agree on what its tag leads to. */
  | "not-agreed";

/** A reference that stays as it is. */
export interface Stay {
  readonly mention: Mention;
  readonly kind: StayKind;
  /** A clause; null where the kind says it all. */
  readonly why: string | null;
}

/** Why a file is not written although some of its references could be pinned. */
export type Held = "alarm" | "not-agreed";

export interface FilePlan {
  /** As in the places of its mentions. */
  readonly file: string;
  readonly held: Held | null;
  /** Sorted, disjoint; empty if the file is held or has nothing to pin. */
  readonly edits: readonly Replacement[];
  /** One for each mention that is rewritten, in the order of the file; empty if the file is held. */
  readonly changes: readonly PinChange[];
  /** In the order of the file. */
  readonly stays: readonly Stay[];
}

/** What was agreed on, and what is asked for. */
export interface Terms {
  /** What each tag leads to, by `agreementKey`. */
  readonly agreed: ReadonlyMap<string, Digest>;
  /** Whether digests that are there move to what their tags lead to now. */
  readonly update: boolean;
  /** Whether any reference anywhere is an alarm: then nothing is written. */
  readonly alarm: boolean;
}

/** The reference without its digest, normalised: the key of what was agreed on. */
export function agreementKey({ registry, repository, tag }: Reference): string {
  return formatReference({ registry, repository, ...(tag === undefined ? {} : { tag }) });
}

/** What happens in each file that has mentions, sorted by file. A file is written whole or not at all. */
export function planPins(mentions: readonly Mention[], terms: Terms): readonly FilePlan[] {
  const files = new Map<string, Mention[]>();
  for (const mention of mentions) {
    const { file } = mention.place;
    const others = files.get(file);
    if (others === undefined) files.set(file, [mention]);
    else others.push(mention);
  }
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([file, inFile]) => planFile(file, inFile, terms));
}

/** Those whose tag has to be asked for, since the answer decides what becomes of them. */
export function toPin(mentions: readonly Mention[], update: boolean): readonly Mention[] {
  const terms: Terms = { agreed: new Map(), update, alarm: false };
  return mentions.filter((mention) => {
    const decided = decide(mention, terms);
    return "kind" in decided && decided.kind === "not-agreed";
  });
}

interface Wanted {
  readonly mention: Mention;
  readonly change: PinChange;
  readonly edits: readonly Replacement[];
}

function planFile(file: string, mentions: readonly Mention[], terms: Terms): FilePlan {
  const decided = mentions.map((mention) => decide(mention, terms));
  const wanted = decided.filter((each) => "change" in each);
  const stays = decided.filter((each) => "kind" in each);
  const torn = contradictory(wanted);
  const clear = wanted.filter((each) => !torn.has(each));
  const byHand = [...torn].map(({ mention }): Stay => ({
    mention,
    kind: "by-hand",
    why: "another reference of the file would write something else at the same place",
  }));
  const held = heldBy(stays, clear, terms);
  return {
    file,
    held,
    edits: held === null ? distinct(clear.flatMap(({ edits }) => edits)) : [],
    changes: held === null ? clear.map(({ change }) => change) : [],
    stays: inOrder([...stays, ...byHand], mentions),
  };
}

/** A file with nothing to write is not held, whatever happens elsewhere. */
function heldBy(stays: readonly Stay[], clear: readonly Wanted[], { alarm }: Terms): Held | null {
  if (stays.some(({ kind }) => kind === "not-agreed")) return alarm ? "alarm" : "not-agreed";
  return alarm && clear.length > 0 ? "alarm" : null;
}

function inOrder(stays: readonly Stay[], mentions: readonly Mention[]): readonly Stay[] {
  const at = new Map(mentions.map((mention, index) => [mention, index]));
  return [...stays].sort((a, b) => (at.get(a.mention) ?? 0) - (at.get(b.mention) ?? 0));
}

const COMMITS = "its pin is a commit: tofu3 audit names the one that all workers agree on";

function decide(mention: Mention, { agreed, update }: Terms): Wanted | Stay {
  const { source, target, pinning, ignores } = mention;
  const stay = (kind: StayKind, why: string | null = null): Stay => ({ mention, kind, why });
  if (target.kind === "unresolved") return stay("unresolved", target.why);
  // what a lock says was agreed on, and is written with its time and its workers
  if (source === "lock") return stay("pinned");
  // the sha256 of a bottle's blob is its pin; what its index leads to does not belong there
  if (target.kind === "bottle") return stay("pinned");
  // a checksum is the pin of its file, and tofu3 writes none
  if (target.kind === "file") return stay("pinned");
  if (target.kind === "listed") {
    const { listed } = target;
    return isGit(listed) && !isCommit(listed.ref) ? stay("by-hand", COMMITS) : stay("pinned");
  }
  const { reference } = target;
  const from = reference.digest ?? null;
  if (from !== null && (!update || reference.tag === undefined)) return stay("pinned");
  const asked = ignores.find(({ kinds }) => kinds.includes(from === null ? "unpinned" : "stale-pin"));
  if (asked !== undefined) return stay("ignored", asked.reason);
  const key = agreementKey(reference);
  const to = agreed.get(key);
  if (to !== undefined && to === from) return stay("pinned");
  if (pinning.kind === "by-hand") return stay("by-hand", pinning.why);
  if (pinning.edits.length === 0) return stay("by-hand", "the file has no place for a digest");
  if (to === undefined) return stay("not-agreed");
  const edits = pinning.edits.map(({ start, end, before, after }) => ({ start, end, text: before + to + after }));
  return { mention, change: { reference: key, place: mention.place, from, to }, edits };
}

/**
 * Those that share a stretch with a contradiction, over as many others as it takes: a reference that is split over
 * several stretches is rewritten in all of them or in none.
 */
function contradictory(wanted: readonly Wanted[]): ReadonlySet<Wanted> {
  const torn = new Set<Wanted>();
  const groups = groupsOf(wanted);
  for (const group of groups) {
    const edits = group.flatMap((each) => each.edits).sort(byPlace);
    // sorted, so that of two that collide there are two neighbours that do
    const broken = edits.some((edit, index) => {
      const next = edits[index + 1];
      return next !== undefined && collide(edit, next);
    });
    if (broken) for (const each of group) torn.add(each);
  }
  return torn;
}

/** Those that write to the same stretches belong together. */
function groupsOf(wanted: readonly Wanted[]): readonly (readonly Wanted[])[] {
  const owned = wanted
    .flatMap((owner) => owner.edits.map((edit) => ({ owner, edit })))
    .sort((a, b) => byPlace(a.edit, b.edit));
  const groupOf = new Map<Wanted, Set<Wanted>>(wanted.map((each) => [each, new Set([each])]));
  const join = (a: Wanted, b: Wanted): void => {
    const [one, other] = [groupOf.get(a), groupOf.get(b)];
    if (one === undefined || other === undefined || one === other) return;
    for (const each of other) groupOf.set(each, one.add(each));
  };
  let last: { readonly owner: Wanted; readonly edit: Replacement } | null = null;
  for (const each of owned) {
    const { edit } = each;
    if (last !== null && (edit.start < last.edit.end || (edit.start === last.edit.start && edit.end === last.edit.end)))
      join(last.owner, each.owner);
    if (last === null || edit.end >= last.edit.end) last = each;
  }
  return [...new Set(groupOf.values())].map((group) => [...group]);
}

/** Each stretch once, sorted. */
function distinct(edits: readonly Replacement[]): readonly Replacement[] {
  const sorted = [...edits].sort(byPlace);
  return sorted.filter(({ start, end }, index) => {
    const before = sorted[index - 1];
    return before === undefined || before.start !== start || before.end !== end;
  });
}
