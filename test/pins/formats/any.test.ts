import fc from "fast-check";
import { expect, test } from "vitest";
import { FORMATS } from "../../../src/pins/formats/all.ts";
import type { Format } from "../../../src/pins/formats/format.ts";
import { at, DIGEST, OTHER, pinned } from "./found.ts";

/** What the files of each kind are made of. */
const HEX = "c".repeat(64);
const PARTS: Readonly<Record<string, readonly string[]>> = {
  dockerfile: [
    "\nFROM ",
    "\nARG A=",
    "\nCOPY --from=",
    "\nRUN --mount=from=",
    "# syntax=",
    "${A:-",
    "}",
    "$A",
    "\\\n",
    "<<E",
    " AS a",
    `\nADD --checksum=sha256:${HEX} https://a.example/b /c`,
    "\nENV A=",
  ],
  bazel: [
    '\noci.pull(image = "a.io/b", tag = "1")',
    '\noci.pull(image = "',
    '", tag = "1")',
    '")',
    '"',
    ',\n tag = "2",\n)',
    `", digest = "${DIGEST}")`,
    "'",
    ", ",
    ")",
    "oci_pull(",
  ],
  formula: [
    '\n  version "1"',
    "\n  bottle do",
    `\n    sha256 all: "${HEX}"`,
    "\n  end",
    "\n    rebuild 1",
    "\n  revision 2",
    '\n  url "https://a.example/b-1.2.tar.gz"',
    `\n  sha256 "${HEX}"`,
    '\n  resource "b" do',
    '"',
  ],
  brewfile: ["\nbrew ", '"vim"', "'a/b/c'", '"'],
  devcontainer: [
    '{"image":"',
    '"',
    "}",
    ",",
    '"features":{',
    '"ghcr.io/a/b:1":{}',
    "\n",
    "{",
    "/*",
    "*/",
    "${localEnv:A:a:1}",
  ],
  requirements: [
    "\n",
    "a @ ",
    "https://a.example/b.whl",
    `#sha256=${HEX}`,
    ` --hash=sha256:${HEX}`,
    " \\\n",
    "a==",
    "1 ",
    "-i ",
  ],
  list: ["\n", "a.io/b/c", " ", "\r\n"],
  lock: [
    "version: 1\npins:\n",
    ` - { reference: a:1, digest: ${DIGEST} }\n`,
    ` - { reference: "b", digest: '${DIGEST}' }\n`,
    " - { ",
    "}",
  ],
};
const COMMON = [
  "alpine:3",
  "alpine",
  `a@${DIGEST}`,
  "@",
  ":",
  "\n",
  "# v1",
  " # tofu3: ignore moved why",
  " ",
  "\t",
  "\r\n",
  "\ufeff",
];

function textOf({ source }: Format): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...(PARTS[source] ?? COMMON)) },
    { weight: 5, arbitrary: fc.constantFrom(...COMMON) },
    { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
  );
  const start = PARTS[source]?.slice(0, 1) ?? [];
  const parts = fc.tuple(fc.constantFrom("", ...start), fc.array(piece, { maxLength: 12 }));
  return parts.map(([head, rest]) => head + rest.join(""));
}

test.each(FORMATS)(
  "any text has an answer, and what is found lies within it: $source",
  { timeout: 120_000 },
  (format) => {
    fc.assert(
      fc.property(textOf(format), (file) => {
        format.claims({ path: "file.rb", text: file });
        for (const mention of format.find({ path: "file.rb", text: file }).mentions) {
          const { place, pinning, target } = mention;
          expect(place.line).toBeGreaterThan(0);
          expect(place.column).toBeGreaterThan(0);
          expect(place.endLine).toBeLessThanOrEqual(file.split("\n").length);
          expect(file).toContain(at(file, place));
          if (target.kind === "unresolved") expect(pinning.kind).toBe("by-hand");
          if (pinning.kind === "by-hand") continue;
          for (const { start, end } of pinning.edits) {
            expect(start).toBeGreaterThanOrEqual(0);
            expect(end).toBeGreaterThanOrEqual(start);
            expect(end).toBeLessThanOrEqual(file.length);
          }
          expect(pinned(file, mention)).toContain(OTHER);
        }
      }),
      { numRuns: 1500 },
    );
  },
);

test.each(FORMATS)("a pinned file names the digest, and nothing else: $source", { timeout: 120_000 }, (format) => {
  fc.assert(
    fc.property(textOf(format), (file) => {
      const { mentions } = format.find({ path: "file.rb", text: file });
      const [only] = mentions;
      const once = only === undefined || mentions.length > 1 ? null : pinned(file, only);
      if (once === null || only?.target.kind !== "reference") return;
      const [again, ...others] = format.find({ path: "file.rb", text: once }).mentions;
      expect(others).toEqual([]);
      const target = again?.target;
      expect(target?.kind === "reference" ? target.reference.digest : target).toBe(OTHER);
      const { registry, repository } = only.target.reference;
      expect(target?.kind === "reference" ? target.reference : null).toMatchObject({ registry, repository });
    }),
    { numRuns: 1500 },
  );
});
