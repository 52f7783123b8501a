import { createScanner, parseTree, type Node, type ParseError } from "jsonc-parser";
import type { Mention, Pinning, Target, Unread } from "../../model/mention.ts";
import { Lines } from "../text.ts";
import type { Format, Found, TextFile } from "./format.ts";
import { byHand, mentionOf, pinningAt, targetOf, unresolved, type Page, type Spot } from "./mentions.ts";
import { notHonoured } from "./remarks.ts";

export const devcontainer: Format = {
  source: "devcontainer",
  claims: ({ path }) => /(?:^|\/)\.?devcontainer\.json$/.test(path),
  find: readDevcontainer,
};

const DEEPEST = 100;

function readDevcontainer(file: TextFile): Found {
  if (isDeep(file.text)) return { mentions: [], unread: [{ file: file.path, why: "it is nested too deeply" }] };
  const page: Page = { source: "devcontainer", file: file.path, lines: new Lines(file.text), marker: "//" };
  const errors: ParseError[] = [];
  // a byte order mark is no JSON, and everything behind it keeps its offset
  const root = parseTree(file.text.replace(/^\ufeff/, " "), errors, { allowTrailingComma: true });
  const unread: Unread[] = [...notHonoured(file, page.lines, "//")];
  const [error] = errors;
  if (error !== undefined) {
    const { line } = page.lines.place("", error.offset, error.offset);
    unread.push({ file: file.path, why: `line ${line} is not JSON with comments` });
  }
  const features = keysOf(valueOf(root, "features"));
  const image = valueOf(root, "image");
  const mentions = [
    ...(image?.type === "string" ? [imageMention(file.text, page, image)] : []),
    ...features.flatMap((key, index) => {
      const others = [image, features[index + 1]].flatMap((other) => other?.offset ?? []);
      return featureMention(file.text, page, key, others) ?? [];
    }),
  ];
  return { mentions: mentions.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column), unread };
}

/** The parser calls itself for each level. */
function isDeep(text: string): boolean {
  const scanner = createScanner(text, true);
  let depth = 0;
  // the numbers are those of SyntaxKind, which a program compiled file by file cannot import: { } [ ] and the end
  for (let token: number = scanner.scan(); token !== 17; token = scanner.scan()) {
    if (token === 1 || token === 3) depth++;
    else if (token === 2 || token === 4) depth--;
    if (depth > DEEPEST) return true;
  }
  return false;
}

function valueOf(node: Node | undefined, name: string): Node | undefined {
  if (node?.type !== "object") return undefined;
  return node.children?.find(({ children }) => children?.[0]?.value === name)?.children?.[1];
}

function keysOf(node: Node | undefined): readonly Node[] {
  return node?.type === "object" ? (node.children ?? []).flatMap(({ children }) => children?.[0] ?? []) : [];
}

/** A string as it stands between its quotes; null if it is written with escapes. */
function spotOf(text: string, { offset, length, value }: Node): Spot | null {
  const spot = { start: offset + 1, end: offset + length - 1, text: text.slice(offset + 1, offset + length - 1) };
  return spot.text === value ? spot : null;
}

function imageMention(text: string, page: Page, node: Node): Mention {
  const spot = spotOf(text, node);
  const said = String(node.value);
  if (spot === null) {
    const whole = { start: node.offset, end: node.offset + node.length, text: said };
    return mentionOf(page, whole, targetOf(said), byHand("the file has it in escaped characters"));
  }
  const value = filledIn(spot);
  if ("why" in value) return mentionOf(page, spot, unresolved(value.why), byHand(value.why));
  return mentionOf(page, value.spot, targetOf(value.spot.text), value.pinning);
}

/** `${localEnv:NAME:default}` is its default, and any other variable is not known. */
function filledIn(spot: Spot): { readonly spot: Spot; readonly pinning: Pinning } | { readonly why: string } {
  const parts: Spot[] = [];
  for (const part of spot.text.matchAll(/\$\{([^}]{0,500})\}|[^$]+|\$/g)) {
    const start = spot.start + part.index;
    const [whole, variable] = part;
    if (variable === undefined) parts.push({ start, end: start + whole.length, text: whole });
    else {
      const [, head, text] = /^(localEnv:[^:]{1,200}:)(.+)$/.exec(variable) ?? [];
      if (head === undefined || text === undefined) return { why: `the variable ${variable} has no default` };
      const from = start + "${".length + head.length;
      parts.push({ start: from, end: from + text.length, text });
    }
  }
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return { spot: only, pinning: pinningAt(only) };
  const text = parts.map((part) => part.text).join("");
  if (text === spot.text) return { spot, pinning: pinningAt(spot) };
  return { spot: { ...spot, text }, pinning: byHand("it is put together from variables") };
}

/** Null for a feature that is in no registry. */
function featureMention(text: string, page: Page, key: Node, others: readonly number[]): Mention | null {
  const said = String(key.value);
  if (/^(?:\.{0,2}\/|[a-z]+:\/\/|\.)/.test(said)) return null;
  const spot = spotOf(text, key) ?? { start: key.offset, end: key.offset + key.length, text: said };
  const target = featureTarget(said);
  const pinning = spotOf(text, key) === null ? byHand("the file has it in escaped characters") : null;
  return mentionOf(page, spot, target, pinning ?? featurePinning(text, page, spot, others));
}

function featureTarget(name: string): Target {
  const slash = name.indexOf("/");
  if (slash === -1) return unresolved("a feature without a registry is part of an old tool");
  const first = name.slice(0, slash);
  if (!/[.:]/.test(first) && first !== "localhost")
    return unresolved("a feature without a registry is a GitHub release");
  return targetOf(name);
}

/** A feature takes a tag or a digest: the digest takes the tag's place, and a comment at the end of its line keeps it. */
function featurePinning(text: string, page: Page, spot: Spot, others: readonly number[]): Pinning {
  const colon = spot.text.indexOf(":", spot.text.lastIndexOf("/"));
  if (spot.text.includes("@")) return pinningAt(spot);
  if (colon === -1) return { kind: "edits", edits: [{ start: spot.end, end: spot.end, before: "@", after: "" }] };
  const end = page.lines.endOfLine(spot.start);
  const rest = text.slice(spot.end, end);
  if (rest.length > 1000 || /\/\/|\/\*|\*\//.test(rest) || others.some((other) => other > spot.start && other < end)) {
    return byHand("its tag has to give way to the digest, and its line has no room for a comment");
  }
  const after = `${rest} // ${spot.text.slice(colon + 1)}`;
  return { kind: "edits", edits: [{ start: spot.start + colon, end, before: "@", after }] };
}
