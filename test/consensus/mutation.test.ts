import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import * as changes from "../../src/consensus/changes.ts";
import * as errors from "../../src/errors.ts";
import * as observation from "../../src/model/observation.ts";
import * as exits from "../../src/model/exit.ts";
import * as policies from "../../src/model/policy.ts";
import * as subject from "../../src/model/subject.ts";
import * as trees from "../../src/model/tree.ts";
import * as digests from "../../src/oci/digest.ts";
import * as mediatype from "../../src/oci/mediatype.ts";
import * as homebrew from "../../src/oci/homebrew.ts";
import { CASES, failuresOf, type Judge } from "./table.ts";

const FOLDER = join(import.meta.dirname, "../../src/consensus");
/** What decides; the rest explains. */
const EXPLAINS = ["blobs.ts", "camps.ts", "changes.ts", "compare.ts", "needed.ts"];
/** What stands in a list is judged by a rule of its own: listed.test.ts. */
const OTHERS = [...EXPLAINS, "listed.ts"];
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith(".ts") && !OTHERS.includes(file));
const SOURCES = new Map(FILES.map((file) => [file, readFileSync(join(FOLDER, file), "utf8")]));
/** With UPDATE_GOLDEN=1 it is written instead, to be read by a person. */
const WRITTEN = join(import.meta.dirname, "golden/verdicts.json");
if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(WRITTEN, `${JSON.stringify(answers(), null, 2)}\n`);
const GOLDEN = JSON.parse(readFileSync(WRITTEN, "utf8")) as Record<string, unknown>;

function answers(): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(CASES).map(([name, asked]) => [name, judge(...asked)]));
}

interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly from: string;
  readonly to: string;
  /** The line with the change in it. */
  readonly text: string;
  readonly source: string;
}

const SWAPS: Readonly<Record<string, readonly string[]>> = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "&&": ["||"],
  "||": ["&&"],
  "+": ["-"],
  "-": ["+"],
};

/** Changes of one place that turn a decision around. */
function changesAt(node: ts.Node, file: ts.SourceFile): { start: number; end: number; to: string }[] {
  const [start, end] = [node.getStart(file), node.getEnd()];
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken;
    const others = SWAPS[operator.getText(file)] ?? [];
    return others.map((to) => ({ start: operator.getStart(file), end: operator.getEnd(), to }));
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return [{ start, end: start + 1, to: "" }];
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [{ start, end, to: "false" }];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [{ start, end, to: "true" }];
  if (ts.isNumericLiteral(node)) return [{ start, end, to: String(Number(node.text) + 1) }];
  if (ts.isPropertyAccessExpression(node) && ["every", "some"].includes(node.name.text)) {
    return [{ start: node.name.getStart(file), end, to: node.name.text === "every" ? "some" : "every" }];
  }
  return [];
}

