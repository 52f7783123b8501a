import { visible } from "../../errors.ts";
import { AUDIT_EXITS, type Audit, type AuditFinding, type Level } from "../../model/audit.ts";
import { PLAIN, type Paint } from "../paint.ts";
import { counted, shortener } from "../text.ts";
import { asides, byKind, spotOf } from "./listing.ts";
import { MEANINGS } from "./words.ts";

/** Lines of the smallest terminal, one of them for the prompt. */
const SCREEN = 23;
const LONGEST = 2000;
const LONGEST_SUMMARY = 200;

export interface TableOptions {
  /** Every finding with all of its places, however long that is. */
  readonly details: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** What was found for a terminal: counts, the gravest findings, and the verdict on the last line. Fits a screen. */
export function renderAuditTable(audit: Audit, paint: Paint, { details, width }: TableOptions): string {
  const verdict = auditLine(audit, paint);
  if (details)
    return blocksText([
      ...byKind(audit.findings).flatMap((each) => explained(each, paint)),
      ...rest(audit, paint),
      [verdict],
    ]);
  const counts = countLines(audit, width, paint);
  const aside = wrapped(asides(audit), "; ", width, paint.faint);
  const verdictRows = Math.ceil((columnsOf(auditLine(audit, PLAIN)) + 1) / width);
  const blanks = audit.findings.length === 0 ? 1 : 3;
  const room = SCREEN - counts.length - aside.length - verdictRows - blanks;
  return blocksText([gravest(audit.findings, room, width, paint), counts, aside, [verdict]]);
}

/** `FINDINGS  12 findings in 8 of 40 references; exit code 20`: readable in five seconds. No trailing newline. */
export function auditLine({ outcome, summary }: Audit, paint: Paint): string {
  const colour = { findings: paint.bad, unchecked: paint.unsure, clean: paint.good }[outcome];
  const text = `${visible(summary, LONGEST_SUMMARY)}; exit code ${AUDIT_EXITS[outcome]}`;
  return `${paint.strong(colour(outcome.toUpperCase()))}  ${text}`;
}

/** `1 disagreed, 12 unpinned`, and what does not count towards the exit code below: `for information: 3 grew` */
function countLines({ findings }: Audit, width: number, paint: Paint): readonly string[] {
  const counts = (fail: boolean): readonly string[] =>
    byKind(findings.filter(({ fails }) => fails === fail)).map(([kind, all]) => `${all.length} ${kind}`);
  const [first, ...others] = counts(false);
  const besides = first === undefined ? [] : [`for information: ${first}`, ...others];
  return [...wrapped(counts(true), ", ", width, paint.strong), ...wrapped(besides, ", ", width, paint.faint)];
}

/** Parts, joined, on as many lines as it takes. */
function wrapped(
  parts: readonly string[],
  between: string,
  width: number,
  colour: (text: string) => string,
): readonly string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const longer = last === undefined ? part : `${last}${between}${part}`;
    if (last !== undefined && columnsOf(longer) < width) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  const ending = (line: string, at: number): string => (at === lines.length - 1 ? line : line + between.trimEnd());
  return lines.map((line, at) => colour(cut(ending(line, at), width)));
}

/** Two lines for each of the first findings, as many as there is room for. */
function gravest(findings: readonly AuditFinding[], room: number, width: number, paint: Paint): readonly string[] {
  const fits = Math.floor((findings.length * 2 <= room ? room : room - 1) / 2);
  const shown = findings.slice(0, Math.max(0, fits));
  const short = shortened(findings);
  const more = findings.length - shown.length;
  const lines = shown.flatMap(({ kind, level, reference, message, places }) => {
    const [first, ...others] = places;
    const where =
      first === undefined ? "" : `${spotOf(first)}${others.length === 0 ? "" : ` (and ${others.length} more)`}: `;
    const name = cut(`${kind}  ${where}${short(reference)}`, width);
    return [
      colourOf(level, paint)(name.slice(0, kind.length)) + name.slice(kind.length),
      cut(`    ${short(message)}`, width),
    ];
  });
  return more === 0 ? lines : [...lines, cut(`and ${counted(more, "more finding")}: --details lists them all`, width)];
}

/** Digests as short as they can be and still be told apart; printable. */
function shortened(findings: readonly AuditFinding[]): (text: string) => string {
  const digests = findings.flatMap(({ reference, message }) => `${reference} ${message}`.match(DIGEST) ?? []);
  const short = shortener(digests);
  return (text) => visible(text, LONGEST).replace(DIGEST, short);
}

const DIGEST = /sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})/g;

function colourOf(level: Level, paint: Paint): (text: string) => string {
  return { error: paint.bad, warning: paint.unsure, note: paint.faint }[level];
}

/** What a kind means, and its findings in full. */
function explained([kind, findings]: ReturnType<typeof byKind>[number], paint: Paint): readonly (readonly string[])[] {
  const { title, meaning, todo } = MEANINGS[kind];
  return [
    [paint.strong(title.toUpperCase()), meaning, `What to do: ${todo}`],
    ...findings.map((each) => whole(each, paint)),
  ];
}

/** One finding in full. */
function whole({ kind, level, reference, message, next, places }: AuditFinding, paint: Paint): readonly string[] {
  return [
    `${colourOf(level, paint)(kind)}  ${level}  ${visible(reference, LONGEST)}`,
    `    ${visible(message, LONGEST)}`,
    ...(next === null ? [] : [`    ${paint.strong("next")}: ${visible(next, LONGEST)}`]),
    ...places.map((place) => `    ${spotOf(place)}`),
  ];
}

/** What is no finding, in full. */
function rest(audit: Audit, paint: Paint): readonly (readonly string[])[] {
  const suppressed = audit.suppressed.map(({ finding, by, reason }) => {
    const why = `suppressed by ${by === "comment" ? "a comment" : "the baseline"}: ${visible(reason, LONGEST)}`;
    return [...whole(finding, paint), `    ${paint.faint(why)}`];
  });
  const unread = audit.unread.map(({ file, why }) => `not read: ${visible(file, 300)}: ${visible(why, LONGEST)}`);
  const head =
    suppressed.length === 0 ? [] : [[paint.strong("SUPPRESSED"), "What a comment or the baseline leaves out."]];
  return [...head, ...suppressed, unread, asides(audit).map((each) => paint.faint(each))];
}

function blocksText(blocks: readonly (readonly string[])[]): string {
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

/** From here on most scripts take two columns of a terminal. */
const WIDE = 0x1100;

function columnsOf(text: string): number {
  return Array.from(text).reduce((sum, each) => sum + ((each.codePointAt(0) ?? 0) < WIDE ? 1 : 2), 0);
}

/** At most so many columns. */
function cut(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  let columns = 1;
  let kept = "";
  for (const character of text) {
    columns += columnsOf(character);
    if (columns > width) break;
    kept += character;
  }
  return kept.endsWith("…") ? kept : `${kept}…`;
}
