import { readFileSync } from "node:fs";
import { join } from "node:path";
import { report } from "../../src/evidence/schema/report.ts";
import { rejudge } from "../../src/evidence/rejudge.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import { compile, strictly } from "../evidence/strictly.ts";

const SCHEMA = join(import.meta.dirname, "../../config/tofu3-report.schema.json");
const validate = compile(strictly(JSON.parse(readFileSync(SCHEMA, "utf8")) as object));

function isSorted(values: readonly string[]): boolean {
  return values.every((value, i) => i === 0 || (values[i - 1] ?? "") <= value);
}

/** What is wrong with this object; empty when it keeps the contract. */
export function breaches(text: string): string[] {
  const parsed = report.safeParse(JSON.parse(text));
  if (parsed.success && validate(JSON.parse(text)) !== true)
    return (validate.errors ?? []).map((each) => `${each.dataPath} ${each.message ?? ""}`);
  if (!parsed.success) return parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  const {
    observations,
    differences,
    artifact,
    diagnosis,
    outcome,
    reason: reasonGiven,
    startedAt,
    finishedAt,
  } = parsed.data;
  const lists = [
    ["observations", observations.map((each) => each.worker)],
    ...observations.map((each) => [`${each.worker} addresses`, each.evidence.addresses] as const),
    ...observations.map((each) => [`${each.worker} headers`, each.evidence.headers] as const),
    ...differences.flatMap((each) => each.views.map((one) => [`${each.at} workers`, one.workers] as const)),
    ["times", [startedAt, finishedAt]],
  ] as const;
  return [
    ...rejudgedBreaches(parsed.data as unknown as Evidence),
    ...lists.flatMap(([name, values]) => (isSorted(values) ? [] : [`${name} are not sorted`])),
    ...((artifact !== null) === (outcome === "agreed")
      ? []
      : ["an artifact stands there if and only if it is agreed on"]),
    ...((reasonGiven === null) === (outcome === "agreed")
      ? []
      : ["a reason stands there if and only if they do not agree"]),
    ...((diagnosis === null) === (outcome === "agreed" || outcome === "pending")
      ? []
      : ["a diagnosis stands there if and only if something is to be explained"]),
    ...(differences.length > 0 === (outcome === "disagreed" || outcome === "moved")
      ? []
      : ["differences stand there if and only if there are any"]),
  ];
}

/** Whoever has only the report comes to the same verdict. */
function rejudgedBreaches(evidence: Evidence): string[] {
  const { basis } = evidence;
  if (basis === undefined) return ["it does not have what its verdict rests on"];
  const { contradiction, evidence: again, unsure } = rejudge({ ...evidence, basis });
  return [
    ...(contradiction === null ? [] : [`judged again: ${JSON.stringify(contradiction)}`]),
    ...(again.outcome === evidence.outcome || unsure.length > 0 ? [] : [`judged again it is ${again.outcome}`]),
  ];
}

/** What was printed as a result: the object that tells an error is none. */
export function resultIn(stdout: string): string {
  return /^\{[^]*"outcome": null,[^]*"error": \{/.test(stdout) ? "" : stdout;
}
