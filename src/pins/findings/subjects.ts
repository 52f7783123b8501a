import type {
  AnyExamination,
  Answer,
  Audit,
  AuditFinding,
  AuditSubject,
  Examination,
  FileExamination,
  ListedExamination,
} from "../../model/audit.ts";
import { formatListed, isGit } from "../../model/listed.ts";
import type { Unread } from "../../model/mention.ts";
import { formatSubject } from "../../model/subject.ts";
import { formatReference } from "../../oci/reference.ts";
import { isGone } from "./case.ts";
import { UNCHECKED } from "./level.ts";
import { mayHide } from "./unchecked.ts";

/** One for each examination, sorted by reference. */
export function subjectsOf(examinations: ReadonlyMap<string, AnyExamination>): readonly AuditSubject[] {
  return [...examinations.values()]
    .map((each) => {
      if ("reference" in each) return subjectOf(each);
      return "file" in each ? fileSubjectOf(each) : listedSubjectOf(each);
    })
    .sort((left, right) => (left.reference < right.reference ? -1 : 1));
}

function subjectOf(examination: Examination): AuditSubject {
  const { notAsked, blobs } = examination;
  const reference = formatReference(examination.reference);
  const answer = mainAnswer(examination);
  const isAlarm = answer?.outcome === "disagreed";
  if (notAsked !== null && !isAlarm) return { reference, digest: null, outcome: "unasked", summary: notAsked };
  if ([...blobs.values()].includes("false")) return { reference, digest: null, ...FALSE_BOTTLE };
  if (blobs.size > 0 && (answer === null || isGone(answer))) return { reference, digest: null, ...presence(blobs) };
  if (answer === null) return { reference, digest: null, outcome: "unasked", summary: "nothing was asked about it" };
  return { reference, digest: digestOf(answer), outcome: answer.outcome, summary: answer.summary };
}

function fileSubjectOf({ file, answer, notAsked }: FileExamination): AuditSubject {
  const reference = formatSubject(file);
  if (answer === null) {
    return { reference, digest: null, outcome: "unasked", summary: notAsked ?? "nothing was asked about it" };
  }
  const { outcome, summary } = answer;
  return { reference, digest: outcome === "agreed" || outcome === "pending" ? file.pin : null, outcome, summary };
}

/** A commit is no digest of any bytes. */
function listedSubjectOf({ listed, answer, claims, notAsked }: ListedExamination): AuditSubject {
  const reference = formatListed(listed);
  if (answer === null) {
    return { reference, digest: null, outcome: "unasked", summary: notAsked ?? "nothing was asked about it" };
  }
  const { outcome, summary } = [answer, ...claims.values()].find((each) => each.outcome === "disagreed") ?? answer;
  const digest = outcome === "agreed" && !isGit(listed) ? listed.digest : null;
  return { reference, digest, outcome, summary };
}

const FALSE_BOTTLE = { outcome: "disagreed", summary: "a worker was given other bytes for a bottle" } as const;

/** Any alarm; otherwise what the reference leads to. */
function mainAnswer({ tag, pin, claims }: Examination): Answer | null {
  const alarm = [pin, tag, ...claims.values()].find((each) => each?.outcome === "disagreed");
  return alarm ?? pin ?? tag;
}

function digestOf({ outcome, root }: Answer): AuditSubject["digest"] {
  return outcome === "agreed" || outcome === "pending" || outcome === "changed" ? (root?.digest ?? null) : null;
}

/** What bottles without an index amount to. */
function presence(blobs: Examination["blobs"]): Pick<AuditSubject, "outcome" | "summary"> {
  const all = [...blobs.values()];
  const count = (what: string): number => all.filter((each) => each === what).length;
  const summary = `of ${all.length} bottles by digest, ${count("there")} exist, and ${count("gone")} do not`;
  if (count("unclear") > 0)
    return { outcome: "incomplete", summary: `${summary}; the workers do not all tell of ${count("unclear")}` };
  return { outcome: count("gone") > 0 ? "absent" : "agreed", summary };
}

/** What the audit comes to. */
export function outcomeOf(findings: readonly AuditFinding[], unread: readonly Unread[]): Audit["outcome"] {
  if (findings.some(({ fails }) => fails)) return "findings";
  return unread.some(mayHide) || findings.some(({ kind }) => UNCHECKED.includes(kind)) ? "unchecked" : "clean";
}

/** `12 findings in 8 of 40 references; 2 could not be checked`: the audit in one sentence. */
export function summaryOf(
  subjects: readonly AuditSubject[],
  findings: readonly AuditFinding[],
  unread: readonly Unread[],
): string {
  const grave = findings.filter(({ fails }) => fails);
  const unchecked = new Set(findings.filter(({ kind }) => UNCHECKED.includes(kind)).map(({ reference }) => reference));
  const unresolved = new Set(findings.filter(({ kind }) => kind === "unresolved").map(({ reference }) => reference));
  const all = subjects.length + unresolved.size;
  const references = `${all} reference${all === 1 ? "" : "s"}`;
  const found = new Set(grave.map(({ reference }) => reference)).size;
  const what =
    grave.length === 0
      ? `nothing found in ${references}`
      : `${grave.length} finding${grave.length === 1 ? "" : "s"} in ${found} of ${references}`;
  const hidden = unread.filter(mayHide).length;
  return [
    what,
    ...(unchecked.size === 0 ? [] : [`${unchecked.size} could not be checked`]),
    ...(hidden === 0 ? [] : [`${hidden === 1 ? "1 file was" : `${hidden} files were`} not read`]),
  ].join("; ");
}
