/** A row of cells that are Markdown already. */
type Row = readonly string[];

/** A table that may be long: what does not fit is counted. */
export interface Listing {
  /** Markdown before the table; of one line, where it is folded. */
  readonly title: string;
  readonly head: Row;
  readonly rows: readonly Row[];
  /** Shown when somebody opens it. */
  readonly folded: boolean;
}

/** A comment on GitHub has at most 65,536 characters, the summary of a step 1 MiB. */
const MOST = 60_000;
/** For the words around the rows of one listing. */
const AROUND = 400;

/**
 * The blocks, one below the other, in at most 60,000 characters as long as the texts alone have no more. Listings share
 * what the texts leave, the first of them first.
 */
export function pageOf(blocks: readonly (string | Listing)[]): string {
  let room = MOST;
  for (const block of blocks) room -= typeof block === "string" ? block.length + 2 : AROUND + block.title.length;
  const texts = blocks.map((block) => {
    if (typeof block === "string") return block;
    const { fitting, size } = fit(block.rows, room);
    room -= size;
    return listing(block, fitting);
  });
  return `${texts.filter((text) => text !== "").join("\n\n")}\n`;
}

function fit(rows: readonly Row[], room: number): { readonly fitting: readonly Row[]; readonly size: number } {
  let size = 0;
  const fitting: Row[] = [];
  for (const row of rows) {
    const more = rowText(row).length + 1;
    if (size + more > room) break;
    size += more;
    fitting.push(row);
  }
  return { fitting, size };
}

function listing({ title, head, rows, folded }: Listing, fitting: readonly Row[]): string {
  if (rows.length === 0) return "";
  const more = rows.length - fitting.length;
  const body = [
    ...(fitting.length === 0 ? [] : [table(head, fitting)]),
    ...(more === 0 ? [] : [`… and ${more} more: the JSON report has them all.`]),
  ].join("\n\n");
  // the empty lines make GitHub read what is in between as Markdown
  return folded
    ? `<details><summary>${title} (${rows.length})</summary>\n\n${body}\n\n</details>`
    : `${title}\n\n${body}`;
}

export function table(head: Row, rows: readonly Row[]): string {
  return [head, head.map(() => "---"), ...rows].map(rowText).join("\n");
}

function rowText(row: Row): string {
  return `| ${row.join(" | ")} |`;
}
