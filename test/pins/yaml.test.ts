import { describe, expect, test } from "vitest";
import { compose } from "../../src/pins/formats/compose.ts";
import type { Format } from "../../src/pins/formats/format.ts";
import { github } from "../../src/pins/formats/github.ts";
import { gitlab } from "../../src/pins/formats/gitlab.ts";
import { helm } from "../../src/pins/formats/helm.ts";
import { NEW, OLD, look, pin, sliceOf, told } from "./pinned.ts";

const images = (...lines: string[]): string => `services:\n${lines.map((each, at) => `  s${at}:${each}\n`).join("")}`;

describe("a text is found", () => {
  test.each([
    ["plain", images(" { image: a:1 }"), ["2:16 a:1 -> s0: { image: a:1@NEW }"]],
    ["in double quotes", images(' { image: "a:1" }'), ['2:17 a:1 -> s0: { image: "a:1@NEW" }']],
    ["in single quotes", images(" { image: 'a:1' }"), ["2:17 a:1 -> s0: { image: 'a:1@NEW' }"]],
    [
      "with escapes, which are not edited",
      images(' { image: "a\\x3a1" }'),
      ["2:17 a\\x3a1 = a:1 by hand: the file has it in escaped characters"],
    ],
    [
      "over two lines, which are not edited",
      images('\n    image: "a\\\n      :1"'),
      ["3:13 a\\\\u{a}      :1 = a:1 by hand: the file has it in escaped characters"],
    ],
    ["in a block", images("\n    image: |\n      a:1\n"), ["4:7 a:1 -> a:1@NEW"]],
    ["in a folded block", images("\n    image: >- # here\n      a:1\n"), ["4:7 a:1 -> a:1@NEW"]],
    ["behind blanks in quotes", images(' { image: " a:1 " }'), ['2:18 a:1 -> s0: { image: " a:1@NEW " }']],
    ["behind an anchor and a tag", images(" { image: !!str &a a:1 }"), ["2:25 a:1 -> s0: { image: !!str &a a:1@NEW }"]],
    ["as a value of its own line", images("\n    image:\n      a:1"), ["4:7 a:1 -> a:1@NEW"]],
    ["with quoted keys", '"services":\n  "s": { "image": "a:1" }\n', ['2:20 a:1 -> "s": { "image": "a:1@NEW" }']],
    ["behind a byte order mark", `\ufeff${images(" { image: a:1 }")}`, ["2:16 a:1 -> s0: { image: a:1@NEW }"]],
    ["between comments", images(" # b:1\n    image: a:1 # c:1"), ["3:12 a:1 -> image: a:1@NEW # c:1"]],
    ["behind tabs", images(" {\timage:\ta:1\t}"), ["2:16 a:1 -> s0: {\timage:\ta:1@NEW\t}"]],
    [
      "behind characters of two units",
      images(" { x: \u{1f40b}, image: a:1 }"),
      [expect.stringContaining("2:23 a:1 -> ")],
    ],
    [
      "under the last of two equal keys",
      images(" { image: a:1, image: b:1 }"),
      [expect.stringContaining("2:28 b:1 -> ")],
    ],
    ["behind directives", `%YAML 1.1\n---\n${images(" { image: a:1 }")}`, ["4:16 a:1 -> s0: { image: a:1@NEW }"]],
  ])("%s", (_, text, mentions) => {
    expect(told(compose, "compose.yaml", text)).toEqual(mentions);
  });

  test("with the line breaks of Windows, which stay", () => {
    const text = images(" { image: a:1 }", ' { image: "b" }', "\n    image: |\n      c:1").replaceAll("\n", "\r\n");
    const { mentions } = look(compose, "compose.yaml", text);
    expect(mentions.map((each) => sliceOf(text, each))).toEqual(["a:1", "b", "c:1"]);
    expect(pin(text, mentions)).toBe(
      text.replace("a:1", `a:1@${NEW}`).replace('"b"', `"b:latest@${NEW}"`).replace("c:1", `c:1@${NEW}`),
    );
  });
});

test("what a comment says is told", () => {
  const text = images(
    ` { image: 'a@${OLD}' } # v1.2`,
    " { image: b:1 } # tofu3: ignore unpinned it is a test",
    " { image: c:1 } # tofu3: ignore nonsense it is one",
  );
  const { mentions, unread } = look(compose, "compose.yaml", text);
  expect(mentions.map(({ comment, ignores }) => [comment, ignores])).toEqual([
    ["v1.2", []],
    [null, [{ kinds: ["unpinned"], reason: "it is a test" }]],
    [null, []],
  ]);
  expect(unread).toEqual([{ file: "compose.yaml", why: expect.stringContaining("line 4: ") as string, minor: true }]);
});

