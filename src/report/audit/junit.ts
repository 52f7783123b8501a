import { visible } from "../../errors.ts";
import type { Audit, AuditFinding } from "../../model/audit.ts";
import { UNCHECKED } from "../../pins/findings/level.ts";
import { listed } from "../text.ts";
import { spotOf } from "./listing.ts";

const LONGEST = 2000;

/** JUnit XML: a test case for each reference. What fails is a failure, what could not be checked is skipped. */
export function renderAuditJunit(audit: Audit): string {
  const references = [...new Set([...audit.subjects, ...audit.findings].map(({ reference }) => reference))].sort();
  const found = new Map<string, AuditFinding[]>(references.map((reference) => [reference, []]));
  for (const finding of audit.findings) found.get(finding.reference)?.push(finding);
  const cases = [...found].map(([reference, findings]) => caseOf(reference, findings));
  const count = (state: Case["state"]): number => cases.filter((each) => each.state === state).length;
  const counts = `tests="${cases.length}" failures="${count("failed")}" errors="0"`;
  const time = `time="${secondsOf(audit)}"`;
  const suite = `skipped="${count("skipped")}" timestamp=${quoted(audit.startedAt.slice(0, 19))}`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="tofu3 audit" ${counts} ${time}>`,
    `  <testsuite name="tofu3 audit" ${counts} ${suite} ${time}>`,
    ...cases.map(({ xml }) => xml),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

interface Case {
  readonly state: "failed" | "skipped" | "passed";
  readonly xml: string;
}

function caseOf(reference: string, findings: readonly AuditFinding[]): Case {
  const failing = findings.filter(({ fails }) => fails);
  const unchecked = findings.filter(({ kind }) => UNCHECKED.includes(kind));
  const others = findings.filter((each) => !failing.includes(each) && !unchecked.includes(each));
  const state = failing.length > 0 ? "failed" : unchecked.length > 0 ? "skipped" : "passed";
  const told =
    others.length === 0 && (state !== "failed" || unchecked.length === 0) ? [] : [noteXml(state, others, unchecked)];
  const inner = [...stateXml(state, failing, unchecked), ...told];
  const file = findings[0]?.places[0]?.file;
  const where = file === undefined ? "" : ` file=${quoted(file)}`;
  const head = `    <testcase classname="tofu3.audit" name=${quoted(reference)}${where} time="0"`;
  return { state, xml: inner.length === 0 ? `${head}/>` : [`${head}>`, ...inner, "    </testcase>"].join("\n") };
}

function stateXml(
  state: Case["state"],
  failing: readonly AuditFinding[],
  unchecked: readonly AuditFinding[],
): readonly string[] {
  if (state === "passed") return [];
  if (state === "skipped")
    return [`      <skipped message=${quoted(unchecked.map(({ message }) => message).join("; "))}/>`];
  const kinds = [...new Set(failing.map(({ kind }) => kind))];
  return [
    `      <failure type=${quoted(kinds[0] ?? "")} message=${quoted(listed(kinds))}>${escaped(linesOf(failing))}</failure>`,
  ];
}

function noteXml(state: Case["state"], others: readonly AuditFinding[], unchecked: readonly AuditFinding[]): string {
  const all = state === "failed" ? [...others, ...unchecked] : others;
  return `      <system-out>${escaped(linesOf(all))}</system-out>`;
}

function linesOf(findings: readonly AuditFinding[]): string {
  return findings
    .flatMap(({ kind, message, next, places }) => [
      `${kind}: ${visible(message, LONGEST)}`,
      ...(next === null ? [] : [`  next: ${visible(next, LONGEST)}`]),
      ...places.map((place) => `  ${spotOf(place)}`),
    ])
    .join("\n");
}

function secondsOf({ startedAt, finishedAt }: Audit): string {
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds).toFixed(3) : "0";
}

function quoted(text: string): string {
  return `"${escaped(visible(text, LONGEST))}"`;
}

/** What is no character of XML 1.0 §2.2 becomes the replacement character. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
