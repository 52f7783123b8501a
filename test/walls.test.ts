import { dirname } from "node:path/posix";
import { describe, expect, test } from "vitest";
import { DOORS, EFFECTS, LONGEST, MAY_IMPORT, PURE } from "./walls/rooms.ts";
import {
  circlesIn,
  lengthsIn,
  readSources,
  roomOf,
  sourceOf,
  targetsOf,
  type Length,
  type Source,
} from "./walls/sources.ts";

const SOURCES = readSources();

function trespasses(source: Source): string[] {
  const room = roomOf(source.file);
  const open = MAY_IMPORT[room];
  if (open === undefined) return [`${room} is no room of test/walls/rooms.ts`];
  return targetsOf(source).filter(
    (target) => dirname(target) !== room && !open.includes(target) && !open.includes(roomOf(target)),
  );
}

function wrongDoors({ file, imports }: Source): string[] {
  return imports
    .filter((each) => !each.startsWith(".") && !each.startsWith("node:"))
    .map((each) =>
      each
        .split("/")
        .slice(0, each.startsWith("@") ? 2 : 1)
        .join("/"),
    )
    .filter((name) => DOORS[name]?.test(file) !== true);
}

/** Code without its comments and texts. */
const code = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").replace(/"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, '""');

function effects({ file, text, imports }: Source): string[] {
  if (!PURE.test(file)) return [];
  const called = code(text).match(/\bDate\.now\(|new Date\(\)|Math\.random\(/g) ?? [];
  return [...imports.filter((each) => EFFECTS.test(each)), ...called];
}

function tooLong(lengths: readonly Length[]): string[] {
  return lengths.filter(({ lines }) => lines > LONGEST).map(({ name, lines }) => `${name}: ${lines} lines`);
}

describe("the rooms", () => {
  test.each(SOURCES)("$file imports downstairs only", (source) => {
    expect(trespasses(source)).toEqual([]);
  });

  test("no import runs in a circle, that of a type neither", () => {
    expect(circlesIn(SOURCES)).toEqual([]);
  });

  test("every room of the table is there, and every door leads somewhere", () => {
    const places = new Set(SOURCES.flatMap(({ file }) => [file, roomOf(file)]));
    const doors = Object.entries(MAY_IMPORT).flat(2);
    expect(doors.filter((each) => !places.has(each))).toEqual([]);
  });

  test.each(SOURCES)("$file uses packages through their own doors", (source) => {
    expect(wrongDoors(source)).toEqual([]);
  });

  test.each(SOURCES)("$file keeps the habits", (source) => {
    const { file, text } = source;
    const plain = code(text);
    expect(plain).not.toMatch(/\bexport default\b/);
    expect(plain).not.toMatch(/\bany\b(?=[\s,;>)\]|]|$)(?<=[:<|]\s*any)/);
    expect(text.split("\n").length, "lines").toBeLessThanOrEqual(280);
    if (!/^(cli\/|api\.ts)/.test(file)) expect(plain).not.toMatch(/\b(process|console)\./);
    if (file !== "consensus/judge.ts") expect(plain).not.toMatch(/\bas (unknown as )?Agreed\b/);
    if (!/^(local\/|ssh\/script\/|secret\.ts)/.test(file)) expect(plain).not.toMatch(/\.reveal\(\)/);
    expect(effects(source)).toEqual([]);
  });
});

describe("functions", () => {
  test(`have at most ${LONGEST} lines`, () => {
    expect(tooLong(SOURCES.flatMap(lengthsIn))).toEqual([]);
  });
});

