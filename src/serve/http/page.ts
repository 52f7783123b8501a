import type { Evidence } from "../../model/evidence.ts";
import type { Hold } from "../../model/gate.ts";
import { formatNamed, type Repository } from "../../oci/reference.ts";
import { renderDocument } from "../../report/html/document.ts";
import { html, NOTHING, type Html, type Part } from "../../report/html/markup.ts";
import { renderVerdictPage } from "../../report/html/page.ts";
import { STYLE } from "../../report/html/style.ts";
import { renderRows } from "../../report/html/table.ts";
import { PLAIN } from "../../report/paint.ts";
import { verdictLine } from "../../report/verdictline.ts";
import type { FlightView } from "../gate/gate.ts";

/** What the first page shows. */
export interface Overview {
  readonly version: string;
  /** Why it is not ready; empty if it is. */
  readonly reasons: readonly string[];
  readonly flights: readonly FlightView[];
  readonly holds: readonly { readonly repository: Repository; readonly name: string; readonly hold: Hold }[];
  readonly verdicts: readonly { readonly id: string; readonly evidence: Evidence }[];
}

/** Flights, holds and the last verdicts, for people. */
export function renderOverview({ version, reasons, flights, holds, verdicts }: Overview): string {
  const title = `tofu3 ${version}`;
  const state =
    reasons.length === 0
      ? html`<p class="good">✓ Ready.</p>`
      : html`<p class="bad">! Not ready: ${reasons.join("; ")}.</p>`;
  const body = html`<main>
<h1>${title}</h1>
${state}
${section("Holds", "Nothing is on hold.", ["Reference", "Why", "Since", "To clear it"], holds.map(holdCells))}${section(
    "Flights",
    "No question is under way.",
    ["What", "Since", "Waiting", "State"],
    flights.map(flightCells),
  )}${section("Last verdicts", "There are none yet.", ["When", "Reference", "Verdict"], verdicts.map(verdictCells))}</main>`;
  return renderDocument(title, STYLE, body);
}

/** One verdict, as `--report FILE.html` shows it. */
export function renderVerdict(id: string, evidence: Evidence): string {
  const json = html`<a href="/verdicts/${encodeURIComponent(id)}.json">${NAME}</a>`;
  return renderVerdictPage(evidence, {
    again: null,
    links: html`<header class="top"><a href="/">All verdicts</a> ${json}</header>
`,
    json: html`Save it from here (${json})`,
  });
}

const NAME = "JSON report";

function holdCells({ repository, name, hold }: Overview["holds"][number]): readonly Part[] {
  const reference = formatNamed(repository, name);
  const linked = hold.verdict === null ? NOTHING : html` (${link(hold.verdict, "verdict")})`;
  const why = html`<span class="bad">${hold.outcome}</span>: ${hold.sentence}${linked}`;
  return [reference, why, hold.since, html`<code>tofu3 serve clear ${reference}</code>`];
}

function flightCells({ what, since, waiting, isQueued }: FlightView): readonly Part[] {
  return [what, since, waiting, isQueued ? "queued" : "under way"];
}

function verdictCells({ id, evidence }: Overview["verdicts"][number]): readonly Part[] {
  return [link(id, evidence.finishedAt), evidence.request.reference, verdictLine(evidence, PLAIN)];
}

function link(id: string, text: string): Html {
  return html`<a href="/verdicts/${encodeURIComponent(id)}">${text}</a>`;
}

function section(title: string, none: string, head: readonly string[], rows: readonly (readonly Part[])[]): Html {
  const inside = rows.length === 0 ? html`<p>${none}</p>\n` : renderRows({ head, rows });
  return html`<h2>${title}</h2>\n${inside}`;
}
