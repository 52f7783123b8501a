import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dockerfile, mentionsInDockerfile } from "../../../src/pins/formats/dockerfile.ts";
import { Lines } from "../../../src/pins/text.ts";
import { costOf } from "../../oci/cost.ts";
import { at, DIGEST, mentionsOf, OTHER, pinned, told } from "./found.ts";

describe("what a Dockerfile names", () => {
  test.each<[string, string, readonly string[]]>([
    ["a FROM", "FROM alpine:3.20\n", ["1:6 alpine:3.20"]],
    ["the last line has no line break", "FROM alpine:3.20", ["1:6 alpine:3.20"]],
    ["lower-case instructions", "from alpine:3.20 as a\nfrom a\n", ["1:6 alpine:3.20"]],
    ["tabs between the words, blanks before them", " \tFROM\t\talpine:3.20\tAS\tx\n", ["1:9 alpine:3.20"]],
    ["a byte order mark is no column", "\ufeffFROM alpine:3.20\n", ["1:6 alpine:3.20"]],
    ["CRLF line ends", "FROM a:1\r\nFROM \\\r\n  b:2\r\n", ["1:6 a:1", "3:3 b:2"]],
    ["a lone CR ends no line", "FROM a:1\nRUN x \rFROM b:2\n", ["1:6 a:1"]],
    ["a platform", "FROM --platform=$BUILDPLATFORM golang:1.25 AS build\n", ["1:32 golang:1.25"]],
    ["scratch is no reference", "FROM scratch\n", []],
    ["an earlier stage is none, whatever its case", "FROM a:1 AS Build\nFROM build\n", ["1:6 a:1"]],
    ["a later stage is one for FROM", "FROM build\nFROM a:1 AS build\n", ["1:6 build", "2:6 a:1"]],
    ["a stage does not name itself", "FROM node AS node\n", ["1:6 node"]],
    ["COPY from an image", "FROM a:1\nCOPY --link --from=b:2 /x /y\n", ["1:6 a:1", "2:20 b:2"]],
    ["COPY from a stage, by name or number", "FROM a:1 AS s\nCOPY --from=S x y\nCOPY --from=0 x y\n", ["1:6 a:1"]],
    ["COPY knows later stages", "FROM a:1\nCOPY --from=late x y\nFROM b:2 AS late\n", ["1:6 a:1", "3:6 b:2"]],
    ["COPY fills in no variables", "COPY --from=$X x y\n", ["1:13 $X ? variables are not filled in there"]],
    ["ADD has no --from", "ADD --from=b:2 x y\n", []],
    ["a word that only looks like a flag", "COPY x --from=b:2 y\n", []],
    [
      "every mount of a RUN, in quotes or without",
      'RUN --mount=type=bind,from=a:1,target=/a --mount=type=cache --mount=target=/b,from="b:2" --mount="from=c:3" ls\n',
      ["1:28 a:1", "1:85 b:2", "1:104 c:3"],
    ],
    ["a mount in the command is none", "RUN ls --mount=from=a:1\n", []],
    ["the syntax directive", "# syntax=docker/dockerfile:1\nFROM scratch\n", ["1:10 docker/dockerfile:1"]],
    ["behind another directive", "#escape=`\n# Syntax = a/b:1\n", ["2:12 a/b:1"]],
    ["and behind a shebang", "#!/usr/bin/env docker\n# syntax=a/b:1\n", ["2:10 a/b:1"]],
    ["but not behind a comment", "# hello\n# syntax=docker/dockerfile:1\n", []],
    ["or a blank line", "\n# syntax=docker/dockerfile:1\n", []],
    ["a continued line", "FROM \\\n# why\n\n  alpine:3 \\\n AS x\nFROM x\n", ["4:3 alpine:3"]],
    ["another escape character", "# escape=`\nFROM `\n a:1\nRUN c:\\\nFROM b:2\n", ["3:2 a:1", "5:6 b:2"]],
    ["a doubled escape character continues nothing", "RUN dir C:\\\\\nFROM b:2\n", ["2:6 b:2"]],
    ["a FROM in a heredoc is none", "RUN <<EOF\nFROM no:1\nEOF\nFROM yes:1\n", ["4:6 yes:1"]],
    ["nor in one of two", "COPY <<-'A' <<B /x/\nFROM no:1\n\tA\nFROM no:2\nB\nFROM yes:1\n", ["6:6 yes:1"]],
    ["nor in a comment", "# FROM no:1\nRUN a \\\n  # FROM no:2\n  && b\n", []],
    ["ONBUILD", "ONBUILD COPY --from=a:1 x y\nONBUILD RUN --mount=from=b:2 x\n", ["1:21 a:1", "2:26 b:2"]],
    ["quotes", 'FROM "alpine:3"\n', ["1:7 alpine:3"]],
    ["an empty text in quotes", "FROM ''\nFROM \"\" AS x\nFROM x\n", []],
    ["no image", "FROM\nFROM --platform=x\nCOPY --from= x y\n", []],
    ["what is no reference", "FROM Alpine\n", ["1:6 Alpine ? a repository name is lower case"]],
    ["a template", "FROM {{image}}\n", ['1:6 {{image}} ? "library/{{image}}" is not a repository name']],
  ])("%s", (_, text, expected) => {
    expect(told(text, mentionsOf(dockerfile, text))).toEqual(expected);
  });
});

