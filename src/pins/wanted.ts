import { isCommit } from "../file/gitrefs.ts";
import { formatListed, isGit, type ListedSubject } from "../model/listed.ts";
import type { BottlePin, Mention } from "../model/mention.ts";
import { formatSubject } from "../model/subject.ts";
import type { AnyWanted, Wanted, WantedFile, WantedListed } from "../model/wanted.ts";
import { formatReference, type Reference } from "../oci/reference.ts";

interface Gathered {
  readonly reference: Reference;
  tag: string | null;
  readonly claims: Set<string>;
  readonly bottles: Map<string, BottlePin>;
}

/** What has to be asked, each distinct subject once; unresolved mentions ask for nothing. */
export function allWantedOf(mentions: readonly Mention[]): readonly AnyWanted[] {
  return [...wantedOf(mentions), ...wantedFilesOf(mentions), ...wantedListedOf(mentions)];
}

function wantedListedOf(mentions: readonly Mention[]): readonly WantedListed[] {
  const gathered = new Map<string, { readonly listed: ListedSubject; readonly claims: Set<string> }>();
  for (const { target, comment } of mentions) {
    if (target.kind !== "listed") continue;
    const { listed } = target;
    const key = formatListed(listed);
    const entry = gathered.get(key) ?? { listed, claims: new Set() };
    gathered.set(key, entry);
    if (comment !== null && isGit(listed) && isCommit(listed.ref)) entry.claims.add(comment);
  }
  return [...gathered]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, { listed, claims }]) => ({ key, listed, claims: [...claims].sort() }));
}

function wantedFilesOf(mentions: readonly Mention[]): readonly WantedFile[] {
  const files = new Map<string, WantedFile>();
  for (const { target } of mentions) {
    if (target.kind !== "file") continue;
    const { file, url } = target;
    const key = formatSubject(file);
    files.set(key, { key, file, url });
  }
  return [...files.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
}

/** References to registries, sorted. */
export function wantedOf(mentions: readonly Mention[]): readonly Wanted[] {
  const gathered = new Map<string, Gathered>();
  for (const { target, comment } of mentions) {
    if (target.kind !== "reference" && target.kind !== "bottle") continue;
    const { reference } = target;
    const key = formatReference(reference);
    const entry = gathered.get(key) ?? { reference, tag: null, claims: new Set(), bottles: new Map() };
    gathered.set(key, entry);
    if (target.kind === "bottle") {
      entry.tag ??= reference.tag ?? null;
      entry.bottles.set(`${target.bottle.tag} ${target.bottle.digest}`, target.bottle);
      continue;
    }
    const { tag, digest } = target.reference;
    entry.tag = tag ?? (digest === undefined ? "latest" : null);
    // a reference with a tag of its own contradicts the comment by its text alone
    if (comment !== null && tag === undefined) entry.claims.add(comment);
  }
  return [...gathered]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, { reference, tag, claims, bottles }]) => {
      return { key, reference, tag, claims: [...claims].sort(), bottles: [...bottles.values()] };
    });
}
