import { visible, type Tofu3Error } from "../errors.ts";
import type { Rejudged, Together } from "../model/rejudged.ts";
import type { Paint } from "./paint.ts";
import { renderTable, type Shown } from "./table.ts";
import { counted } from "./text.ts";
import { paintOf, verdictLine } from "./verdictline.ts";

/** One file of `judge`, or one line of it. */
export interface JudgedFile {
  /** As it is told: quoted, printable. */
  readonly name: string;
  /** Why it could not be judged, or what it is. */
  readonly judged: Tofu3Error | Rejudged;
}

/**
 * Of one report that holds the table that `verify` prints, otherwise a line each; last what they say together. No
 * verdict stands alone where the file says another one.
 */
export function renderJudged(
  files: readonly JudgedFile[],
  together: readonly Together[],
  paint: Paint,
  shown: Shown,
): string {
  const [only, ...others] = files;
  const alone = only !== undefined && others.length === 0 && "evidence" in only.judged ? only.judged : null;
  const blocks =
    alone?.contradiction === null
      ? [renderTable(alone.evidence, paint, shown)]
      : files.map(({ name, judged }) => `${name}\n  ${lineOf(judged, paint)}\n`);
  const ends = together.map(({ outcome, summary }) => {
    return `\n${paint.strong(paintOf(outcome, paint)(outcome.toUpperCase()))}  ${visible(summary, 2000)}\n`;
  });
  return [...blocks, ...ends].join("");
}

function lineOf(judged: JudgedFile["judged"], paint: Paint): string {
  if (!("evidence" in judged)) return paint.bad(judged.code === "E_EVIDENCE" ? "does not hold" : "cannot be judged");
  const line = verdictLine(judged.evidence, paint);
  return judged.contradiction === null ? line : `${paint.bad("contradicts itself")}; what it holds: ${line}`;
}

/** `vim.json contradicts itself: at artifact.digest it says sha256:…, and sha256:… follows from the rest of it` */
export function contradictionText(name: string, { contradiction }: Rejudged): string | null {
  if (contradiction === null) return null;
  const { at, says, follows } = contradiction;
  return `${name} contradicts itself: at ${visible(at, 300)} it says ${says}, and from the rest of it follows ${follows}`;
}

/** The object of `judge --json`. */
export function judgedValue(
  files: readonly JudgedFile[],
  together: readonly Together[],
  version: string,
): Readonly<Record<string, unknown>> {
  return {
    schemaVersion: 1,
    tool: { name: "tofu3", version },
    summary: summaryOf(files),
    files: files.map(({ name, judged }) => ({
      file: name,
      ...("evidence" in judged ? reportValue(judged) : failed(judged)),
    })),
    together: together.map(({ request, outcome, summary, days, machines }) => {
      return { reference: request.reference, outcome, summary, days, machines };
    }),
  };
}

function summaryOf(files: readonly JudgedFile[]): string {
  const reports = files.flatMap(({ judged }) => ("evidence" in judged ? [judged] : []));
  const holding = reports.filter(({ contradiction }) => contradiction === null).length;
  const unread = files.length - reports.length;
  const rest = unread === 0 ? "" : `, and ${counted(unread, "file")} could not be judged`;
  return `${holding} of ${counted(reports.length, "report")} ${holding === 1 ? "holds" : "hold"}${rest}`;
}

function reportValue({ evidence, says, contradiction, signedBy, unsure }: Rejudged): Readonly<Record<string, unknown>> {
  const { request, outcome, quorum, summary, diagnosis, startedAt, finishedAt, observations } = evidence;
  const [digest = null, ...others] = new Set(observations.map((each) => each.digest));
  return {
    reference: request.reference,
    outcome,
    says,
    quorum,
    summary,
    /** Null unless all saw one. */
    digest: others.length === 0 ? digest : null,
    diagnosis,
    startedAt,
    finishedAt,
    contradiction,
    signedBy,
    signed: evidence.signed ?? [],
    unsure,
    error: null,
  };
}

function failed({ code, message, hint }: Tofu3Error): Readonly<Record<string, unknown>> {
  return { outcome: null, error: { code, message, hint } };
}
