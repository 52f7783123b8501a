import { checkGuards } from "./check.ts";
import type { Guard } from "./guard.ts";
import { makeScratch } from "./scratch.ts";
import { GUARDS } from "./table.ts";

function textOf({ promise, file, from, to, test }: Guard): string {
  return [`${file}: ${from}`, `  → ${to}`, `  ${test}`, `  ${promise}`].join("\n");
}

/** Guards in which every word is found; all without words. */
function chosen(words: readonly string[]): readonly Guard[] {
  return GUARDS.filter((guard) => words.every((word) => textOf(guard).includes(word)));
}

/** `npm run mutants [-- WORD…]`. Returns the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  const guards = chosen(words);
  const scratch = makeScratch();
  const started = performance.now();
  try {
    const bad = await checkGuards(scratch, guards, (guard, complaint) => {
      const seconds = Math.round((performance.now() - started) / 1000);
      console.log(
        `${String(seconds).padStart(4)} s  ${complaint === null ? "killed " : "WRONG  "} ${guard.file}: ${guard.from}`,
      );
      if (complaint !== null) console.log(`${textOf(guard)}\n  ${complaint}`);
    });
    console.log(`${guards.length - bad.length} of ${guards.length} mutants killed`);
    return bad.length === 0 && guards.length > 0 ? 0 : 1;
  } finally {
    scratch.remove();
  }
}
