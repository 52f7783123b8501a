import { visible } from "../errors.ts";
import type { Contradiction } from "../model/rejudged.ts";

const SHOWN = 160;

/** The first place where `says` is not `follows`; null if there is none. What `follows` does not have is not looked at. */
export function contradictionAt(at: string, says: unknown, follows: unknown): Contradiction | null {
  if (Array.isArray(follows) && Array.isArray(says)) {
    if (says.length !== follows.length)
      return { at: `the number of ${at}`, says: String(says.length), follows: String(follows.length) };
    return first(follows.map((each, index) => () => contradictionAt(`${at}[${index}]`, says[index], each)));
  }
  if (isObject(follows) && isObject(says)) {
    const keys = Object.entries(follows);
    return first(
      keys.map(
        ([key, each]) =>
          () =>
            contradictionAt(`${at}.${key}`, says[key], each),
      ),
    );
  }
  return says === follows ? null : { at, says: shown(says), follows: shown(follows) };
}

export function first(checks: readonly (() => Contradiction | null)[]): Contradiction | null {
  for (const check of checks) {
    const found = check();
    if (found !== null) return found;
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** For a message: printable, and cut. */
export function shown(value: unknown): string {
  return visible(typeof value === "string" ? value : value === undefined ? "nothing" : JSON.stringify(value), SHOWN);
}
