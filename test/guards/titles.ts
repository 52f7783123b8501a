import ts from "typescript";

/** A `test` or `describe` of a test file, with those that it stands in; a title is as it stands in the source, `%s` and `$name` included. */
export interface Title {
  readonly path: readonly string[];
  readonly group: boolean;
}

const CALL = /^(test|it|describe)\b/;

/** `test("…")`, `test.each(rows)("…")`, `describe.skipIf(…)("…")`: what is called, last, with a text. */
function titleOf(call: ts.CallExpression, file: ts.SourceFile): string | null {
  const [first, ...others] = call.arguments;
  if (first === undefined || others.length === 0 || !CALL.test(call.expression.getText(file))) return null;
  if (ts.isStringLiteral(first) || ts.isNoSubstitutionTemplateLiteral(first)) return first.text;
  return ts.isTemplateExpression(first) ? first.getText(file).slice(1, -1) : null;
}

export function titlesIn(source: string): Title[] {
  const file = ts.createSourceFile("x.test.ts", source, ts.ScriptTarget.Latest, true);
  const titles: Title[] = [];
  const visit = (node: ts.Node, above: readonly string[]): void => {
    const title = ts.isCallExpression(node) ? titleOf(node, file) : null;
    const path = title === null ? above : [...above, title];
    if (title !== null && ts.isCallExpression(node))
      titles.push({ path, group: node.expression.getText(file).startsWith("describe") });
    ts.forEachChild(node, (child) => visit(child, path));
  };
  visit(file, []);
  return titles;
}

/** What a title's `%s`, `$name` and `${…}` stand for. */
const HOLES = /%[a-z%]|\$[a-zA-Z_.]+|\$\{[^}]*\}/;

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function patternOf(text: string, hole: string): string {
  return text.split(new RegExp(HOLES, "g")).map(escaped).join(hole);
}

/** Whether `named` is this title as it stands in the source, or one that its rows give it: what fills the holes stands in the file. */
function isTitle(title: string, named: string, source: string): boolean {
  if (title === named) return true;
  const found = HOLES.test(title) ? new RegExp(`^${patternOf(title, "(.+)")}$`).exec(named) : null;
  return found?.slice(1).every((part) => source.includes(part) || source.includes(JSON.stringify(part).slice(1, -1))) ?? false;
}

/** A title alone, or after those that it stands in: `describe › test`. */
export function findTitle(source: string, named: string): Title | null {
  const wanted = named.split(" › ");
  const found = titlesIn(source).filter(({ path }) => {
    const end = path.slice(-wanted.length);
    return end.length === wanted.length && end.every((title, at) => isTitle(title, wanted[at] ?? "", source));
  });
  return found[0] ?? null;
}

/** The pattern that makes `vitest -t` run the tests of this title, and no other. */
export function selectorOf(title: Title, named: string): string {
  const wanted = named.split(" › ");
  const outer = title.path.slice(0, -wanted.length).map((each) => patternOf(each, ".*"));
  const inner = wanted.map((each) => (HOLES.test(each) ? patternOf(each, ".*") : escaped(each)));
  return `^${[...outer, ...inner].join(" ")}${title.group ? " " : "$"}`;
}
