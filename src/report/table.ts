import { visible } from "../errors.ts";
import type { Change, Comparison } from "../model/diagnosis.ts";
import type { Evidence, ToldDifference } from "../model/evidence.ts";
import { hostKeyDoubt } from "../model/impostor.ts";
import type { Observation } from "../model/observation.ts";
import { isDigest } from "../oci/digest.ts";
import { comeBack, dayRows } from "./days.ts";
import { folded } from "./fold.ts";
import { renderGrid } from "./grid.ts";
import { hostKeyLines } from "./hostkey.ts";
import { movedSince, rootOfReason, type Moved } from "./notices.ts";
import { isFine, oddOnes } from "./odd.ts";
import type { Paint } from "./paint.ts";
import {
  chosenDigests,
  exitDoubt,
  faultHint,
  faultNote,
  firstPlaces,
  isAboutFile,
  matchesText,
  outcomeWord,
  remarksOf,
  requestText,
  tallyOf,
} from "./tally.ts";
import { bytesText, counted, listed, shortener } from "./text.ts";
import { paintOf, verdictLine } from "./verdictline.ts";

const NONE = "–";

/** What a table may know besides the evidence. */
export interface Shown {
  /** Columns of the terminal; without it lines are as long as they are. */
  readonly width?: number;
  /** The command that would keep what each worker was given; null where it is kept, or cannot be had again. */
  readonly again?: string | null;
}

