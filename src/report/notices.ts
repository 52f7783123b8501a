import type { Evidence } from "../model/evidence.ts";
import type { History } from "../model/history.ts";
import type { Verdict } from "../model/verdict.ts";
import { isGeneratedArchive } from "../file/name.ts";
import { isFile } from "../model/subject.ts";
import { listed } from "./text.ts";

/** A tag that leads elsewhere than at the last agreement. */
export interface Moved {
  /** `THE TAG HAS MOVED since the last agreement` */
  readonly title: string;
  /** `from 2026-11-20 to 2026-11-24` */
  readonly agreed: string;
  readonly before: string;
  readonly now: string;
  /** What changed below, in words; empty if it is not known. */
  readonly changed: string;
}

/** Null where nothing changed, or nothing is known. */
export function movedSince(history: History | null, now: string | null, isOfFile = false): Moved | null {
  if (history === null || now === null) return null;
  const { last, at, since, change, changes } = history;
  if (last === null || at === null || change === "none" || change === "first") return null;
  const [wentBack, hasMoved] = isOfFile
    ? ["THE FILE IS AN OLDER ONE AGAIN", "THE FILE HAS CHANGED"]
    : ["THE TAG WENT BACK to an older digest", "THE TAG HAS MOVED"];
  const how = change === "rolled-back" ? wentBack : hasMoved;
  const [first, until] = [(since ?? at).slice(0, 10), at.slice(0, 10)];
  return {
    title: `${how} since the last agreement`,
    agreed: first === until ? `on ${until}` : `from ${first} to ${until}`,
    before: last,
    now,
    changed: listed(changes.map(({ what }) => what)),
  };
}

/** The root that all workers saw, agreed on or not. */
export function rootOfReason(reason: Verdict["reason"]): string | null {
  return reason !== null && "root" in reason ? reason.root : null;
}

const GENERATED =
  "GitHub generates this archive, and promises nothing about its bytes: they changed for everybody in 2023; a release asset stays as it was uploaded";

/** What a person should know of a URL, whatever the verdict. */
export function hintsOf([first]: Evidence["observations"]): readonly string[] {
  return first !== undefined && isFile(first.asked) && isGeneratedArchive(first.asked.url) ? [GENERATED] : [];
}

/** What a person should know besides the verdict, a sentence each: that a tag moved. */
export function noticesOf(
  parts: {
    readonly verdict: Verdict;
    readonly history: Evidence["history"];
  },
  isOfFile = false,
): readonly string[] {
  const { verdict, history } = parts;
  const root = verdict.outcome === "agreed" ? verdict.root.digest : rootOfReason(verdict.reason);
  const moved = movedSince(history, root, isOfFile);
  if (moved === null) return [];
  const { title, agreed, before, now, changed } = moved;
  return [
    `${title}: it was ${before} (agreed ${agreed}), and is ${now} now${changed === "" ? "" : `; what changed: ${changed}`}`,
  ];
}
