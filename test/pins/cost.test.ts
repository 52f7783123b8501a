import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compose } from "../../src/pins/formats/compose.ts";
import { gitlab } from "../../src/pins/formats/gitlab.ts";
import { kubernetes } from "../../src/pins/formats/manifests.ts";
import { parseDocuments } from "../../src/pins/formats/parse.ts";
import { readTree } from "../../src/pins/tree.ts";

const all = (): boolean => true;
const pod = (image: string): string => `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: ${image}\n`;
const texts = (text: string): readonly string[] =>
  kubernetes.find({ path: "a.yaml", text }).mentions.map(({ place, text: said }) => `${place.line} ${said}`);

describe("documents of a text", () => {
  test.each([
    ["of one", "a: b\n", 1],
    ["behind a comment", "# a\n\n---\na: b\n", 1],
    ["behind a byte order mark", "\ufeff# a\n---\na: b\n", 1],
    ["of three", "a\n---\n---\nb\n", 3],
    ["with directives", "%YAML 1.2\n---\na\n...\n%YAML 1.2\n---\nb\n", 2],
    ["that has dashes within", "a: |\n  ---\nb: ----\n---x: c\n", 1],
  ])("%s", (_, text, count) => {
    const { documents, tokens, cutAt } = parseDocuments(text, all, Infinity);
    expect([documents.length, cutAt]).toEqual([count, null]);
    expect(tokens).toBeGreaterThan(0);
  });

  test("keep their offsets, whatever is left out before them", () => {
    const text = `# x\n---\n${"a: b\n".repeat(9)}---\n${pod("a:1")}--- # next\r\n${pod("b:2")}`;
    expect(texts(text)).toEqual(["17 a:1", "23 b:2"]);
  });

  test("that are left out cost nothing", () => {
    const text = `${pod("a:1")}${"---\nkind: Service\napiVersion: v1\n".repeat(1000)}`;
    const { mentions, tokens } = kubernetes.find({ path: "a.yaml", text });
    expect(mentions).toHaveLength(1);
    expect(tokens).toBeLessThan(100);
  });

  test("have places: the header of a file is the first, wanted or not", () => {
    const text = "a: 1\n---\nspec: { inputs: { i: { default: x:1 } } }\nimage: $[[ inputs.i ]]\n";
    const [mention] = gitlab.find({ path: ".gitlab-ci.yml", text }).mentions;
    expect(mention?.target.kind).toBe("unresolved");
  });
});

test.each([
  ["escaped letters", '"im\\x61ge": a:1'],
  ["a word over two lines", '"im\\\n       age": a:1'],
  ["other escaped letters", '"\\u0069mage": a:1'],
])("a key is not hidden by %s", (_, key) => {
  const { mentions } = compose.find({ path: "compose.yaml", text: `services:\n  s:\n    ${key}\n` });
  expect(mentions.map(({ text }) => text)).toEqual(["a:1"]);
});

describe("a schema is not parsed", () => {
  const HEAD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n";
  const BODY = "metadata:\n  name: a\nspec:\n  containers:\n    - image: a:1\n";
  const cost = (text: string): number => kubernetes.find({ path: "a.yaml", text }).tokens ?? NaN;

  test.each([
    ["alone", `${HEAD}${BODY}`],
    ["behind comments", `# x\n---\n# y\n${HEAD}${BODY}`],
    ["with the line breaks of Windows", `${HEAD}${BODY}`.replaceAll("\n", "\r\n")],
  ])("%s", (_, text) => {
    expect(cost(text)).toBe(0);
  });

  test.each([
    ["another kind behind it", `${HEAD}${BODY}kind: Pod\n`],
    ["another kind in quotes", `${HEAD}${BODY}"kind": Pod\n`],
    ["another kind in a flow", `{"kind": Pod}\n${HEAD}${BODY}`],
    ["another kind as a question", `${HEAD}${BODY}? kind\n: Pod\n`],
    ["a kind of two lines", `${HEAD}  b\n${BODY}`],
    ["a kind of a text", `a: "\n${HEAD}${BODY}"\n`],
    ["merged keys", `${HEAD}${BODY}<<: { kind: Pod }\n`],
  ])("but one with %s is", (_, text) => {
    expect(cost(text)).toBeGreaterThan(0);
  });
});

const CUT = (line: number): string => `it has more YAML than is read at once: what begins at line ${line} is left out`;

describe("more YAML than is read at once", () => {
  test.each([
    ["of one document", `image: a:1\n${"- a\n".repeat(300_000)}`, [], 1],
    ["of a flow", `[${"a,".repeat(600_000)}"image"]`, [], 1],
    ["of commas", `[${",".repeat(1_100_000)}"image"]`, [], 1],
    ["behind a document", `${pod("a:1")}---\n# image\n${"- a\n".repeat(300_000)}`, ["5 a:1"], 6],
    ["of documents", `${pod("a:1")}${"---\nimage\n".repeat(300_000)}`, ["5 a:1"], null],
  ])("%s", (_, text, mentions, line) => {
    const found = kubernetes.find({ path: "a.yaml", text });
    expect(found.mentions.map(({ place, text: said }) => `${place.line} ${said}`)).toEqual(mentions);
    const why = line === null ? (expect.stringContaining("than is read at once") as string) : CUT(line);
    expect(found.unread).toEqual([{ file: "a.yaml", why }]);
    expect(found.tokens).toBeLessThanOrEqual(1_000_000);
  });

  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "tofu3-cost-"));
  });
  afterEach(() => rm(base, { recursive: true }));

  async function write(name: string, text: string): Promise<void> {
    await mkdir(dirname(join(base, name)), { recursive: true });
    await writeFile(join(base, name), text);
  }

  test("in one tree is said of each file, and what has no YAML to parse is read", async () => {
    for (const name of ["a", "b", "c", "d"]) await write(`${name}/compose.yaml`, "services: { a: { image: a:1 } }\n");
    await write("e/compose.yaml", "services: {}\n");
    await write("f/Dockerfile", "FROM b:1\n");
    const most = { entries: 100, mentions: 100, tokens: 100 };
    const tree = await readTree(["."], { base, most }, new AbortController().signal);
    expect(tree.mentions.map(({ place }) => place.file)).toEqual(["a/compose.yaml", "b/compose.yaml", "f/Dockerfile"]);
    expect(tree.unread).toEqual(["c", "d"].map((name) => ({ file: `${name}/compose.yaml`, why: CUT(1) })));
  });

  test("can be interrupted between two files", async () => {
    for (let at = 0; at < 8; at++) await write(`${at}.Dockerfile`, "FROM a\n".repeat(10_000));
    const controller = new AbortController();
    const reading = readTree(["."], { base }, controller.signal);
    const reason = new Error("stop");
    // each file takes longer than this
    setTimeout(() => controller.abort(reason), 30);
    await expect(reading).rejects.toBe(reason);
  });
});