describe("variables of a FROM", () => {
  test.each<[string, string, readonly string[]]>([
    ["a whole image stands in its ARG", "ARG BASE=alpine:3\nFROM ${BASE}\n", ["1:10 alpine:3"]],
    ["in quotes", "ARG BASE=\"alpine:3\" B2='b:2'\nFROM $BASE\nFROM $B2\n", ["1:11 alpine:3", "1:25 b:2"]],
    ["two stages of one ARG are one mention", "ARG B=a:1\nFROM $B\nFROM ${B} AS x\n", ["1:7 a:1"]],
    ["an ARG of an ARG", "ARG A=a:1\nARG B=$A\nFROM $B\n", ["1:7 a:1"]],
    ["a default in place", "FROM ${BASE:-alpine:3}\n", ["1:14 alpine:3"]],
    ["without the colon", "FROM ${BASE-alpine:3}\n", ["1:13 alpine:3"]],
    ["a default of a default", "FROM ${A:-${B:-alpine:3}}\n", ["1:16 alpine:3"]],
    ["a default that is not needed", "ARG A=a:1\nFROM ${A:-b:2}\n", ["1:7 a:1"]],
    ["an empty value counts as none behind a colon", "ARG A=\nFROM ${A:-b:2}\n", ["2:11 b:2"]],
    ["and as one without it", "ARG A=\nFROM a:1${A-b}\n", ["2:6 a:1${A-b} = a:1"]],
    ["an alternative", "ARG A=x\nFROM ${A:+b:2}\n", ["2:11 b:2"]],
    ["an alternative of nothing", "FROM a:1${A:+-x}\n", ["1:6 a:1${A:+-x} = a:1"]],
    ["a required one", "ARG A=a:1\nFROM ${A:?no}\n", ["1:7 a:1"]],
    ["put together", "ARG V=3.20\nFROM alpine:${V}\n", ["2:6 alpine:${V} = alpine:3.20"]],
    ["the last ARG counts", "ARG A=a:1\nARG A=b:2\nFROM $A\n", ["2:7 b:2"]],
    ["at the time it is used", "ARG A=1\nARG B=b:$A\nARG A=2\nFROM $B\n", ["4:6 $B = b:1"]],
    ["a stage behind a variable", "ARG S=s\nFROM a:1 AS s\nFROM $S\n", ["2:6 a:1"]],
    ["scratch behind a variable", "ARG S=scratch\nFROM $S\n", []],
    [
      "an ARG of a stage is another",
      "FROM a:1\nARG B=b:2\nFROM $B\n",
      ["1:6 a:1", "3:6 $B ? the variable B has no default"],
    ],
    ["without a default", "ARG B\nFROM $B\n", ["2:6 $B ? the variable B has no default"]],
    ["a circle", "ARG A=$B\nARG B=$A\nFROM $A\n", ["3:6 $A ? the variable B has no default"]],
    ["what a build sets", "FROM a:$TARGETARCH\n", ["1:6 a:$TARGETARCH ? only a build knows the variable TARGETARCH"]],
    ["cut out of", "ARG A=a\nFROM ${A%x}\n", ["2:6 ${A%x} ? the variable A is changed in a way that is not computed"]],
    ["a lone dollar", "FROM a$\n", ["1:6 a$ ? it has a $ that begins no variable"]],
    ["an escaped dollar", "FROM a\\$B\n", ["1:6 a\\$B ? a repository name is lower case"]],
    ["nothing", "ARG A=\nFROM $A\n", ["2:6 $A ? it is empty"]],
    ["on two lines", "ARG A=al\\\npine:3 \\\n B=b:2\nFROM $A\nFROM $B\n", ["3:4 b:2", "4:6 $A = alpine:3"]],
  ])("%s", (_, text, expected) => {
    expect(told(text, mentionsOf(dockerfile, text))).toEqual(expected);
  });
});

describe("how a Dockerfile is pinned", () => {
  test.each<[string, string, string | null]>([
    ["a tag gets a digest", "FROM alpine:3 AS x\n", `FROM alpine:3@${OTHER} AS x\n`],
    ["without a tag it is latest", "FROM h:5000/a/b\n", `FROM h:5000/a/b:latest@${OTHER}\n`],
    ["a digest is replaced", `FROM alpine:3@${DIGEST}\n`, `FROM alpine:3@${OTHER}\n`],
    ["with a byte order mark", "\ufeffFROM a\r\n", `\ufeffFROM a:latest@${OTHER}\r\n`],
    ["in the ARG", 'ARG A="a:1" B\nFROM $A\n', `ARG A="a:1@${OTHER}" B\nFROM $A\n`],
    ["in a default", "FROM ${A:-a:1}\n", `FROM \${A:-a:1@${OTHER}}\n`],
    ["in the directive", "# syntax=a/b:1 # why\n", `# syntax=a/b:1@${OTHER} # why\n`],
    ["in a mount", "RUN --mount=from=a:1,target=x y\n", `RUN --mount=from=a:1@${OTHER},target=x y\n`],
    ["what is put together is not", "ARG V=1\nFROM a:$V\n", null],
    ["nor what is broken into lines", "FROM al\\\npine\n", null],
    ["nor what is not known", "FROM $A\n", null],
  ])("%s", (_, text, expected) => {
    const [mention] = mentionsOf(dockerfile, text);
    expect(mention === undefined ? "none" : pinned(text, mention)).toBe(expected);
  });
});

