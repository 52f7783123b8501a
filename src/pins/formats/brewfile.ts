import { Lines } from "../text.ts";
import type { Format, Found, TextFile } from "./format.ts";
import { byHand, mentionOf, unresolved, type Page } from "./mentions.ts";
import { notHonoured } from "./remarks.ts";
import { rowsOf } from "./rows.ts";

export const brewfile: Format = {
  source: "brewfile",
  claims: ({ path }) => /(?:^|[/.])Brewfile$/.test(path),
  find: readBrewfile,
};

const WHY = "a Brewfile names no version";

function readBrewfile(file: TextFile): Found {
  const page: Page = { source: "brewfile", file: file.path, lines: new Lines(file.text), marker: "#" };
  const mentions = rowsOf(file.text).flatMap(({ start, text }) => {
    const [, before, name] = /^([ \t]{0,200}brew[ \t(]{1,20}["'])([\w@+./-]{1,300})["']/.exec(text) ?? [];
    if (before === undefined || name === undefined) return [];
    const from = start + before.length;
    const spot = { start: from, end: from + name.length, text: name };
    return [mentionOf(page, spot, unresolved(WHY), byHand(WHY))];
  });
  return { mentions, unread: notHonoured(file, page.lines, "#") };
}
