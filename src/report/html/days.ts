import type { Evidence } from "../../model/evidence.ts";
import { dayRows } from "../days.ts";
import { shortener } from "../text.ts";
import { html, NOTHING, type Html } from "./markup.ts";
import { renderRows } from "./table.ts";

/** What each worker saw on each day; empty where one day is enough. */
export function renderDays(evidence: Evidence): Html {
  const workers = evidence.observations.map(({ worker }) => worker);
  const rows = dayRows(evidence, workers);
  if (rows.length === 0) return NOTHING;
  const short = shortener(rows.flatMap(({ digests }) => digests.filter((digest) => digest !== null)));
  return renderRows({
    caption: `The policy wants ${evidence.policy.days} days on which all workers agree`,
    head: ["Day (UTC)", ...workers, "Counts"],
    rows: rows.map(({ day, digests, note, counts }) => [
      day,
      ...digests.map((digest) => (digest === null ? "–" : html`<code>${short(digest)}</code>`)),
      counts ? html`<span class="good">✓ ${note}</span>` : html`<span class="unsure">– ${note}</span>`,
    ]),
  });
}