/** The report for a terminal: a row per worker, what is wrong and where, and the verdict on the last line. */
export function renderTable(evidence: Evidence, paint: Paint, { width = Infinity, again = null }: Shown = {}): string {
  const prose = (lines: readonly string[]): string[] => lines.flatMap((line) => folded(line, width));
  const blocks = [
    prose([visible(requestText(evidence.request))]),
    [workersGrid(evidence, paint, width)],
    prose(faultLines(evidence.observations, paint)),
    [...prose(matchesLines(evidence)), ...chosenLines(evidence)],
    differencesLines(evidence.differences, paint, width),
    evidence.diagnosis === null ? [] : comparedLines(evidence, paint),
    prose(diagnosisLines(evidence, paint)),
    againLines(evidence, paint, again),
    daysLines(evidence, paint, width),
    movedLines(evidence, paint),
    evidence.observations.flatMap(({ worker, error }) => hostKeyLines(worker, error, paint, width)),
    prose(noticeLines(evidence, paint)),
    prose([verdictLine(evidence, paint)]),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

const MOST_CHOSEN = 20;

function matchesLines(evidence: Evidence): string[] {
  const matches = matchesText(evidence);
  return matches === null ? [] : [visible(matches)];
}

/** Digests in full, to be copied. */
function chosenLines(evidence: Evidence): string[] {
  const chosen = chosenDigests(evidence);
  const shown = chosen.slice(0, MOST_CHOSEN).map(([what, digest]) => [visible(what, 60), digest] as const);
  const width = Math.max(...shown.map(([what]) => what.length));
  const lines = shown.map(([what, digest]) => `${what.padEnd(width)}  ${digest}`);
  return chosen.length > MOST_CHOSEN
    ? [...lines, `… and ${chosen.length - MOST_CHOSEN} more: --json lists them all`]
    : lines;
}

function noticeLines(evidence: Evidence, paint: Paint): string[] {
  return evidence.notices
    .slice(movedOf(evidence) === null ? 0 : 1)
    .map((notice) => `${paint.strong("notice")}: ${visible(notice, 2000)}`);
}

/** A command is never folded, so that it can be pasted. */
function againLines({ outcome }: Evidence, paint: Paint, again: string | null): string[] {
  if (outcome !== "disagreed" || again === null) return [];
  return [
    `${paint.strong("evidence")}: to keep what each worker is given, run it again so:`,
    `    ${visible(again, 4000)}`,
  ];
}

function workersGrid({ outcome, observations, differences }: Evidence, paint: Paint, width: number): string {
  const short = shortener(observations.flatMap((observation) => observation.digest ?? []));
  const odd = oddOnes(differences, observations.length);
  const rows = observations.map((observation) => {
    const { objects, bytes } = tallyOf(observation.objects);
    const { worker, via, digest } = observation;
    const where = odd.get(worker);
    return [
      visible(worker, 40),
      via,
      where === undefined
        ? outcomeText(observation, isFine(observation, odd, differences), paint)
        : paintOf(outcome, paint)("differs"),
      digest === null ? NONE : short(digest),
      String(objects),
      bytesText(bytes),
      [where, faultNote(observation), ...remarksOf(observation)].filter((each) => each != null).join(", "),
    ];
  });
  const fit = { right: [4, 5], width, spare: [1, 5, 4] };
  return renderGrid(["WORKER", "VIA", "OUTCOME", "DIGEST", "OBJECTS", "BYTES", "NOTE"], rows, paint, fit);
}

function outcomeText(observation: Observation, fine: boolean, paint: Paint): string {
  const word = outcomeWord(observation);
  if (hostKeyDoubt(observation.error) !== null) return paint.bad(word);
  return fine ? paint.good(word) : paint.unsure(word);
}

/** One line per fault and per doubt about an exit, however many workers met it. */
function faultLines(observations: readonly Observation[], paint: Paint): string[] {
  const met = new Map<string, string[]>();
  const add = (text: string, worker: string): void => {
    met.set(text, [...(met.get(text) ?? []), visible(worker, 40)]);
  };
  for (const observation of observations) {
    const { worker, error } = observation;
    const todo = faultHint(observation, observations);
    const hint = todo === null ? "" : `; ${paint.faint("hint:")} ${visible(todo)}`;
    const has = error?.choices === undefined ? "" : `; it has: ${visible(error.choices.join("; "), 4000)}`;
    if (error !== null && error.code !== "E_STOPPED" && hostKeyDoubt(error) === null)
      add(`${visible(error.message)}${has}${hint}`, worker);
    const doubt = exitDoubt(observation);
    if (doubt !== null) add(visible(doubt), worker);
  }
  return [...met].map(([text, workers]) => `${paint.strong(listed(workers))}: ${text}`);
}

function differencesLines(differences: readonly ToldDifference[], paint: Paint, width: number): string[] {
  const { first, more } = firstPlaces(differences);
  return [...first.flatMap((each) => differenceLines(each, paint, width)), ...(more === null ? [] : [more])];
}

/** Names and digests side by side, or below each other where they do not fit. */
function differenceLines({ at, expected, views }: ToldDifference, paint: Paint, width: number): string[] {
  const asked = expected === null ? "" : `, expected ${expected}`;
  const types = new Set(views.map((view) => view.mediaType).filter((type) => type !== ""));
  const names = views.map(({ workers }) => listed(workers.map((worker) => visible(worker, 40))));
  const column = Math.max(...names.map((name) => name.length));
  const seen = views.flatMap(({ digest, size, mediaType }, index) => {
    const type = types.size > 1 && mediaType !== "" ? `  ${visible(mediaType, 100)}` : "";
    const what = mediaType === "" ? "nothing there" : `${digest ?? "other bytes"}  ${bytesText(size)}${type}`;
    const line = `    ${(names[index] ?? "").padEnd(column)}  ${what}`;
    return line.length <= width
      ? [line]
      : [`    ${names[index] ?? ""}`, ...folded(what, width - 8).map((each) => `        ${each}`)];
  });
  return [...folded(`${paint.bad("differs")}: ${visible(at)}${asked}`, width), ...seen];
}

function comparedLines({ compared, observations }: Evidence, paint: Paint): string[] {
  const [top] = compared;
  const sides = top === undefined ? null : ([sawOf(top.left, observations), sawOf(top.right, observations)] as const);
  return compared.flatMap((each) => comparisonLines(each, sides, paint));
}

function diagnosisLines({ diagnosis }: Evidence, paint: Paint): string[] {
  if (diagnosis === null) return [];
  return [
    `${paint.strong("diagnosis")}: ${visible(diagnosis.class, 80)} (${diagnosis.confidence}): ${visible(diagnosis.explanation)}`,
    `${paint.strong("next")}: ${visible(diagnosis.next)}`,
  ];
}

/** Who was given the one, and who the other; what is below a root is told by who was given that root. */
type Sides = readonly [left: string, right: string];

function sawOf(root: string, observations: readonly Observation[]): string {
  const workers = observations.filter(({ digest }) => digest === root).map(({ worker }) => visible(worker, 40));
  return workers.length === 0 ? "" : ` (${listed(workers)})`;
}

function comparisonLines({ at, left, right, changes, more }: Comparison, sides: Sides | null, paint: Paint): string[] {
  if (changes.length === 0) return [];
  const short = shortener([left, right, ...changes.flatMap((each) => digestsIn(each))]);
  const [mine, theirs] = sides ?? ["", ""];
  const tell = (value: string | null): string =>
    value === null ? "nothing" : visible(isDigest(value) ? short(value) : value, 80);
  const lines = changes.map((each) => `    ${visible(each.what, 120)}: ${tell(each.left)} → ${tell(each.right)}`);
  return [
    `${paint.strong("what differs")}: ${visible(at)}, ${short(left)}${mine} → ${short(right)}${theirs}`,
    ...lines,
    ...(more === 0 ? [] : [`    and ${counted(more, "more change")}`]),
  ];
}

function digestsIn({ left, right }: Change): string[] {
  return [left, right].filter((each) => each !== null && isDigest(each));
}

function movedOf({ artifact, reason, history, observations }: Evidence): Moved | null {
  return movedSince(history, artifact?.digest ?? rootOfReason(reason), isAboutFile(observations));
}

/** As loud as a host key of SSH that has changed. */
function movedLines(evidence: Evidence, paint: Paint): string[] {
  const moved = movedOf(evidence);
  if (moved === null) return [];
  const { title, agreed, before, now, changed } = moved;
  const width = agreed.length;
  return [
    paint.bad(title),
    `    ${visible(agreed)}  ${visible(before)}`,
    `    ${"now".padEnd(width)}  ${visible(now)}`,
    ...(changed === "" ? [] : [`    what changed: ${visible(changed, 1000)}`]),
    "    if nobody told you of it, ask the publisher before you use it",
  ];
}

/** A column for each worker; only where more than one day is asked for. */
function daysLines(evidence: Evidence, paint: Paint, width: number): string[] {
  const workers = evidence.observations.map(({ worker }) => worker);
  const rows = dayRows(evidence, workers);
  if (rows.length === 0) return [];
  const short = shortener(rows.flatMap(({ digests }) => digests.filter((digest) => digest !== null)));
  const cells = rows.map(({ day, digests, note, counts }) => [
    day,
    ...digests.map((digest) => (digest === null ? NONE : short(digest))),
    counts ? paint.good(note) : paint.unsure(note),
  ]);
  const head = ["DAY", ...workers.map((worker) => visible(worker, 40)), "NOTE"];
  return [renderGrid(head, cells, paint, { width }), ...comeBack(evidence).map((line) => visible(line))];
}
