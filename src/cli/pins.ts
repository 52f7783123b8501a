import { visible } from "../errors.ts";
import type { Answer, Examination } from "../model/audit.ts";
import { formatReference } from "../oci/reference.ts";
import type { Moved, Prepared } from "../pins/pin.ts";
import type { Held, Stay, StayKind } from "../pins/plan.ts";
import { fileText, spotOf } from "../report/audit/listing.ts";
import type { Paint } from "../report/paint.ts";
import { counted } from "../report/text.ts";
import { exitOf } from "./exit.ts";

/** The most lines about references that stay as they are. */
const MOST_STAYS = 20;

const STAYS: Readonly<Record<Exclude<StayKind, "pinned">, string>> = {
  "by-hand": "pin it by hand",
  unresolved: "unresolved",
  ignored: "left out",
  "not-agreed": "not pinned: there is no agreement on it",
};

const HELD: Readonly<Record<Held, string>> = {
  alarm: "nothing is written while the workers disagree about a reference",
  "not-agreed": "not written: there is no agreement on a reference in it",
};

/** What was, or would be, pinned: a line for each place, then what stays, then one sentence. */
export function renderPins({ plans }: Prepared, written: boolean, paint: Paint): string {
  const changes = plans.flatMap((plan) => plan.changes);
  const stays = plans.flatMap((plan) => plan.stays).filter(({ kind }) => kind !== "pinned");
  const held = plans.flatMap(({ file, held: why }) => (why === null ? [] : [`${fileText(file)}: ${HELD[why]}`]));
  const files = plans.filter((plan) => plan.changes.length > 0).length;
  const what = `${counted(changes.length, "reference")} in ${counted(files, "file")}`;
  const done = written ? `pinned ${what}` : `${what} would be pinned; nothing is written`;
  const nothing = held.length > 0 ? "no file was written" : "nothing to pin";
  return [
    ...changes.map((change) => changeText(change, paint)),
    ...stays.slice(0, MOST_STAYS).map(stayText),
    ...(stays.length > MOST_STAYS ? [`… and ${stays.length - MOST_STAYS} more that stay as they are`] : []),
    ...held.map((line) => paint.bad(line)),
    paint.strong(changes.length === 0 ? nothing : done),
    "",
  ].join("\n");
}

function changeText({ place, reference, from, to, changes }: Moved, paint: Paint): string {
  const move = from === null ? paint.good(to) : `${from} → ${paint.good(to)}`;
  const behind = changes.length === 0 ? "" : ` (${changes.map((each) => visible(each, 300)).join("; ")})`;
  return `${spotOf(place)}  ${visible(reference, 300)}  ${move}${behind}`;
}

function stayText({ mention, kind, why }: Stay): string {
  const word = kind === "pinned" ? "pinned" : STAYS[kind];
  return `${spotOf(mention.place)}  ${visible(mention.text, 300)}  ${word}${why === null ? "" : `: ${visible(why, 300)}`}`;
}

/** The object of `pin --json`; arrays are sorted and never missing. */
export function pinsObject({ plans }: Prepared, written: boolean, version: string): unknown {
  return {
    schemaVersion: 1,
    tool: { name: "tofu3", version },
    written: written && plans.some(({ changes }) => changes.length > 0),
    files: plans.map(({ file, held, changes, stays }) => ({
      file,
      held,
      changes,
      stays: stays.map(({ mention, kind, why }) => ({ kind, why, text: mention.text, place: mention.place })),
    })),
  };
}

/** What one question came to. */
export interface Told {
  readonly reference: string;
  readonly code: number;
  readonly summary: string;
}

/** What is told of one reference, and counts towards the exit code. An alarm does, wherever it was met. */
export function answersOf({ reference, tag, pin, claims, notAsked }: Examination): readonly Told[] {
  const name = formatReference(reference);
  const told = ({ outcome, summary }: Answer): Told => ({ reference: name, code: exitOf(outcome), summary });
  // what was pinned before may be gone: that is why pins are moved
  const alarms = [tag, pin, ...claims.values()].filter((each) => each?.outcome === "disagreed");
  const answers = notAsked === null ? [tag, ...alarms] : alarms;
  return [
    ...[...new Set(answers)].filter((each) => each !== null).map(told),
    ...(notAsked === null ? [] : [{ reference: name, code: exitOf("incomplete"), summary: notAsked }]),
  ];
}
