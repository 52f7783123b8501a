import { parseDigest, type Digest } from "../../../src/oci/digest.ts";
import type { Mention, Place } from "../../../src/model/mention.ts";
import type { Format } from "../../../src/pins/formats/format.ts";

export const DIGEST: Digest = parseDigest(`sha256:${"a".repeat(64)}`);
export const OTHER: Digest = parseDigest(`sha256:${"b".repeat(64)}`);

export function mentionsOf(format: Format, text: string, path = "file"): readonly Mention[] {
  return format.find({ path, text }).mentions;
}

/** Counted a second time, by hand: what the file has at a place. */
export function at(text: string, { line, column, endLine, endColumn }: Place): string {
  const lines = text.replace(/^\ufeff/, "").split("\n");
  const own = lines.slice(line - 1, endLine);
  own.push((own.pop() ?? "").slice(0, endColumn - 1));
  return [(own[0] ?? "").slice(column - 1), ...own.slice(1)].join("\n");
}

/** The text with the edits of one mention made, or of all; null where a person has to do it. */
export function pinned(text: string, mention: Mention, digest: Digest = OTHER): string | null {
  if (mention.pinning.kind === "by-hand") return null;
  const edits = [...mention.pinning.edits].sort((a, b) => b.start - a.start);
  return edits.reduce(
    (all, { start, end, before, after }) => all.slice(0, start) + before + digest + after + all.slice(end),
    text,
  );
}

/** One line a mention: its place, what the file has there, and what comes of it. */
export function told(text: string, mentions: readonly Mention[]): readonly string[] {
  return mentions.map(({ place, target, text: said }) => {
    const where = `${place.line}:${place.column}`;
    if (target.kind === "unresolved") return `${where} ${at(text, place)} ? ${target.why}`;
    const bottle = target.kind === "bottle" ? ` ${target.bottle.tag}` : "";
    const written = at(text, place);
    return `${where} ${written}${written === said ? "" : ` = ${said}`}${bottle}`;
  });
}
