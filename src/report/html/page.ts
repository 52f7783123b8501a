import type { Evidence } from "../../model/evidence.ts";
import { requestText } from "../tally.ts";
import { renderDays } from "./days.ts";
import { renderDifferences } from "./differences.ts";
import { renderDocument } from "./document.ts";
import { renderEvidence } from "./evidence.ts";
import { html, NOTHING, type Html, type Part } from "./markup.ts";
import { STYLE } from "./style.ts";
import { renderTiming } from "./timing.ts";
import { renderTree } from "./tree.ts";
import { renderVerdict } from "./verdict.ts";
import { renderWay } from "./way.ts";

/** What is around the verdict where the page is shown. */
export interface Around {
  /** The command that would keep what each worker was given; null where it is kept, or cannot be had again. */
  readonly again: string | null;
  /** Links of the place that shows it, before everything else. */
  readonly links: Html;
  /** How to get the report that can be checked. */
  readonly json: Part;
}

/** One page for a manager, at its top, and for a reviewer, below: it loads nothing, and runs nothing. */
export function renderHtml(evidence: Evidence, again: string | null = null): string {
  return renderVerdictPage(evidence, {
    again,
    links: NOTHING,
    json: html`Run the verification with <code>--report verdict.json</code> beside this report`,
  });
}

export function renderVerdictPage(evidence: Evidence, { again, links, json }: Around): string {
  const sections = [
    { id: "way", title: "The vantages", body: renderWay(evidence) },
    { id: "differences", title: "What differs", body: renderDifferences(evidence) },
    { id: "tree", title: "What was compared", body: renderTree(evidence) },
    { id: "timing", title: "Timing", body: renderTiming(evidence) },
    { id: "days", title: "Days", body: renderDays(evidence) },
    { id: "evidence", title: "Evidence", body: renderEvidence(evidence) },
    { id: "check", title: "How to check this", body: checking(json) },
  ].filter(({ body }) => body.toString() !== "");
  const body = html`${links}<main>
${renderVerdict(evidence, again)}<nav class="contents" aria-label="On this page"><ul>
${sections.map(
  ({ id, title }) => html`<li><a href="#${id}">${title}</a></li>
`,
)}</ul></nav>
${sections.map(
  ({ id, title, body: inside }) => html`<section class="${id}" aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${inside}</section>
`,
)}</main>
${footer(evidence)}`;
  return renderDocument(`${evidence.outcome}: ${requestText(evidence.request)}`, STYLE, body);
}

function checking(json: Part): Html {
  return html`<p>This page is for reading, and anybody can write one like it. What a program can check is the JSON report of the same verification, which holds all of its facts. ${json}, and let tofu3 judge it anew:</p>
<pre>tofu3 judge verdict.json</pre>
<p>To check the content and not the report, verify it again yourself, from vantages of your own.</p>
`;
}

function footer({ startedAt, finishedAt, tool, quorum, entered }: Evidence): Html {
  const entry = entered === null ? NOTHING : html` Entry ${entered.entry} of the ledger, <code>${entered.hash}</code>.`;
  return html`<footer><p>Looked from ${startedAt} to ${finishedAt}; ${quorum} saw the same; tofu3 ${tool.version}.${entry}</p></footer>`;
}
