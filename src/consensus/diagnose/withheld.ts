import type { Because, DiagnosisClass, Finding } from "../../model/diagnosis.ts";
import { hostKeyDoubt } from "../../model/impostor.ts";
import type { Observation } from "../../model/observation.ts";
import { historyOf } from "../history.ts";
import { unsureOf } from "../complete.ts";
import type { Rule } from "./case.ts";
import { isPage, pageIn } from "./content.ts";

/** Answers that are no content: a page, an error document, something that cannot be read as what it says it is. */
const NO_CONTENT: ReadonlySet<string> = new Set(["E_MEDIA_TYPE", "E_MANIFEST", "E_ENCODING", "E_NOT_CONTENT"]);
const RANK: readonly DiagnosisClass[] = ["not-content", "mislabelled", "absent", "unreachable"];

/** All were told that it does not exist. */
export const absence: Rule = ({ verdict }) => {
  if (verdict.outcome !== "absent") return null;
  return { class: "absent", confidence: "sure", odd: [], because: { kind: "absent" } };
};

/** Some worker has no valid observation: the gravest reason, and the workers that have it. */
export const gap: Rule = ({ verdict, observations }) => {
  if (verdict.outcome !== "incomplete") return null;
  const { reason } = verdict;
  const missing = reason.kind === "gap" ? observations.filter(({ worker }) => reason.workers.includes(worker)) : [];
  const unsure = unsureOf(observations);
  const causes = missing.map((each) => ({ worker: each.worker, ...causeOf(each, unsure.has(each)) }));
  for (const wanted of RANK) {
    const [first, ...others] = causes.filter((each) => each.class === wanted);
    if (first === undefined) continue;
    const odd = [first, ...others].map(({ worker }) => worker).sort();
    const confidence = first.class === "absent" ? "possible" : "likely";
    return { class: first.class, confidence, odd, because: first.because };
  }
  return null;
};

interface Cause {
  readonly class: DiagnosisClass;
  readonly because: Because;
}

function causeOf(observation: Observation, isUnsure: boolean): Cause {
  const { error } = observation;
  if (error === null && isUnsure) return { class: "mislabelled", because: { kind: "types" } };
  if (error === null || error.code === "E_STOPPED") return { class: "unexplained", because: { kind: "unknown" } };
  if (error.code === "E_NOT_FOUND") return { class: "absent", because: { kind: "absent" } };
  // a guard's challenge, or a login page, comes with a status of its own
  if (NO_CONTENT.has(error.code) || (error.code === "E_DENIED" && isPage(observation))) {
    return { class: "not-content", because: pageIn(observation) };
  }
  const { stage, message, hint } = error;
  return { class: "unreachable", because: { kind: "unreachable", stage, message, hint } };
}

/** All saw the same, and it is not what was asked for or remembered. */
export const change: Rule = ({ verdict, past }) => {
  if (verdict.outcome !== "changed") return null;
  const { reason } = verdict;
  if (reason.kind === "version")
    return { class: "mislabelled", confidence: "sure", odd: [], because: { kind: "version" } };
  if (reason.kind === "pin") {
    const back = historyOf(past, reason.root).change === "rolled-back";
    const because: Because = { kind: "pin", pin: reason.pin, to: reason.root };
    return { class: back ? "rolled-back" : "tag-moved", confidence: "likely", odd: [], because };
  }
  if (reason.kind !== "ledger" || reason.history.last === null) return null;
  const { last, at, change: how } = reason.history;
  const because: Because = { kind: "moved", from: [last], to: reason.root, at };
  return { class: how === "rolled-back" ? "rolled-back" : "tag-moved", confidence: "sure", odd: [], because };
};

/** Whoever answers in place of a worker comes before all other reasons for which nothing was compared. */
export const impostor: Rule = ({ verdict, observations }) => {
  if (verdict.outcome !== "incomplete") return null;
  const causes = observations.flatMap(({ worker, error }) => {
    const doubt = hostKeyDoubt(error);
    return error === null || doubt === null ? [] : [{ worker, doubt, message: error.message, hint: error.hint }];
  });
  const [first] = causes;
  if (first === undefined) return null;
  const { doubt, message, hint } = first;
  const odd = causes.map(({ worker }) => worker).sort();
  return { class: "unreachable", confidence: "sure", odd, because: { kind: "host-key", doubt, message, hint } };
};

export const move: Rule = ({ verdict }) => {
  if (verdict.outcome !== "moved" || verdict.reason.kind !== "moved") return null;
  const { from, to } = verdict.reason;
  return { class: "tag-moved", confidence: "likely", odd: [], because: { kind: "moved", from, to, at: null } };
};

export const sameness: Rule = ({ verdict }): Finding | null => {
  if (verdict.outcome !== "indistinct" || verdict.reason.kind !== "indistinct") return null;
  const odd = [...new Set(verdict.reason.indistinct.flatMap(({ workers }) => workers))].sort();
  return { class: "unexplained", confidence: "sure", odd, because: { kind: "indistinct" } };
};
