import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ground } from "./ground.ts";

const FILES = 5000;
const PER_FILE = 2;

/** A tree of 5,000 files with so many distinct references to the images that `pushPins` made, two in a file. */
export async function makeTree({ folder, registry }: Ground, references: number): Promise<string> {
  const root = join(folder, `tree${references}`);
  if ((await stat(root).catch(() => null)) !== null) return root;
  const withReferences = references / PER_FILE;
  for (let at = 0; at < FILES; at++) {
    const own = join(root, `part${at % 50}`);
    if (at < 50) await mkdir(own, { recursive: true });
    const [one, other] = [at * PER_FILE, at * PER_FILE + 1].map((pin) => `${registry.host}/pins:${pin}`);
    if (at >= withReferences)
      await writeFile(join(own, `code${at}.ts`), `export const value${at} = "${at}";\n`.repeat(40));
    else if (at % 2 === 0)
      await writeFile(join(own, `Dockerfile.${at}`), `FROM ${one} AS a\nCOPY --from=${other} / /\n`);
    else
      await writeFile(
        join(own, `compose.${at}.yaml`),
        `services:\n  a:\n    image: ${one}\n  b:\n    image: ${other}\n`,
      );
  }
  return root;
}
