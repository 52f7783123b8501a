import { join } from "node:path";
import ts from "typescript";
import { findTitle, selectorOf } from "./titles.ts";

export const ROOT = join(import.meta.dirname, "../..");

/** A place of the program that keeps a promise, how it is broken, and the test that has to notice. */
export interface Guard {
  /** The words that one line of the table of docs/threat-model.md begins with. */
  readonly promise: string;
  readonly file: string;
  /** Stands once in the file; short, so that it lives through what is changed around it. */
  readonly from: string;
  readonly to: string;
  /** `test/x/y.test.ts › title`, or `… › group › title`. */
  readonly test: string;
}

/** Guards of one promise. */
export function guard(promise: string, ...guards: readonly Omit<Guard, "promise">[]): Guard[] {
  return guards.map((each) => ({ promise, ...each }));
}

export function testFileOf({ test }: Guard): string {
  return test.split(" › ")[0] ?? "";
}

export function titleOf({ test }: Guard): string {
  return test.split(" › ").slice(1).join(" › ");
}

/** What `vitest -t` takes; `source` is that of the test file. Throws where it has no such title. */
export function selectorFor(guard: Guard, source: string): string {
  const title = findTitle(source, titleOf(guard));
  if (title === null) throw new Error(`there is no test "${titleOf(guard)}" in ${testFileOf(guard)}`);
  return selectorOf(title, titleOf(guard));
}

/**
 * `source` with the guard broken. Throws where its text does not stand there once, or where what comes of it is no
 * TypeScript.
 */
export function broken({ file, from, to }: Guard, source: string): string {
  const count = source.split(from).length - 1;
  if (count !== 1) throw new Error(`${JSON.stringify(from)} stands ${count} times in ${file}, and not once`);
  const changed = source.replace(from, () => to);
  if (file.endsWith(".ts")) compiled(file, changed);
  return changed;
}

const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2023,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** As `npm run build` writes it, without its types. */
export function compiled(file: string, source: string): string {
  const { outputText, diagnostics } = ts.transpileModule(source, {
    compilerOptions: OPTIONS,
    fileName: file,
    reportDiagnostics: true,
  });
  const [first] = diagnostics ?? [];
  if (first !== undefined)
    throw new Error(`${file} cannot be compiled: ${ts.flattenDiagnosticMessageText(first.messageText, " ")}`);
  return outputText;
}
