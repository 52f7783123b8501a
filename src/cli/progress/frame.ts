import { visible } from "../../errors.ts";
import { type Paint } from "../../report/paint.ts";
import { bytesText, counted } from "../../report/text.ts";
import { isAtWork, leftOf, rateOf, stalledOf, type Track } from "./tracker.ts";
import { fitted, padded, widthOf } from "./width.ts";
import { amountText, durationText, rateText } from "./words.ts";

export interface Space {
  readonly columns: number;
  readonly rows: number;
}

/** One line of the frame: in cells that stand below each other, or in one text behind the name. */
interface Row {
  readonly track: Track;
  readonly name: string;
  readonly cells: Readonly<Record<Column, string>> | null;
  readonly text: string;
}

type Column = "doing" | "amount" | "rate" | "left" | "objects";

/** The columns that a terminal of little width goes without, the first one first; the bytes without their total stay. */
const LEAST_IMPORTANT: readonly Column[] = ["objects", "left", "rate", "amount"];
const COLUMNS: readonly Column[] = ["doing", "amount", "rate", "left", "objects"];
const GAP = "  ";
const LONGEST_NAME = 24;

/**
 * A line for each worker, none as long as the terminal is wide; where there are more workers than rows, those at work
 * come first, and the others are counted.
 */
export function frame(tracks: readonly Track[], { columns, rows }: Space, paint: Paint, now: number): string {
  const room = Math.max(1, columns - 1);
  const most = Math.max(1, rows - 2);
  const shown = tracks.length <= most ? tracks : mostTelling(tracks).slice(0, Math.max(0, most - 1));
  const width = Math.max(0, ...shown.map(({ worker }) => widthOf(visible(worker, LONGEST_NAME))));
  const lines = linesOf(
    shown.map((track) => rowOf(track, width, now)),
    room,
    paint,
  );
  if (shown.length < tracks.length)
    lines.push(fitted(restText(tracks.filter((track) => !shown.includes(track))), room));
  return lines.join("\n");
}

function rowOf(track: Track, width: number, now: number): Row {
  const name = padded(visible(track.worker, LONGEST_NAME), width, "left");
  const { doing, fault, retry, objects, wantedObjects, bytes, wantedBytes } = track;
  if (fault !== null) return { track, name, cells: null, text: `${doing}: ${visible(fault.message, 200)}` };
  if (retry !== null) {
    const wait = (Math.max(0, retry.until - now) / 1000).toFixed(1);
    return { track, name, cells: null, text: `trying again in ${wait} s: ${visible(retry.message, 200)}` };
  }
  const [rate, left, stalled] = [rateOf(track, now), leftOf(track, now), stalledOf(track, now)];
  const atWork = isAtWork(track);
  const cells = {
    doing,
    amount: bytes === 0 ? "" : atWork && wantedBytes > 0 ? amountText(bytes, wantedBytes) : bytesText(bytes),
    rate: stalled !== null || rate === null || doing === "resolving" ? "" : rateText(rate),
    left: stalled !== null ? `nothing for ${durationText(stalled)}` : left === null ? "" : `${durationText(left)} left`,
    objects:
      wantedObjects === 0
        ? ""
        : atWork
          ? `${objects} of ${counted(wantedObjects, "object")}`
          : counted(objects, "object"),
  };
  return { track, name, cells, text: "" };
}

/** All columns that fit; a message behind a name is cut, since its end tells least. */
function linesOf(rows: readonly Row[], room: number, paint: Paint): string[] {
  let columns = COLUMNS;
  const widths = Object.fromEntries(
    COLUMNS.map((column) => [column, Math.max(0, ...rows.map(({ cells }) => widthOf(cells?.[column] ?? "")))]),
  ) as Record<Column, number>;
  const isTooWide = (): boolean =>
    widthOf(rows[0]?.name ?? "") +
      columns.reduce((sum, column) => sum + (widths[column] === 0 ? 0 : GAP.length + widths[column]), 0) >
    room;
  for (const column of LEAST_IMPORTANT) if (isTooWide()) columns = columns.filter((each) => each !== column);
  return rows.map(({ track, name, cells, text }) => {
    const behind =
      cells === null
        ? text
        : columns
            .filter((column) => widths[column] > 0)
            .map((column) => padded(cells[column], widths[column], isNumber(column) ? "right" : "left"))
            .join(GAP)
            .trimEnd();
    const start = fitted(name, room);
    return `${paint.strong(start)}${paintOf(track, paint)(fitted(`${GAP}${behind}`, room - widthOf(start)))}`;
  });
}

function isNumber(column: Column): boolean {
  return column === "amount" || column === "rate";
}

function paintOf(track: Track, paint: Paint): (text: string) => string {
  if (track.fault !== null || track.retry !== null) return paint.unsure;
  return track.doing === "saw" ? paint.good : (text) => text;
}

/** Those at work before those that have ended; otherwise in order. */
function mostTelling(tracks: readonly Track[]): readonly Track[] {
  return tracks.toSorted((one, other) => Number(isAtWork(other)) - Number(isAtWork(one)));
}

/** `and 8 more: 5 fetching, 3 saw` */
function restText(rest: readonly Track[]): string {
  const kinds = [...new Set(rest.map(({ doing }) => doing))];
  const counts = kinds.map((kind) => `${rest.filter(({ doing }) => doing === kind).length} ${kind}`);
  return `and ${rest.length} more: ${counts.join(", ")}`;
}
