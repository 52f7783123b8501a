import { Lines } from "../text.ts";
import type { Format, Found, TextFile } from "./format.ts";
import { byHand, mentionAt, mentionOf, unresolved, type Page } from "./mentions.ts";
import { notHonoured } from "./remarks.ts";
import { rowsOf, type Row } from "./rows.ts";

export const list: Format = {
  source: "list",
  claims: ({ path }) => /(?:\.images|(?:^|\/)images\.(?:txt|list))$/.test(path),
  find: readList,
};

/** One reference a line. */
function readList(file: TextFile): Found {
  const page: Page = { source: "list", file: file.path, lines: new Lines(file.text), marker: "#" };
  const mentions = rowsOf(file.text).flatMap((row) => {
    const spot = wordsOf(row);
    if (spot.text === "") return [];
    const why = "the line has more than one word";
    return [/[ \t]/.test(spot.text) ? mentionOf(page, spot, unresolved(why), byHand(why)) : mentionAt(page, spot)];
  });
  return { mentions, unread: notHonoured(file, page.lines, "#") };
}

function wordsOf({ start, text }: Row): { readonly start: number; readonly end: number; readonly text: string } {
  const comment = text.startsWith("#") ? 0 : text.search(/[ \t]#/);
  const line = comment === -1 ? text : text.slice(0, comment);
  const words = line.trim();
  const from = start + line.length - line.trimStart().length;
  return { start: from, end: from + words.length, text: words };
}
