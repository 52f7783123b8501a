import { isMap, isScalar, isSeq, parseDocument, type Scalar, type YAMLMap } from "yaml";
import { Lines } from "../text.ts";
import type { Mention } from "../../model/mention.ts";
import { isDigest } from "../../oci/digest.ts";
import type { Format, Found, TextFile } from "./format.ts";
import { byHand, mentionOf, targetOf, unresolved, type Page } from "./mentions.ts";

export const lock: Format = {
  source: "lock",
  claims: ({ path }) => /(?:^|\/)tofu3\.lock$/.test(path),
  find: readLock,
};

function readLock(file: TextFile): Found {
  const page: Page = { source: "lock", file: file.path, lines: new Lines(file.text), marker: "#" };
  const document = parseDocument(file.text, { logLevel: "silent", keepSourceTokens: false });
  const [error] = document.errors;
  if (error !== undefined) return unread(file, `it is not YAML: line ${error.linePos?.[0].line ?? 1}`);
  const root = document.contents;
  if (!isMap(root) || valueOf(root, "version")?.value !== 1) return unread(file, "it is no lock of version 1");
  const pins = root.items.find(({ key }) => isScalar(key) && key.value === "pins")?.value;
  if (!isSeq(pins)) return unread(file, "it has no list of pins");
  const mentions = pins.items.flatMap((pin) => (isMap(pin) ? (mentionOfPin(file, page, pin) ?? []) : []));
  return { mentions, unread: [] };
}

function unread(file: TextFile, why: string): Found {
  return { mentions: [], unread: [{ file: file.path, why }] };
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
