import { createHash } from "node:crypto";
import { visible } from "../../errors.ts";
import { AUDIT_EXITS, type Audit, type AuditFinding } from "../../model/audit.ts";
import { asides, byKind, placesIn, spotOf } from "./listing.ts";
import { MEANINGS } from "./words.ts";

const LONGEST = 2000;
const MOST_OPEN = 5;

/** One page that loads nothing, runs nothing and links to nothing but itself. */
export function renderAuditHtml(audit: Audit): string {
  const { outcome, summary, findings, suppressed, unread, subjects } = audit;
  const title = `tofu3 audit: ${outcome}`;
  const body = [
    `<h1 class="${outcome}">${outcome}</h1>`,
    `<p>${escaped(summary)}; exit code ${AUDIT_EXITS[outcome]}.</p>`,
    ...(findings.length === 0 ? [] : [countsHtml(findings)]),
    ...byKind(findings).flatMap(([kind, all]) => [
      `<h2 id="${kind}">${kind}: ${plain(MEANINGS[kind].title)}</h2>`,
      `<p>${plain(MEANINGS[kind].meaning)} ${plain(MEANINGS[kind].todo)}</p>`,
      tableHtml(["Reference", "Finding", "Places"], all.map(rowOf)),
    ]),
    ...section("Suppressed", ["Kind", "Reference", "By", "Reason", "Places"], suppressedRows(suppressed)),
    ...section(
      "Not read",
      ["File", "Why"],
      unread.map(({ file, why }) => [escaped(file), escaped(why)]),
    ),
    ...section("References", ["Reference", "Outcome", "What the vantages say"], subjects.map(subjectRow)),
    `<p class="faint">${asides(audit).map(escaped).join("; ")}.<br>${whenText(audit)}</p>`,
  ];
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">',
    `<title>${escaped(title)}</title>\n<style>${STYLE}</style>\n</head>\n<body>`,
    ...body,
    "</body>\n</html>\n",
  ].join("\n");
}

function countsHtml(findings: readonly AuditFinding[]): string {
  const rows = byKind(findings).map(([kind, all]) => {
    const level = all[0]?.level ?? "note";
    return [
      `<a href="#${kind}">${kind}</a>`,
      `<span class="${level}">${level}</span>`,
      String(all.length),
      String(placesIn(all)),
    ];
  });
  return tableHtml(["Kind", "Level", "Findings", "Places"], rows);
}

function rowOf({ reference, message, next, places }: AuditFinding): readonly string[] {
  const todo = next === null ? "" : `<br><span class="faint">Next: ${escaped(next)}.</span>`;
  return [`<code>${escaped(reference)}</code>`, `${escaped(message)}.${todo}`, placesHtml(places)];
}

function placesHtml(places: AuditFinding["places"]): string {
  const spots = places.map((place) => `<code>${escaped(spotOf(place))}</code>`);
  if (spots.length <= MOST_OPEN) return spots.join("<br>");
  return `<details><summary>${spots.length} places</summary>${spots.join("<br>")}</details>`;
}

function suppressedRows(suppressed: Audit["suppressed"]): readonly (readonly string[])[] {
  return suppressed.map(({ finding, by, reason }) => {
    const { kind, reference, places } = finding;
    return [kind, `<code>${escaped(reference)}</code>`, by, escaped(reason), placesHtml(places)];
  });
}

function subjectRow({ reference, outcome, summary }: Audit["subjects"][number]): readonly string[] {
  return [`<code>${escaped(reference)}</code>`, outcome, escaped(summary)];
}

function whenText({ startedAt, finishedAt, workers, tool }: Audit): string {
  const names = workers.map(escaped).join(", ");
  return `Looked from ${escaped(startedAt)} to ${escaped(finishedAt)} with ${names}; tofu3 ${escaped(tool.version)}.`;
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return rows.length === 0 ? [] : [`<h2>${title}</h2>`, tableHtml(head, rows)];
}

/** Cells are HTML already. */
function tableHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const titles = head.map((each) => `<th>${each}</th>`).join("");
  const lines = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
  return `<table>\n<thead><tr>${titles}</tr></thead>\n<tbody>\n${lines.join("\n")}\n</tbody>\n</table>`;
}

/** Our own words, without their backquotes. */
function plain(text: string): string {
  return escaped(text.replaceAll("`", ""));
}

/** The one way into the page for text from outside. */
function escaped(text: string): string {
  return visible(text, LONGEST).replace(/[&<>"'`=]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
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

/** Nothing is loaded or run, and no style but this. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;
