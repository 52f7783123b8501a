import type { AgreedRoot, RootEntry } from "../model/audit.ts";

/** What changed between the root that was pinned and the one that its tag leads to now, in words. */
export function movesBetween(before: AgreedRoot | null, now: AgreedRoot): readonly string[] {
  if (before === null) return ["what it was before is not served any more"];
  if (before.kind !== now.kind) return [`it was ${nameOf(before)}, and is ${nameOf(now)}`];
  if (now.kind !== "index") return [];
  const [old, fresh] = [byPlace(before.entries), byPlace(now.entries)];
  const names = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  const which = (test: (name: string) => boolean, word: string): readonly string[] => {
    const found = names.filter(test);
    return found.length === 0 ? [] : [`${word} ${found.join(", ")}`];
  };
  return [
    ...which((name) => old.has(name) && fresh.has(name) && old.get(name) !== fresh.get(name), "changed"),
    ...which((name) => !old.has(name), "added"),
    ...which((name) => !fresh.has(name), "removed"),
  ];
}

function nameOf({ kind }: AgreedRoot): string {
  return kind === "index" ? "an index" : "a single image";
}

function byPlace(entries: readonly RootEntry[]): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const { platform, digest } of entries) {
    const name = platform ?? "without a platform";
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    places.set(count === 1 ? name : `${name} (${count})`, digest);
  }
  return places;
}
