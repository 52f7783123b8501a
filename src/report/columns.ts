import { seenLength } from "./fold.ts";

const GAP = 2;

/** Names side by side, down and then across, in as many columns as fit. */
export function inColumns(names: readonly string[], width: number, indent = 4): readonly string[] {
  const longest = Math.max(0, ...names.map(seenLength)) + GAP;
  const across = Math.max(1, Math.floor((width - indent + GAP) / longest));
  const down = Math.ceil(names.length / across);
  return Array.from({ length: down }, (_, line) => {
    const cells = names.filter((_, at) => at % down === line).map((name) => name.padEnd(longest));
    return `${" ".repeat(indent)}${cells.join("").trimEnd()}`;
  });
}
