import { isMap, isScalar, isSeq, type Scalar, type YAMLMap } from "yaml";
import { Lines } from "../text.ts";
import type { Mention } from "../../model/mention.ts";
import { isDigest } from "../../oci/digest.ts";
import type { Format, Found, TextFile } from "./format.ts";
import { parseDocuments } from "./parse.ts";
import { byHand, mentionOf, targetOf, unresolved, type Page } from "./mentions.ts";

export const lock: Format = {
  source: "lock",
  claims: ({ path }) => /(?:^|\/)tofu3\.lock$/.test(path),
  find: readLock,
};

function readLock(file: TextFile, room = Infinity): Found {
  const page: Page = { source: "lock", file: file.path, lines: new Lines(file.text), marker: "#" };
  const { documents, brokenAt, cutAt, tokens } = parseDocuments(file.text, () => true, room);
  if (brokenAt !== null) {
    return unread(file, `it is not YAML: line ${page.lines.place(file.path, brokenAt, brokenAt).line}`, tokens);
  }
  if (cutAt !== null) return unread(file, "it has more YAML than is read at once", tokens);
  const root = documents[0]?.contents;
  const isLock = documents.length === 1 && isMap(root) && isOne(valueOf(root, "version")) && !hasTwice(root);
  if (!isLock) return unread(file, "it is no lock of version 1", tokens);
  const pins = root.items.find(({ key }) => isScalar(key) && key.value === "pins")?.value;
  if (!isSeq(pins)) return unread(file, "it has no list of pins", tokens);
  if (pins.items.some((pin) => isMap(pin) && hasTwice(pin))) return unread(file, "a pin has a key twice", tokens);
  const mentions = pins.items.flatMap((pin) => (isMap(pin) ? (mentionOfPin(file, page, pin) ?? []) : []));
  return { mentions, unread: [], tokens };
}

function isOne(version: Scalar | null): boolean {
  return version?.value === "1" && version.type === "PLAIN";
}

function hasTwice(map: YAMLMap): boolean {
  const keys = map.items.map(({ key }) => (isScalar(key) ? key.value : key));
  return new Set(keys).size < keys.length;
}

function unread(file: TextFile, why: string, tokens: number): Found {
  return { mentions: [], unread: [{ file: file.path, why }], tokens };
}

/** Null without a reference. */
function mentionOfPin(file: TextFile, page: Page, pin: YAMLMap): Mention | null {
  const reference = valueOf(pin, "reference");
  if (typeof reference?.value !== "string") return null;
  const spot = contentOf(file.text, reference, reference.value);
  const digest = valueOf(pin, "digest");
  if (digest === null || !isDigest(digest.value)) {
    const why = "its digest is missing or malformed";
    return mentionOf(page, { ...spot, text: reference.value }, unresolved(why), byHand(why));
  }
  const text = `${reference.value}@${digest.value}`;
  const { start, end } = contentOf(file.text, digest, digest.value);
  const edits = [{ start, end, before: "", after: "" }];
  return mentionOf(page, { ...spot, text }, targetOf(text), { kind: "edits", edits });
}

function valueOf(map: YAMLMap, name: string): Scalar | null {
  const pair = map.items.find(({ key }) => isScalar(key) && key.value === name);
  return isScalar(pair?.value) ? pair.value : null;
}

/** Where a scalar's own text stands, without its quotes. */
function contentOf(text: string, scalar: Scalar, value: string): { readonly start: number; readonly end: number } {
  const [start = 0, end = 0] = scalar.range ?? [];
  const quoted = end - start === value.length + 2 && /["']/.test(text[start] ?? "");
  return quoted ? { start: start + 1, end: end - 1 } : { start, end };
}
