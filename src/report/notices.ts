import type { History } from "../model/history.ts";
import type { Verdict } from "../model/verdict.ts";
import { listed } from "./text.ts";

/** What a person should know besides the verdict: that a tag moved, and which days are missing. */
export function noticesOf({
  verdict,
  history,
}: {
  readonly verdict: Verdict;
  readonly history: History | null;
}): readonly string[] {
  const root = verdict.outcome === "agreed" ? verdict.root.digest : rootIn(verdict);
  return history === null || root === null ? [] : movedNotice(history, root);
}

function rootIn({ reason }: Verdict): string | null {
  return reason !== null && "root" in reason ? reason.root : null;
}

/** Nothing where nothing changed. */
function movedNotice({ last, at, since, change, changes }: History, now: string): string[] {
  if (last === null || at === null || change === "none" || change === "first") return [];
  const how = change === "rolled-back" ? "THE TAG WENT BACK to an older digest" : "THE TAG HAS MOVED";
  const [first, until] = [(since ?? at).slice(0, 10), at.slice(0, 10)];
  const days = first === until ? `on ${until}` : `from ${first} to ${until}`;
  const what = listed(changes.map((each) => each.what));
  const changed = changes.length === 0 ? "" : `; what changed: ${what}`;
  return [`${how} since the last agreement: it was ${last} (agreed ${days}), and is ${now} now${changed}`];
}