describe("of a split reference, what a comment says is told", () => {
  const text = (repository: string, digest: string): string =>
    `image:\n  repository: a/b${repository}\n  tag: ""\n  digest: ${OLD}${digest}\n`;

  test.each([
    ["behind its digest", text("", " # v1.2"), "v1.2", []],
    ["behind its repository", text(" # tofu3: ignore unpinned why not", ""), null, ["why not"]],
    ["above its repository", `image:\n  # tofu3: ignore unpinned so\n${text("", "").slice(7)}`, null, ["so"]],
  ])("%s", (_, values, comment, reasons) => {
    const [mention] = look(helm, "values.yaml", values).mentions;
    expect([mention?.comment, mention?.ignores.map(({ reason }) => reason)]).toEqual([comment, reasons]);
  });
});

describe("a file that is no YAML", () => {
  test.each([
    ["tells its line", `${images(" { image: a:1 }")}x: [\n`, ["a:1"], 4],
    [
      "is read before and behind it",
      `${images(" { image: a:1 }")}\t- x\n---\n${images(" { image: b:1 }")}`,
      ["a:1", "b:1"],
      3,
    ],
    ["may be a template", "services:\n{{- range .x }}\n  a: { image: b:1 }\n{{- end }}\n", [], 2],
  ])("%s", (_, text, said, line) => {
    const { mentions, unread } = look(compose, "compose.yaml", text);
    expect(mentions.map((each) => each.text)).toEqual(said);
    expect(unread).toEqual([
      { file: "compose.yaml", why: `line ${line} is no valid YAML, and what follows it may be left out` },
    ]);
  });
});

const INTRICATE = "it has more aliases, nesting or matrix jobs than are followed";

describe("a file that is made to be read forever", () => {
  const laughs = (depth: number, leaf: string, join: (name: string) => string): string =>
    Array.from({ length: depth }, (_, at) =>
      at === 0 ? `a0: &a0 ${leaf}\n` : `a${at}: &a${at} ${join(`*a${at - 1}`)}\n`,
    ).join("");

  test.each([
    [
      "with lists of lists",
      compose,
      `${laughs(40, "{ image: x:1 }", (each) => `[${Array(20).fill(each).join(", ")}]`)}services: { s: *a0 }\n`,
      1,
    ],
    [
      "with merges of merges",
      compose,
      `${laughs(40, "{ image: x:1 }", (each) => `{ <<: [${Array(20).fill(each).join(", ")}] }`)}services: { s: *a39 }\n`,
      1,
    ],
    ["with itself", compose, "services: &s\n  <<: *s\n  a: *s\n  b: { image: x:1, <<: *s }\n", 1],
    [
      "with variables of variables",
      gitlab,
      `variables:\n  V0: x\n${Array.from({ length: 40 }, (_, at) => `  V${at + 1}: $V${at}$V${at}\n`).join("")}image: $V40\n`,
      1,
    ],
    ["with defaults of defaults", compose, images(` { image: "${"${A:-".repeat(400)}x${"}".repeat(400)}" }`), 1],
  ] as const)("%s", (_, format: Format, text, count) => {
    const started = performance.now();
    const path = format === gitlab ? ".gitlab-ci.yml" : "compose.yaml";
    expect(look(format, path, text).mentions).toHaveLength(count);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test.each([
    ["of lists", "[".repeat(100_000)],
    ["of closed lists", `${"[".repeat(20_000)}${"]".repeat(20_000)}`],
    ["of items", `${"- ".repeat(50_000)}a`],
    ["of mappings", "{a: ".repeat(30_000)],
  ])("with a tower %s", (_, tower) => {
    const { mentions, unread } = look(compose, "compose.yaml", `${images(" { image: x:1 }")}---\n${tower} # image`);
    expect([mentions.map(({ text }) => text), unread.length]).toEqual([["x:1"], 1]);
  });

  test("with a thousand jobs that share a thousand steps is left out in the end, and says so", () => {
    const steps = "    - uses: docker://a:1\n".repeat(4000);
    const jobs = Array.from({ length: 4000 }, (_, at) => `  j${at}: { steps: *s }\n`).join("");
    const { mentions, unread } = look(github, ".github/workflows/x.yml", `x: &s\n${steps}jobs:\n${jobs}`);
    expect(mentions.length).toBe(4000);
    expect(unread).toEqual([{ file: ".github/workflows/x.yml", why: INTRICATE }]);
  });
});