describe("the walls are really there", () => {
  const planted = (file: string, ...imports: readonly string[]): Source => ({ file, text: "", imports });

  test.each([
    { file: "oci/planted.ts", target: "../worker/walk/look.ts" },
    { file: "model/planted.ts", target: "../http/transport.ts" },
    { file: "http/planted.ts", target: "../local/engine.ts" },
    { file: "local/planted.ts", target: "../ssh/engine.ts" },
    { file: "ssh/planted.ts", target: "../local/engine.ts" },
    { file: "ssh/script/planted.ts", target: "../connection/target.ts" },
    { file: "ssh/script/planted.ts", target: "../shell.ts" },
    { file: "ssh/connection/planted.ts", target: "../script/reply.ts" },
    { file: "worker/planted.ts", target: "./walk/look.ts" },
    { file: "worker/fetch/planted.ts", target: "../walk/document.ts" },
    { file: "worker/walk/planted.ts", target: "../../local/engine.ts" },
    { file: "coordinator/planted.ts", target: "../cli/io.ts" },
    { file: "consensus/planted.ts", target: "../coordinator/dispatch.ts" },
    { file: "ledger/planted.ts", target: "../release/disk.ts" },
    { file: "ledger/planted.ts", target: "../consensus/judge.ts" },
    { file: "release/planted.ts", target: "../worker/walk/look.ts" },
    { file: "release/quarantine/planted.ts", target: "../formats/file.ts" },
    { file: "release/formats/planted.ts", target: "../release.ts" },
    { file: "report/planted.ts", target: "../consensus/judge.ts" },
    { file: "report/audit/planted.ts", target: "../../pins/findings/findings.ts" },
    { file: "pins/findings/planted.ts", target: "../../report/text.ts" },
    { file: "config/planted.ts", target: "./docker/credentials.ts" },
    { file: "config/docker/planted.ts", target: "../ssh/host.ts" },
    { file: "config/ssh/planted.ts", target: "../../ssh/connection/connection.ts" },
    { file: "demo/planted.ts", target: "../ssh/engine.ts" },
    { file: "cli/planted.ts", target: "../local/engine.ts" },
    { file: "cli/argv/planted.ts", target: "../main.ts" },
    { file: "cli/progress/planted.ts", target: "../verification.ts" },
    { file: "cli/commands/planted.ts", target: "../../release/release.ts" },
    { file: "errors.ts", target: "./secret.ts" },
    { file: "smallfile.ts", target: "./oci/digest.ts" },
    { file: "api.ts", target: "./consensus/judge.ts" },
    { file: "index.ts", target: "./cli/main.ts" },
  ])("$file does not see $target", ({ file, target }) => {
    expect(trespasses(planted(file, target))).toEqual(targetsOf(planted(file, target)));
    expect(SOURCES.map((each) => each.file)).toContain(targetsOf(planted(file, target))[0]);
  });

  test.each(["planted.ts", "planted/a.ts", "oci/planted/a.ts", "release/formats/planted/a.ts"])(
    "%s is in no room",
    (file) => {
      expect(trespasses(planted(file))).toEqual([expect.stringContaining("is no room")]);
    },
  );

  test("a package through another door, and one that nobody knows", () => {
    expect(wrongDoors(planted("oci/planted.ts", "undici", "@x/y/z", "./digest.ts", "node:fs"))).toEqual([
      "undici",
      "@x/y",
    ]);
  });

  test.each(["oci", "model", "consensus", "report", "ssh/script"])("%s is pure", (room) => {
    const source = sourceOf(`${room}/planted.ts`, 'import "node:fs/promises";\nexport const now = () => Date.now();');
    expect(effects(source)).toEqual(["node:fs/promises", "Date.now("]);
  });

  test("imports are seen however they are written", () => {
    const text = [
      'import { a } from "./a.ts";',
      'import type { B } from "./b.ts";',
      'export { c } from "./c.ts";',
      'export type { D } from "./d.ts";',
      'import "./e.ts";',
      'const f = await import("./f.ts");',
      'type G = import("./g.ts").G;',
      "import {\n  h,\n  type I,\n} from './h.ts';",
    ].join("\n");
    expect(sourceOf("oci/x.ts", text).imports.join()).toBe("./a.ts,./b.ts,./c.ts,./d.ts,./e.ts,./f.ts,./g.ts,./h.ts");
  });

  test("a circle of three by types, one of two, and a file that imports itself", () => {
    const sources = [
      sourceOf("a/one.ts", 'import type { T } from "../b/two.ts";'),
      sourceOf("b/two.ts", 'export type { T } from "./three.ts"; import "./straight.ts";'),
      sourceOf("b/three.ts", 'const one = await import("../a/one.ts");'),
      sourceOf("b/straight.ts", 'import "./left.ts";'),
      sourceOf("b/left.ts", 'import type { R } from "./right.ts";'),
      sourceOf("b/right.ts", 'import type { L } from "./left.ts";'),
      sourceOf("c/self.ts", 'import "./self.ts";'),
    ];
    expect(circlesIn(sources)).toEqual([
      ["a/one.ts", "b/three.ts", "b/two.ts"],
      ["b/left.ts", "b/right.ts"],
      ["c/self.ts"],
    ]);
  });

  test("a function that is too long, whatever kind it is, and one that grew", () => {
    const body = "\n".repeat(LONGEST);
    const text = [
      `function plain() {${body}}`,
      `const arrow = () => {${body}};`,
      `class C { method() {${body}} }`,
      `run(() => {${body}});`,
      `function short() {${body.slice(1)}}`,
    ].join("\n");
    const found = tooLong(lengthsIn(sourceOf("oci/x.ts", text)));
    expect(found).toEqual(
      ["plain", "arrow", "method", "run(…)"].map((name) => `oci/x.ts › ${name}: ${LONGEST + 1} lines`),
    );
  });
});
