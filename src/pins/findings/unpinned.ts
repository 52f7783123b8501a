import type { Rule } from "./case.ts";
import { settled, tagName } from "./case.ts";

/** Words that are tags made to move, whole or before a `-`. Version numbers and releases' names move as well, rarely. */
const MOVING: ReadonlySet<string> = new Set([
  ...["latest", "main", "master", "trunk", "develop", "dev", "head", "tip", "edge", "nightly", "daily", "weekly"],
  ...["canary", "next", "rolling", "snapshot", "testing", "unstable", "beta", "alpha", "rc", "preview"],
  ...["stable", "lts", "current", "release", "mainline", "prod", "production", "staging"],
]);

/** `latest`, `stable-slim`; neither `3.20` nor `bookworm`. */
export function isFloating(tag: string | undefined): boolean {
  if (tag === undefined) return true;
  const words = tag.toLowerCase();
  return !/\d/.test(words) && MOVING.has(words.split("-", 1).join(""));
}

/** No digest: whoever can move the tag decides what is used. */
export const unpinned: Rule = ({ target, examination }) => {
  if (target.kind === "bottle" || target.reference.digest !== undefined) return [];
  const root = settled(examination.tag);
  const next =
    root === null || examination.tag?.outcome !== "agreed"
      ? "pin it as soon as all workers agree on it"
      : `tofu3 pin writes @${root.digest} behind it, on which all workers agree`;
  const message = "it has no digest: what is used is whatever its tag leads to at that time";
  return [{ kind: "unpinned", message, next, digest: root?.digest ?? null }];
};

/** No digest, and a tag that is made to move. */
export const floatingTag: Rule = ({ target, examination }) => {
  if (target.kind === "bottle" || target.reference.digest !== undefined || !isFloating(target.reference.tag)) return [];
  const message =
    target.reference.tag === undefined
      ? "it has neither tag nor digest, so that it means latest, which is made to move"
      : `${tagName(examination)} is made to move`;
  const next = "name the version that you mean, and pin it";
  return [{ kind: "floating-tag", message, next, digest: settled(examination.tag)?.digest ?? null }];
};
