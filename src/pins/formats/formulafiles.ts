import type { Mention } from "../../model/mention.ts";
import { Blocks } from "./formulablocks.ts";
import { byHand, fileMention, mentionOf, shownUrl, unresolved, type Page } from "./mentions.ts";
import { rowsOf } from "./rows.ts";

const LONGEST = 1000;
const COMPUTED = "#{…} is known only when the formula runs";

interface Half {
  readonly text: string;
  readonly start: number;
}

/** What a formula downloads to build: `url` and `sha256` of one block, that of a resource or a patch, too. */
export function filesIn(text: string, page: Page): readonly Mention[] {
  const blocks = new Blocks();
  const open = new WeakMap<object, { url: Half | null; sha256: Half | null }>();
  const mentions: Mention[] = [];
  for (const row of rowsOf(text)) {
    const line = row.text.trim();
    if (line.length > LONGEST) continue;
    const indent = row.text.length - row.text.trimStart().length;
    const pair = open.get(blocks.current) ?? { url: null, sha256: null };
    open.set(blocks.current, pair);
    const [, name = "", quoted = ""] = /^(url|sha256) "([^"]{1,900})"/.exec(line) ?? [];
    const half = { text: quoted, start: row.start + indent + name.length + 2 };
    if (name === "url") pair.url = half;
    // those of bottles are blobs of a registry
    else if (name === "sha256" && blocks.innermost !== "bottle") pair.sha256 = half;
    const { url, sha256 } = pair;
    if (url !== null && sha256 !== null) {
      mentions.push(mentionOfFile(page, url, sha256.text));
      open.delete(blocks.current);
    }
    blocks.read(line, indent);
  }
  return mentions;
}

function mentionOfFile(page: Page, { text, start }: Half, hex: string): Mention {
  const spot = { start, end: start + text.length };
  if (!text.includes("#{")) return fileMention(page, spot, { url: text, checksum: `sha256:${hex}` });
  return mentionOf(page, { ...spot, text: shownUrl(text) }, unresolved(COMPUTED), byHand(COMPUTED));
}
