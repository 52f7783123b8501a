import { DockerfileParser } from "dockerfile-ast";
import fc from "fast-check";
import { expect, test } from "vitest";
import { dockerfile } from "../../../src/pins/formats/dockerfile.ts";
import { mentionsOf } from "./found.ts";

/** Ordinary Dockerfiles are read as a library reads them that knows nothing of this code. */

const image = fc.constantFrom("alpine:3.20", "ghcr.io/a/b:1", "debian", "localhost:5000/x@sha256:" + "a".repeat(64));
const instruction = fc.oneof(
  image.map((each) => `FROM ${each}`),
  fc.tuple(image, fc.nat(9)).map(([each, at]) => `from  ${each} AS stage${at}`),
  fc.tuple(image, fc.nat(9)).map(([each, at]) => `FROM --platform=linux/arm64 \\\n  ${each} as other${at}`),
  fc.constantFrom("RUN make \\\n  # FROM nothing:1\n  all", "# FROM nothing:2", "", "ENV A=b", 'CMD ["FROM", "x"]'),
  fc.constantFrom("RUN <<EOF\nFROM nothing:3\nEOF", "COPY <<A <<B /\nFROM nothing:4\nA\nB", 'LABEL a="FROM x"'),
);

test("property: of ordinary files, the library finds the same images at the same places", () => {
  fc.assert(
    fc.property(fc.array(instruction, { maxLength: 12 }), (instructions) => {
      const text = `${instructions.join("\n")}\n`;
      const theirs = DockerfileParser.parse(text)
        .getFROMs()
        .map((from) => {
          const { line, character } = from.getImageRange()?.start ?? { line: -2, character: -2 };
          return `${line + 1}:${character + 1} ${from.getImage() ?? ""}`;
        });
      const ours = mentionsOf(dockerfile, text).map(({ place, text: each }) => `${place.line}:${place.column} ${each}`);
      expect(ours).toEqual(theirs);
    }),
    { numRuns: 500, seed: 20261127 },
  );
});
