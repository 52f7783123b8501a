import type { Evidence } from "../../model/evidence.ts";
import { envelopeOf } from "../dsse.ts";
import type { Signer } from "../keys/signer.ts";
import type { Statement } from "./statement.ts";
import { conclusionStatements, digestOfLine, observationStatements } from "./statements.ts";
import { subjectsOf } from "./subjects.ts";

/**
 * The text of NAME.intoto.jsonl: an envelope a line, the observations first. Null if nobody saw anything and nothing was
 * asked for by digest: there is no artifact that a statement could be about.
 */
export async function writeStatements(evidence: Evidence, signer: Signer): Promise<string | null> {
  const subjects = subjectsOf(evidence);
  if (subjects.all.length === 0) return null;
  const seal = (statements: readonly Statement[]): Promise<string[]> =>
    Promise.all(statements.map((each) => envelopeOf(Buffer.from(JSON.stringify(each)), signer)));
  const seen = await seal(observationStatements(evidence, subjects));
  const follows = await seal(conclusionStatements(evidence, subjects, seen.map(digestOfLine)));
  return [...seen, ...follows].map((line) => `${line}\n`).join("");
}