test.each<[string, boolean]>([
  ["Dockerfile", true],
  ["a/b/Containerfile", true],
  ["web.Dockerfile", true],
  ["web.dockerfile", true],
  ["Dockerfile.dev", true],
  ["Containerfile.in", true],
  ["Dockerfile-alpine", true],
  ["Dockerfile.dockerignore", false],
  ["Dockerfiles", false],
  ["Dockerfile/notes", false],
])("%s is a Dockerfile: %s", (path, expected) => {
  expect(dockerfile.claims({ path, text: "" })).toBe(expected);
});

test("comments are read", () => {
  const text = "# tofu3: ignore unpinned it is built here\nFROM a:1\n# tofu3: ignore unpinned\nFROM b:2\n";
  const { mentions, unread } = dockerfile.find({ path: "Dockerfile", text });
  expect(mentions.map(({ ignores }) => ignores)).toEqual([[{ kinds: ["unpinned"], reason: "it is built here" }], []]);
  expect(unread).toEqual([{ file: "Dockerfile", why: 'line 3: "tofu3: ignore" gives no reason', minor: true }]);
});

describe("a Dockerfile within another file", () => {
  const inner = "ARG A=a:1\nFROM $A\nFROM b:2\n";
  const outer = `x: |\n${inner.replace(/^/gm, "  ")}`;
  const [first, second] = [inner.indexOf("FROM $A"), inner.indexOf("FROM b")] as const;
  const indented = (offset: number): number => 5 + offset + (offset < first ? 2 : offset < second ? 4 : 6);

  test("has its places and edits there", () => {
    const around = { source: "compose" as const, file: "c.yaml", lines: new Lines(outer), outer: indented };
    const mentions = mentionsInDockerfile(inner, around);
    expect(told(outer, mentions)).toEqual(["2:9 a:1", "4:8 b:2"]);
    expect(mentions.map((mention) => pinned(outer, mention))).toEqual([
      outer.replace("a:1", `a:1@${OTHER}`),
      outer.replace("b:2", `b:2@${OTHER}`),
    ]);
    expect(mentions.map(({ source }) => source)).toEqual(["compose", "compose"]);
  });

  test("is pinned by hand where it has no place of its own", () => {
    const otherwise = { start: 0, end: 1 };
    const around = { source: "compose" as const, file: "c", lines: new Lines(outer), outer: () => null, otherwise };
    const mentions = mentionsInDockerfile("FROM a:1\n", around);
    expect(told(outer, mentions)).toEqual(["1:1 x = a:1"]);
    expect(mentions[0]?.pinning.kind).toBe("by-hand");
  });
});

const line = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...Array.from("${}:-+?\\`'\" \t#=,<\r\naA@/")), maxLength: 20 }),
);
const instruction = fc
  .tuple(
    fc.constantFrom("FROM ", "ARG ", "COPY --from=", "RUN --mount=from=", "# syntax=", "ONBUILD ", "RUN <<", ""),
    line,
  )
  .map((parts) => parts.join(""));

test("any text has an answer, and what is found lies within it", () => {
  fc.assert(
    fc.property(fc.array(instruction, { maxLength: 8 }), (instructions) => {
      const text = instructions.join("\n");
      for (const mention of mentionsOf(dockerfile, text)) {
        const { place, pinning } = mention;
        expect(place.line).toBeGreaterThan(0);
        expect(place.endLine).toBeLessThanOrEqual(text.split("\n").length);
        expect(text.includes(at(text, place))).toBe(true);
        if (pinning.kind === "edits") expect(at(text, place)).toBe(mention.text);
        if (pinning.kind === "edits") expect(pinned(text, mention)).toContain(OTHER);
      }
    }),
    { numRuns: 2000 },
  );
});

describe("four times as much costs four times as much, and not sixteen times", () => {
  test.each<[string, (count: number) => string]>([
    ["stages", (count) => Array.from({ length: count }, (_, index) => `FROM a:${index} AS s${index}`).join("\n")],
    ["mounts", (count) => `RUN ${"--mount=from=a:1 ".repeat(count)}`],
    ["heredocs", (count) => "RUN <<A\nFROM a\nA\n".repeat(count)],
  ])("%s", (_, make) => {
    const costs = [12_500, 50_000].map((count) => {
      const text = make(count);
      return costOf(() => mentionsOf(dockerfile, text));
    });
    expect((costs[1] ?? 0) / (costs[0] ?? 1)).toBeLessThan(10);
  });
});
