import { createHash } from "node:crypto";
import type { Evidence } from "../../model/evidence.ts";
import { jsonOf } from "../../report/json.ts";
import { OBSERVATION, statementOf, SVR, VERDICT, VSA, type ResourceDescriptor, type Statement } from "./statement.ts";
import type { Subjects } from "./subjects.ts";
import { svrPredicate, vsaPredicate } from "./summaries.ts";

/** The statement of each observation, in the order of the report. */
export function observationStatements(evidence: Evidence, { each }: Subjects): readonly Statement[] {
  const { observations, tool, run = null } = jsonOf(evidence) as Evidence;
  return observations.map((observation, at) => statementOf(OBSERVATION, each[at] ?? [], { run, tool, observation }));
}

/** The digest of an envelope: of the bytes of its line, without the line feed. */
export function digestOfLine(line: string): ResourceDescriptor {
  return { digest: { sha256: createHash("sha256").update(line).digest("hex") } };
}

/**
 * What follows from observations whose envelopes have these digests: the report without them, and the summaries for
 * tools that know nothing of tofu3.
 */
export function conclusionStatements(
  evidence: Evidence,
  { all }: Subjects,
  inputs: readonly ResourceDescriptor[],
): readonly Statement[] {
  const entries = Object.entries(jsonOf(evidence) as Evidence);
  const report = Object.fromEntries(entries.filter(([key]) => key !== "observations"));
  return [
    statementOf(VERDICT, all, { report, observations: inputs }),
    ...(evidence.outcome === "agreed" ? [statementOf(SVR, all, svrPredicate(evidence))] : []),
    statementOf(VSA, all, vsaPredicate(evidence, inputs)),
  ];
}