function mutantsOf(file: string, source: string): Mutant[] {
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    for (const { start, end, to } of changesAt(node, parsed)) {
      const changed = source.slice(0, start) + to + source.slice(end);
      const { line } = parsed.getLineAndCharacterOfPosition(start);
      mutants.push({
        file,
        line: line + 1,
        from: source.slice(start, end),
        to,
        text: changed.split("\n")[line]?.trim() ?? "",
        source: changed,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return mutants;
}

const COMPILED = new Map<string, string>();

/** All but one of the sources are the same in every mutant. */
function compiled(source: string): string {
  const known = COMPILED.get(source);
  if (known !== undefined) return known;
  const compilerOptions = {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2023,
    verbatimModuleSyntax: false,
  };
  const { outputText } = ts.transpileModule(source, { compilerOptions });
  COMPILED.set(source, outputText);
  return outputText;
}

/** The judge of these sources: compiled, and loaded without touching the real ones. */
function load(sources: ReadonlyMap<string, string>): Judge {
  const loaded = new Map<string, Record<string, unknown>>();
  function require(name: string): unknown {
    if (name === "../errors.ts") return errors;
    if (name === "../model/observation.ts") return observation;
    if (name === "../model/subject.ts") return subject;
    if (name === "../model/exit.ts") return exits;
    if (name === "../model/policy.ts") return policies;
    if (name === "../model/tree.ts") return trees;
    if (name === "../oci/digest.ts") return digests;
    if (name === "../oci/mediatype.ts") return mediatype;
    if (name === "../oci/homebrew.ts") return homebrew;
    if (name === "./changes.ts") return changes;
    const file = name.replace("./", "");
    const known = loaded.get(file);
    if (known !== undefined) return known;
    const source = sources.get(file);
    if (source === undefined) throw new Error(`the mutants do not know ${name}`);
    const exports: Record<string, unknown> = {};
    loaded.set(file, exports);
    const outputText = compiled(source);
    const run = new Script(`(function (exports, require) {${outputText}\n})`).runInThisContext() as (
      ...args: unknown[]
    ) => void;
    run(exports, require);
    return exports;
  }
  return (require("./judge.ts") as { judge: Judge }).judge;
}

/** What the table says to a judge that may never come to an end. */
function caughtBy(wrong: Judge): string {
  const place = globalThis as { judgement?: () => string };
  place.judgement = () => failuresOf(wrong, GOLDEN)[0] ?? "";
  try {
    return new Script("judgement()").runInThisContext({ timeout: 5000 }) as string;
  } catch (error) {
    return errors.messageOf(error);
  } finally {
    delete place.judgement;
  }
}

/** Changes that change nothing, each with the reason. */
const EQUIVALENT: readonly { readonly text: string; readonly why: string }[] = [
  {
    text: "if (told >= Date.parse(finishedAt)) return [told - Date.parse(finishedAt)];",
    why: "at the end of the look nothing is off",
  },
  {
    text: "return [Math.min(1, told - Date.parse(startedAt))];",
    why: "a millisecond within the look is far from a quarter of an hour",
  },
  {
    text: "return own.filter((digest, at) => digest !== own[at + 1]);",
    why: "of equal neighbours one stays, whichever it is",
  },
  ...[
    "while (left.length > 1) {",
    "left = left.map((sequence) => sequence.filter((digest) => digest !== next)).filter(({ length }) => length > 1);",
  ].map((text) => {
    return { text, why: "all sequences end with the same digest: alone, it is before nothing" };
  }),
  ...[
    "return [{ at, digest, objects, ...(depth !== undefined ? {} : { depth }) }];",
    "const whole = agreements.findLast((each) => each.digest === last.digest || each.depth === undefined);",
    "const whole = agreements.findLast((each) => each.digest !== last.digest && each.depth === undefined);",
    "const whole = agreements.findLast((each) => each.digest === last.digest && each.depth !== undefined);",
    "const changes = changesBetween(whole ?? last, { digest, objects, ...(depth !== undefined ? {} : { depth }) });",
  ].map((text) => {
    return { text, why: "only what changed rests on it, which the judge does not ask for: history.test.ts" };
  }),
  ...["left <= right ? -1 : 1", "left < right ? -2 : 1", "left < right ? -1 : 2"].map((turned) => {
    return { text: `return ${turned};`, why: "of a comparison only the sign counts, and equal names need no order" };
  }),
  ...[
    "a.worker <= b.worker ? -1 : 1",
    "a.worker >= b.worker ? -1 : 1",
    "a.worker < b.worker ? -2 : 1",
    "a.worker < b.worker ? -1 : 2",
  ].map((turned) => {
    return { text: `.sort((a, b) => (${turned}));`, why: "who looked on a day is a list to be read" };
  }),
  ...["const DEEPEST = 17;", "for (let at = first; path.length <= DEEPEST;) {"].map((text) => {
    return { text, why: "where the label of a thing that hangs below itself ends decides nothing" };
  }),
  {
    text: "exits.filter(({ networks }) => networks.length > 0 && networks.every((each) => each.family !== family)),",
    why: "there are two families, and it does not matter which of the lists is whose",
  },
  {
    text: 'return `${parent} ${role === "config" ? role : role !== "mirror" ? `mirror ${position}` : position}`;',
    why: "the names of two kinds of edges are changed for each other, and still name no edge of the other kind",
  },
  {
    text: "if (gap !== null || first === undefined && root === undefined) {",
    why: "without a gap there is a first report, and it has a root",
  },
];

describe("the judgement", () => {
  test("of every case is, word for word, what was written down", () => {
    expect(JSON.parse(JSON.stringify(answers()))).toEqual(GOLDEN);
    expect(failuresOf(judge, GOLDEN)).toEqual([]);
  });

  test("is the same when it is loaded as the mutants are", () => {
    expect(caughtBy(load(SOURCES))).toBe("");
  });

  const mutants = [...SOURCES].flatMap(([file, source]) => mutantsOf(file, source));
  test(`turned around at any of ${mutants.length} places is not what the table says`, { timeout: 300_000 }, () => {
    const survivors = mutants.filter(({ file, source }) => {
      const sources = new Map([...SOURCES, [file, source]]);
      return caughtBy(load(sources)) === "";
    });
    const unexplained = survivors.filter(({ text }) => !EQUIVALENT.some((each) => each.text === text));
    expect(unexplained.map(({ file, line, from, to, text }) => `${file}:${line}: ${from} → ${to}: ${text}`)).toEqual(
      [],
    );
    expect(EQUIVALENT.filter(({ text }) => !survivors.some((each) => each.text === text))).toEqual([]);
    expect(mutants.length).toBeGreaterThan(80);
  });
});
