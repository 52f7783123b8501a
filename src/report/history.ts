import { visible } from "../errors.ts";
import type { Entry, RecordedLook } from "../model/record.ts";
import { formatSubject, isFile } from "../model/subject.ts";
import { registryKey } from "../oci/reference.ts";
import type { Paint } from "./paint.ts";
import { renderGrid } from "./grid.ts";
import { requestText } from "./tally.ts";
import { shortener } from "./text.ts";

/** What the digest of a tag or a file is in comparison with the entries before. */
export type Change = "first" | "none" | "moved" | "rolled-back";

/** One for each entry, oldest first; null where the workers did not see one digest, or were asked for one. */
export function changesOf(entries: readonly Entry[]): readonly (Change | null)[] {
  const seen = new Map<string, { last: string; all: Set<string> }>();
  return entries.map(({ subject, digest }) => {
    if (digest === null || "digest" in subject) return null;
    const name = isFile(subject)
      ? subject.url
      : JSON.stringify([registryKey(subject), subject.repository, subject.tag]);
    const before = seen.get(name);
    if (before === undefined) {
      seen.set(name, { last: digest, all: new Set([digest]) });
      return "first";
    }
    const change = before.last === digest ? "none" : before.all.has(digest) ? "rolled-back" : "moved";
    before.last = digest;
    before.all.add(digest);
    return change;
  });
}

/** A row per entry, in the order given. */
export function renderHistory(entries: readonly Entry[], paint: Paint, width = Infinity): string {
  const changes = changesOf(entries);
  const short = shortener(
    entries.flatMap(({ digest, looks }) => [digest, ...looks.map((look) => look.digest)].flatMap((each) => each ?? [])),
  );
  const rows = entries.map((entry, index) => [
    `${entry.at.slice(0, 10)} ${entry.at.slice(11, 19)}`,
    visible(requestText({ reference: formatSubject(entry.subject), ...entry.selection }), 300),
    entry.outcome === "agreed" ? paint.good(entry.outcome) : paint.unsure(entry.outcome),
    entry.digest === null ? NONE : short(entry.digest),
    workersText(entry, short),
    noteOf(entry, changes[index] ?? null, paint),
  ]);
  return `${renderGrid(["WHEN (UTC)", "REFERENCE", "OUTCOME", "DIGEST", "WORKERS", "NOTE"], rows, paint, { width })}\n`;
}

const NONE = "–";

function noteOf({ own, depth }: Entry, change: Change | null, paint: Paint): string {
  const marks = [
    ...(change === "moved" ? [paint.strong("moved")] : []),
    ...(change === "rolled-back" ? [paint.bad("rolled back")] : []),
    ...(depth === "root" ? ["root only"] : []),
    ...(own ? [] : ["not written here"]),
  ];
  return marks.join(", ");
}

/** `fra (DE), here, sgp (SG)`, or who saw which digest. */
function workersText({ digest, looks }: Entry, short: (digest: string) => string): string {
  const views = new Map<string, string[]>();
  for (const look of looks) {
    const view = look.digest === null ? look.outcome : look.digest === digest ? "" : short(look.digest);
    views.set(view, [...(views.get(view) ?? []), nameOf(look)]);
  }
  return [...views].map(([view, names]) => `${names.join(", ")}${view === "" ? "" : `: ${view}`}`).join("; ");
}

function nameOf({ worker, country }: RecordedLook): string {
  return country === null ? visible(worker, 40) : `${visible(worker, 40)} (${visible(country, 10)})`;
}

/** One object of `entries` for each, with the change that the table shows. */
export function historyEntries(entries: readonly Entry[]): readonly unknown[] {
  const changes = changesOf(entries);
  return entries.map(({ entry, own, ...said }, index) => ({ entry, own, change: changes[index] ?? null, ...said }));
}
