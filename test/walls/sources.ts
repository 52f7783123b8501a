import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import ts from "typescript";

export const SRC = join(import.meta.dirname, "../../src");

export interface Source {
  /** From src: `oci/digest.ts`. */
  readonly file: string;
  readonly text: string;
  /** As they are written; those of types and those at run time count like all others. */
  readonly imports: readonly string[];
}

export function sourceOf(file: string, text: string): Source {
  return { file, text, imports: ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName) };
}

export function readSources(): readonly Source[] {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8", withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    return sourceOf(path.slice(SRC.length + 1), readFileSync(path, "utf8"));
  });
}

/** The folder that a file stands in, or the file itself where it stands directly in src. */
export function roomOf(file: string): string {
  return file.includes("/") ? dirname(file) : file;
}

/** The files of src that a source imports. */
export function targetsOf({ file, imports }: Source): string[] {
  return imports.filter((each) => each.startsWith(".")).map((each) => normalize(join(dirname(file), each)));
}

/**
 * Files that reach themselves by imports, each with the others of its circle. Tarjan's strongly connected components.
 */
export function circlesIn(sources: readonly Source[]): string[][] {
  const targets = new Map(sources.map((source) => [source.file, targetsOf(source)]));
  const found: string[][] = [];
  const order = new Map<string, number>();
  const open: string[] = [];
  const visit = (file: string): number => {
    let low = order.size;
    order.set(file, low);
    open.push(file);
    for (const target of targets.get(file) ?? []) {
      if (!targets.has(target)) continue;
      if (!order.has(target)) low = Math.min(low, visit(target));
      else if (open.includes(target)) low = Math.min(low, order.get(target) ?? low);
    }
    if (low === order.get(file)) {
      const circle = open.splice(open.indexOf(file));
      if (circle.length > 1 || targets.get(file)?.includes(file) === true) found.push(circle.sort());
    }
    return low;
  };
  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  return found.sort();
}

export interface Length {
  /** `oci/json.ts › parseJson` */
  readonly name: string;
  readonly lines: number;
}

/** Every function with its lines, those of the functions inside of it included. */
export function lengthsIn({ file, text }: Source): Length[] {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Length[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      const lineAt = (position: number): number => tree.getLineAndCharacterOfPosition(position).line;
      found.push({
        name: `${file} › ${nameOf(node, tree)}`,
        lines: lineAt(node.end) - lineAt(node.getStart(tree)) + 1,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function nameOf(node: ts.SignatureDeclaration, tree: ts.SourceFile): string {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  if (node.name !== undefined) return node.name.getText(tree);
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText(tree);
  return ts.isCallExpression(parent) ? `${parent.expression.getText(tree)}(…)` : "a function";
}
