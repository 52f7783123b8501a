import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Trees in the shape of well-known projects, each in one text file. `=== PATH` begins a file. `‹name›` stands for a
 * reference of the lab, and is a place where it must be found. `⟦text→name⟧` is a place whose text is another: `?` says
 * that it is unresolved. `«…»` around a place: what says that it is not pinned is to be left out. `‹host›` and the
 * digests are text only.
 */

export interface Mark {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** Name of the reference, or of several with `+` between them; null if it cannot be known. */
  readonly name: string | null;
  readonly text: string;
  readonly excluded: boolean;
}

export interface Project {
  readonly files: ReadonlyMap<string, string>;
  readonly marks: readonly Mark[];
}

export interface Names {
  /** Text of each name that may stand in a file. */
  readonly texts: ReadonlyMap<string, string>;
  /** Those that are text only, and no place. */
  readonly plain: ReadonlySet<string>;
}

const FOLDER = join(import.meta.dirname, "projects");

export const PROJECTS: readonly string[] = readdirSync(FOLDER).map((name) => name.replace(/\.txt$/, ""));

export function readProject(name: string, names: Names): Project {
  const files = new Map<string, string>();
  const marks: Mark[] = [];
  const [, ...parts] = `\n${readFileSync(join(FOLDER, `${name}.txt`), "utf8")}`.split("\n=== ");
  for (const part of parts) {
    const end = part.indexOf("\n");
    const file = part.slice(0, end);
    const read = readMarked(file, `${part.slice(end + 1).replace(/\n$/, "")}\n`, names);
    files.set(file, read.text);
    marks.push(...read.marks);
  }
  return { files, marks };
}

/** One file, and its places. */
export function readMarked(file: string, source: string, { texts, plain }: Names): { text: string; marks: Mark[] } {
  let text = "";
  let excluded = false;
  const marks: Mark[] = [];
  const textOf = (name: string): string => {
    const known = texts.get(name);
    if (known === undefined) throw new Error(`${file}: nothing is called ${name}`);
    return known;
  };
  const position = (): { line: number; column: number } => {
    const lines = text.split("\n");
    return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
  };
  const add = (name: string | null, words: string): void => {
    const from = position();
    text += words;
    const to = position();
    marks.push({ file, ...from, endLine: to.line, endColumn: to.column, name, text: words, excluded });
  };
  for (const piece of source.split(/(⟦[^⟧]*⟧|‹[^›]*›|[«»])/)) {
    if (piece === "«" || piece === "»") excluded = piece === "«";
    else if (piece.startsWith("⟦")) {
      const [words = "", name = ""] = piece.slice(1, -1).split("→");
      add(
        name === "?" ? null : name,
        words.replaceAll(/‹([^›]*)›/g, (_all, each: string) => textOf(each)),
      );
    } else if (piece.startsWith("‹")) {
      const name = piece.slice(1, -1);
      if (plain.has(name)) text += textOf(name);
      else add(name, textOf(name));
    } else text += piece;
  }
  return { text, marks };
}

export async function writeProject(folder: string, { files }: Project): Promise<void> {
  for (const [file, text] of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
}
