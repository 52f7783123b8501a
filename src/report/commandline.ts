import type { Evidence } from "../model/evidence.ts";

/** `tofu3 verify …` for the same reference and selection, and more flags, to be pasted into a POSIX shell. */
export function verifyLine(request: Evidence["request"], more: readonly string[]): string {
  const flag = (name: string, value: string | null): string[] =>
    value === null ? [] : [`--${name}`, shellQuoted(value)];
  const { platform, osVersion, bottle } = request;
  const selection = [...flag("platform", platform), ...flag("os-version", osVersion), ...flag("bottle", bottle)];
  const mirrors = (request.mirrors ?? []).flatMap((url) => flag("mirror", url));
  return ["tofu3 verify", shellQuoted(request.reference), ...selection, ...mirrors, ...more.map(shellQuoted)].join(" ");
}

/** As one word for a POSIX shell. */
export function shellQuoted(text: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
