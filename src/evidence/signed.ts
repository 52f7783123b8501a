import { isDeepStrictEqual } from "node:util";
import { visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Contradiction } from "../model/rejudged.ts";
import { contradictionAt, first, shown } from "./contradiction.ts";
import { refused, type Signed } from "./envelopes.ts";
import type { PublicKey } from "./keys/publickey.ts";
import { OBSERVATION, SVR, VERDICT, VSA } from "./statement/statement.ts";
import { conclusionStatements, observationStatements } from "./statement/statements.ts";
import { subjectsOf } from "./statement/subjects.ts";

/** What the statements about one verification say, put together again. */
export interface Gathered {
  readonly name: string;
  /** The report, not checked yet: the verdict's, with the observations in their place. */
  readonly report: unknown;
  /** Who signed every statement of it. */
  readonly by: readonly PublicKey[];
  readonly signed: readonly Signed[];
}

/**
 * Statements about one verification after another: its observations, its verdict, which names exactly those, then the
 * summaries. Throws E_EVIDENCE.
 */
export function gather(statements: readonly Signed[], name: string): readonly Gathered[] {
  const groups: Signed[][] = [];
  for (const each of statements) {
    const last = groups.at(-1);
    const isNext = last === undefined || (each.statement.predicateType === OBSERVATION && last.some(isVerdict));
    if (isNext) groups.push([each]);
    else last.push(each);
  }
  if (groups.length === 0) throw refused(name, "it is empty");
  return groups.map((group, at) => gathered(group, groups.length === 1 ? name : `verification ${at + 1} of ${name}`));
}

function gathered(signed: readonly Signed[], name: string): Gathered {
  const kinds = signed.map(({ statement }) => statement.predicateType);
  const seen = signed.filter(({ statement }) => statement.predicateType === OBSERVATION);
  const [verdict] = signed.slice(seen.length);
  const summaries = kinds.slice(seen.length + 1).join(" ");
  if (verdict === undefined || !isVerdict(verdict) || ![VSA, `${SVR} ${VSA}`].includes(summaries))
    throw refused(
      name,
      `its statements are not observations, a verdict and the summaries of it: ${visible(kinds.join(", "), 300)}`,
    );
  const { report, observations } = verdict.statement.predicate;
  const named = Array.isArray(observations) ? (observations as unknown[]) : [];
  const inputs = seen.map(({ line }) => line);
  const wrong = contradictionAt("predicate.observations", named, inputs);
  if (wrong !== null)
    throw refused(verdict.name, `at ${wrong.at} it says ${wrong.says}, and the file has ${wrong.follows}`);
  const told = typeof report === "object" && report !== null ? report : {};
  return {
    name,
    report: { ...told, observations: seen.map(({ statement }) => statement.predicate["observation"]) },
    by: [...new Map(signed.flatMap(({ by }) => by).map((key) => [key.id, key])).values()],
    signed,
  };
}

/**
 * The first place where the statements are not what tofu3 makes of the report that they were put together from; null if
 * they are. Whether the report itself holds is another question.
 */
export function contradictionInStatements({ signed }: Gathered, told: Evidence): Contradiction | null {
  const subjects = subjectsOf(told);
  const seen = observationStatements(told, subjects);
  const inputs = signed.slice(0, seen.length).map(({ line }) => line);
  const follow = [...seen, ...conclusionStatements(told, subjects, inputs)];
  if (follow.length !== signed.length)
    return { at: "the number of statements", says: String(signed.length), follows: String(follow.length) };
  return first(
    signed.map(({ name, statement }, at) => () => {
      const { predicateType, subject, predicate } = follow[at] ?? statement;
      return (
        contradictionAt(`predicateType of ${name}`, statement.predicateType, predicateType) ??
        exactly(`subject of ${name}`, statement.subject, subject) ??
        contradictionAt(`predicate of ${name}`, statement.predicate, whatFollows(predicateType, predicate))
      );
    }),
  );
}

/** The observations and the verdict are judged by themselves. */
function whatFollows(kind: string, predicate: Signed["statement"]["predicate"]): unknown {
  if (kind === VERDICT) return {};
  return kind === OBSERVATION ? { run: predicate["run"] } : predicate;
}

/** Tools find a statement by its subject, by whichever of its digests they know: there must be no other one. */
function exactly(at: string, says: unknown, follows: unknown): Contradiction | null {
  return isDeepStrictEqual(says, follows) ? null : { at, says: shown(says), follows: shown(follows) };
}

function isVerdict({ statement }: Signed): boolean {
  return statement.predicateType === VERDICT;
}
