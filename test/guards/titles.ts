import ts from "typescript";

/**
 * A `test` or `describe` of a test file, with those that it stands in; a title is as it stands in the source, `%s` and
 * `$name` included.
 */
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

/** What the rows of a test fill in: `%s`, `$name`, `${…}`. */
const HOLES = /%[a-z%]|\$[a-zA-Z_.]+|\$\{[^}]*\}/g;

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function patternOf(title: string, hole: string): string {
  return title.split(HOLES).map(escaped).join(hole);
}

/** What fills the holes of `title` where that gives `named`; null where nothing does. */
function fillingsOf(title: string, named: string): readonly string[] | null {
  if (title === named) return [];
  return new RegExp(`^${patternOf(title, "(.+)")}$`).exec(named)?.slice(1) ?? null;
}

/**
 * Of two titles that fit, the one is meant whose holes are filled by what stands in the source, and then the one that
 * says more itself.
 */
function likelihoodOf(source: string, title: Title, named: string): number {
  return (isFilledFrom(source, title, named) ? 1000 : 0) + (title.path.at(-1) ?? "").replace(HOLES, "").length;
}

/**
 * A title alone, or after those that it stands in: `describe › test`; its holes may be filled as one of its rows fills
 * them.
 */
export function findTitle(source: string, named: string): Title | null {
  const wanted = named.split(" › ");
  const found = titlesIn(source).filter(({ path }) => {
    const end = path.slice(-wanted.length);
    return end.length === wanted.length && end.every((title, at) => fillingsOf(title, wanted[at] ?? "") !== null);
  });
  const exact = found.find(({ path }) => path.at(-1) === wanted.at(-1));
  const [best] = found.toSorted((one, other) => likelihoodOf(source, other, named) - likelihoodOf(source, one, named));
  return exact ?? best ?? null;
}

/**
 * Whether what fills the holes stands in the source: a row that is gone, or that has another file, is not named by its
 * title.
 */
export function isFilledFrom(source: string, title: Title, named: string): boolean {
  const wanted = named.split(" › ");
  const parts = title.path.slice(-wanted.length).flatMap((each, at) => fillingsOf(each, wanted[at] ?? "") ?? []);
  return parts.every((part) => source.includes(part) || source.includes(JSON.stringify(part).slice(1, -1)));
}

/** vitest puts texts for `$name` into quotes and cuts them. */
function selectorPart(title: string, named: string): string {
  const fillings = [...(fillingsOf(title, named) ?? [])];
  const [first = "", ...others] = title.split(HOLES).map(escaped);
  return first + others.map((literal) => `.*${escaped((fillings.shift() ?? "").slice(0, 25))}.*${literal}`).join("");
}

/** The pattern that makes `vitest -t` run the tests of this title, and no other. */
export function selectorOf(title: Title, named: string): string {
  const wanted = named.split(" › ");
  const start = title.path.length - wanted.length;
  const parts = title.path.map((each, at) => selectorPart(each, at < start ? each : (wanted[at - start] ?? each)));
  return `^${parts.join(" ")}${title.group ? " " : "$"}`;
}
