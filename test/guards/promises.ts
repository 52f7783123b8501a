/** A line of the table of docs/threat-model.md: a promise, and the tests that hold it. */
export interface Promised {
  readonly promise: string;
  readonly heldBy: readonly { readonly file: string; readonly title: string }[];
  /** What the second column has beside tests: nothing, when it is well written. */
  readonly loose: string;
}

/** One file, one title, and more titles of the same file: `test/x/y.test.ts` › "title", "title". */
const NAMED = /`(test\/[^`|]+\.test\.ts)` › ("[^"|]+"(?:, "[^"|]+")*)/g;

function promised(line: string): Promised {
  const [promise = "", column = ""] = line.slice(1, -1).split(" | ");
  const heldBy = [...column.matchAll(NAMED)].flatMap(([, file = "", titles = ""]) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => ({ file, title })),
  );
  return { promise: promise.trim(), heldBy, loose: column.replace(NAMED, "").replace(/[,; ]/g, "") };
}

export function promisesIn(page: string): Promised[] {
  const section = page.slice(page.indexOf("\n## Promises\n")).split("\n## ")[1] ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map(promised);
}
