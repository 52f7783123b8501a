import fc from "fast-check";
import { expect, test } from "vitest";
import { FORMATS } from "../../../src/pins/formats/all.ts";
import { at, DIGEST, OTHER, pinned } from "./found.ts";

/** Pieces of the files that are read, and what they are separated by. */
const PIECES = [
  ...'FROM |ARG A=|COPY --from=|RUN --mount=from=|# syntax=|${A:-|}|$A|\\\n|<<E| AS |oci.pull(|image = "|tag = "|digest = "'
    .split("|")
    .values(),
  ...'"|\'|"""|)|,|(|{"image":"|"features":{"|":{}|}|//|/*|*/|  bottle do\n|  end\n|    sha256 all: "|brew "|=> :x|version "1"'
    .split("|")
    .values(),
  ...["version: 1\npins:\n", " - { reference: a, digest: ", " }", DIGEST, "alpine:3", "ghcr.io/a/b", "@", "# ", "\n"],
  ...["\r\n", " ", "\t", "\ufeff", "\0", "é", "\ud83d", "a", "1", "# tofu3: ignore moved why", "${localEnv:A:b}"],
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 5 })), { maxLength: 25 })
  .map((parts) => parts.join(""));

test.each(FORMATS)(
  "any text has an answer, and what is found lies within it: $source",
  { timeout: 120_000 },
  (format) => {
    fc.assert(
      fc.property(text, (file) => {
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
    fc.property(text, (file) => {
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
