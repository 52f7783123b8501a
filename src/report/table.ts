import Table from "cli-table3";
import { visible } from "../errors.ts";
import type { Change, Comparison } from "../model/diagnosis.ts";
import type { Evidence, ToldDifference } from "../model/evidence.ts";
import type { Observation } from "../model/observation.ts";
import { isDigest } from "../oci/digest.ts";
import { comeBack, dayRows } from "./days.ts";
import { movedSince, rootOfReason, type Moved } from "./notices.ts";
import type { Paint } from "./paint.ts";
import { exitDoubt, firstPlaces, matchesText, remarksOf, requestText, tallyOf } from "./tally.ts";
import { bytesText, counted, listed, shortener } from "./text.ts";
import { verdictLine } from "./verdictline.ts";

const NONE = "–";

/** The report for a terminal: a row per worker, what is wrong and where, and the verdict on the last line. */
export function renderTable(evidence: Evidence, paint: Paint): string {
  const matches = matchesText(evidence);
  const blocks = [
    [visible(requestText(evidence.request))],
    [workersGrid(evidence, paint)],
    faultLines(evidence.observations, paint),
    matches === null ? [] : [visible(matches)],
    differencesLines(evidence.differences, paint),
    diagnosisLines(evidence, paint),
    daysLines(evidence, paint),
    movedLines(evidence, paint),
    evidence.notices
      .slice(movedOf(evidence) === null ? 0 : 1)
      .map((notice) => `${paint.strong("notice")}: ${visible(notice, 2000)}`),
    [verdictLine(evidence, paint)],
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

/** Borderless columns, two spaces apart, without trailing blanks. */
export function renderGrid(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
  right: readonly number[] = [],
): string {
  const table = new Table({
    head: head.map((title) => paint.faint(title)),
    colAligns: head.map((_, column) => (right.includes(column) ? "right" : "left")),
    chars: { ...BORDERLESS, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0, compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const BORDERLESS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
} as const;

function workersGrid(evidence: Evidence, paint: Paint): string {
  const short = shortener(evidence.observations.flatMap((observation) => observation.digest ?? []));
  const rows = evidence.observations.map((observation) => {
    const { objects, bytes } = tallyOf(observation.objects);
    const { worker, via, digest, error } = observation;
    const stage = error === null ? [] : [error.stage === null ? error.code : `${error.stage}: ${error.code}`];
    return [
      visible(worker, 40),
      via,
      outcomeText(observation, paint),
      digest === null ? NONE : short(digest),
      String(objects),
      bytesText(bytes),
      [...stage, ...remarksOf(observation)].join(", "),
    ];
  });
  return renderGrid(["WORKER", "VIA", "OUTCOME", "DIGEST", "OBJECTS", "BYTES", "NOTE"], rows, paint, [4, 5]);
}

function outcomeText({ outcome, error }: Observation, paint: Paint): string {
  return outcome === "saw" && error === null ? paint.good(outcome) : paint.unsure(outcome);
}

/** One line per fault and per doubt about an exit, however many workers met it. */
function faultLines(observations: readonly Observation[], paint: Paint): string[] {
  const met = new Map<string, string[]>();
  const add = (text: string, worker: string): void => {
    met.set(text, [...(met.get(text) ?? []), visible(worker, 40)]);
  };
  for (const observation of observations) {
    const { worker, error } = observation;
    const hint = error?.hint == null ? "" : `; ${paint.faint("hint:")} ${visible(error.hint)}`;
    if (error !== null) add(`${visible(error.message)}${hint}`, worker);
    const doubt = exitDoubt(observation);
    if (doubt !== null) add(visible(doubt), worker);
  }
  return [...met].map(([text, workers]) => `${paint.strong(listed(workers))}: ${text}`);
}

function differencesLines(differences: readonly ToldDifference[], paint: Paint): string[] {
  const { first, more } = firstPlaces(differences);
  return [...first.flatMap((difference) => differenceLines(difference, paint)), ...(more === null ? [] : [more])];
}

function differenceLines({ at, expected, views }: ToldDifference, paint: Paint): string[] {
  const asked = expected === null ? "" : `, asked for as ${expected}`;
  const types = new Set(views.map((view) => view.mediaType).filter((type) => type !== ""));
  const names = views.map(({ workers }) => listed(workers.map((worker) => visible(worker, 40))));
  const width = Math.max(...names.map((name) => name.length));
  const seen = views.map(({ digest, size, mediaType }, index) => {
    const type = types.size > 1 && mediaType !== "" ? `  ${visible(mediaType, 100)}` : "";
    const what = mediaType === "" ? "nothing there" : `${digest ?? "other bytes"}  ${bytesText(size)}${type}`;
    return `    ${(names[index] ?? "").padEnd(width)}  ${what}`;
  });
  return [`${paint.bad("differs")}: ${visible(at)}${asked}`, ...seen];
}

function diagnosisLines({ diagnosis, compared, observations }: Evidence, paint: Paint): string[] {
  if (diagnosis === null) return [];
  return [
    ...compared.flatMap((each) => comparisonLines(each, observations, paint)),
    `${paint.strong("diagnosis")}: ${visible(diagnosis.class, 80)} (${diagnosis.confidence}): ${visible(diagnosis.explanation)}`,
    `${paint.strong("next")}: ${visible(diagnosis.next)}`,
  ];
}

function comparisonLines(
  { at, left, right, changes, more }: Comparison,
  observations: readonly Observation[],
  paint: Paint,
): string[] {
  if (changes.length === 0) return [];
  const short = shortener([left, right, ...changes.flatMap((each) => digestsIn(each))]);
  const named = (digest: string): string => {
    const workers = observations.filter((each) => each.digest === digest).map(({ worker }) => visible(worker, 40));
    return workers.length === 0 ? short(digest) : `${short(digest)} (${listed(workers)})`;
  };
  const tell = (value: string | null): string =>
    value === null ? "nothing" : visible(isDigest(value) ? short(value) : value, 80);
  const lines = changes.map((each) => `    ${visible(each.what, 120)}: ${tell(each.left)} → ${tell(each.right)}`);
  return [
    `${paint.strong("what differs")}: ${visible(at)}, ${named(left)} → ${named(right)}`,
    ...lines,
    ...(more === 0 ? [] : [`    and ${counted(more, "more change")}`]),
  ];
}

function digestsIn({ left, right }: Change): string[] {
  return [left, right].filter((each) => each !== null && isDigest(each));
}

function movedOf({ artifact, reason, history }: Evidence): Moved | null {
  return movedSince(history, artifact?.digest ?? rootOfReason(reason));
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
function daysLines(evidence: Evidence, paint: Paint): string[] {
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
  return [renderGrid(head, cells, paint), ...comeBack(evidence).map((line) => visible(line))];
}
