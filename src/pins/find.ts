import type { Source } from "../model/mention.ts";
import { FORMATS } from "./formats/all.ts";
import type { Format, Found, TextFile } from "./formats/format.ts";
import { list } from "./formats/list.ts";
import { TooMany } from "./formats/mentions.ts";

export const HCL = "HCL is not read";
/** Of these, two characters cost at most as much as a token. */
const BY_LENGTH: ReadonlySet<Source> = new Set([
  ...(["dockerfile", "bazel", "formula", "brewfile", "devcontainer", "requirements", "list"] as const),
]);

/** Why it is not read, or null where there is nothing to say. */
export function findIn(file: TextFile, given: boolean, room: number): Found | string | null {
  if (isHcl(file.path)) return { mentions: [], unread: [{ file: file.path, why: HCL, minor: true }] };
  const formats = FORMATS.filter((each) => each.claims(file));
  if (formats.length > 0) return findWith(formats, file, room);
  if (!given) return null;
  const found = foundBy(list, file, room);
  const isList = typeof found === "string" || found.mentions.every(({ target }) => target.kind !== "unresolved");
  return isList ? found : "it is no kind of file that is read, and no list of references";
}

/** The same of a text that is a list, whatever it is called. */
export function findInList(file: TextFile, room: number): Found | string {
  return foundBy(list, file, room);
}

function foundBy(format: Format, file: TextFile, room: number): Found | string {
  const byLength = BY_LENGTH.has(format.source);
  if (byLength && room <= 0) return "the files before it are as much as is read at once";
  try {
    const found = format.find(file, room);
    return byLength ? { ...found, tokens: file.text.length >> 1 } : found;
  } catch (error) {
    if (error instanceof TooMany) return "it has too many references";
    throw error;
  }
}

/**
 * What all formats that claim a file find in it: a stranger may give it a name that makes it look like another kind. Of
 * two that find something at one place, the first is right.
 */
function findWith(formats: readonly Format[], file: TextFile, room: number): Found | string {
  let left = room;
  const finders = new Map(formats.map((format) => [format.find, format]));
  const [only, ...others] = finders.values();
  if (only !== undefined && others.length === 0) return foundBy(only, file, room);
  const found = [...finders.values()].map((format): Found => {
    const each = foundBy(format, file, left);
    if (typeof each === "string") return { mentions: [], unread: [{ file: file.path, why: each }] };
    left -= each.tokens ?? 0;
    return each;
  });
  const places = new Set<string>();
  const mentions = found.flatMap((each) => {
    const fresh = each.mentions.filter(({ place: { line, column } }) => !places.has(`${line}:${column}`));
    for (const { place } of fresh) places.add(`${place.line}:${place.column}`);
    return fresh;
  });
  const unread = new Map(found.flatMap((each) => each.unread).map((each) => [each.why, each]));
  return { mentions, unread: [...unread.values()], tokens: room - left };
}

export function isHcl(name: string): boolean {
  return /\.(?:hcl|tf|nomad)$/.test(name) && !name.endsWith(".terraform.lock.hcl");
}

/** The name alone says that references may be in it. The lock of pnpm is megabytes of YAML, and has none. */
export function isTelling(path: string): boolean {
  if (/(?:^|\/)pnpm-lock\.yaml$/.test(path)) return false;
  return /\.ya?ml$/i.test(path) || FORMATS.some((format) => format.claims({ path, text: "" }));
}
