import { AUDIT_EXITS, type Audit, type AuditFinding } from "../../model/audit.ts";
import { renderDocument } from "../html/document.ts";
import { html, NOTHING, type Html, type Part } from "../html/markup.ts";
import { asides, byKind, placesIn, spotOf } from "./listing.ts";
import { MEANINGS } from "./words.ts";

const MOST_OPEN = 5;

/** One page that loads nothing, runs nothing and links to nothing but itself. */
export function renderAuditHtml(audit: Audit): string {
  const { outcome, summary, findings, suppressed, unread, subjects } = audit;
  const body = html`<h1 class="${outcome}">${outcome}</h1>
<p>${summary}; exit code ${AUDIT_EXITS[outcome]}.</p>
${findings.length === 0 ? NOTHING : counts(findings)}${byKind(findings).map(([kind, all]) => ofKind(kind, all))}${section(
    "Suppressed",
    ["Kind", "Reference", "By", "Reason", "Places"],
    suppressed.map(suppressedRow),
  )}${section(
    "Not read",
    ["File", "Why"],
    unread.map(({ file, why }) => [file, why]),
  )}${section("References", ["Reference", "Outcome", "What the workers say"], subjects.map(subjectRow))}<p class="faint">${asides(
    audit,
  ).join("; ")}.<br>${when(audit)}</p>`;
  return renderDocument(`tofu3 audit: ${outcome}`, STYLE, body);
}

function ofKind(kind: AuditFinding["kind"], all: readonly AuditFinding[]): Html {
  const { title, meaning, todo } = MEANINGS[kind];
  return html`<h2 id="${kind}">${kind}: ${plain(title)}</h2>
<p>${plain(meaning)} ${plain(todo)}</p>
${table(["Reference", "Finding", "Places"], all.map(findingRow))}`;
}

function counts(findings: readonly AuditFinding[]): Html {
  const rows = byKind(findings).map(([kind, all]) => {
    const level = all[0]?.level ?? "note";
    return [
      html`<a href="#${kind}">${kind}</a>`,
      html`<span class="${level}">${level}</span>`,
      all.length,
      placesIn(all),
    ];
  });
  return table(["Kind", "Level", "Findings", "Places"], rows);
}

function findingRow({ reference, message, next, places }: AuditFinding): readonly Part[] {
  const todo = next === null ? NOTHING : html`<br><span class="faint">Next: ${next}.</span>`;
  return [html`<code>${reference}</code>`, html`${message}.${todo}`, placesOf(places)];
}

function placesOf(places: AuditFinding["places"]): Html {
  const spots = html`${places.map((place, at) => html`${at === 0 ? NOTHING : html`<br>`}<code>${spotOf(place)}</code>`)}`;
  if (places.length <= MOST_OPEN) return spots;
  return html`<details><summary>${places.length} places</summary>${spots}</details>`;
}

function suppressedRow({ finding, by, reason }: Audit["suppressed"][number]): readonly Part[] {
  const { kind, reference, places } = finding;
  return [kind, html`<code>${reference}</code>`, by, reason, placesOf(places)];
}

function subjectRow({ reference, outcome, summary }: Audit["subjects"][number]): readonly Part[] {
  return [html`<code>${reference}</code>`, outcome, summary];
}

function when({ startedAt, finishedAt, workers, tool }: Audit): string {
  return `Looked from ${startedAt} to ${finishedAt} with ${workers.join(", ")}; tofu3 ${tool.version}.`;
}

function section(title: string, head: readonly string[], rows: readonly (readonly Part[])[]): Html {
  return rows.length === 0 ? NOTHING : html`<h2>${title}</h2>\n${table(head, rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly Part[])[]): Html {
  return html`<table>
<thead><tr>${head.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody>
</table>
`;
}

/** Our own words, without their backquotes. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}

const STYLE = html`
:root { color-scheme: light dark; --line: #8886; --error: #b3261e; --warning: #8a5a00; --good: #1b6e3c; }
@media (prefers-color-scheme: dark) { :root { --error: #ff8a80; --warning: #ffcc80; --good: #81c995; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.7rem; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; }
code { font: 0.9em/1.4 ui-monospace, monospace; }
h1 { text-transform: uppercase; }
.error, .findings { color: var(--error); }
.warning, .unchecked { color: var(--warning); }
.clean { color: var(--good); }
.faint, .note { opacity: 0.75; }
`;
