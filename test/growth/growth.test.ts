import { describe, expect, test } from "vitest";
import { leastGrowthOf, mostGrowthOf } from "./growth.ts";
import { OCI_ROWS } from "./oci.ts";
import { OTHER_ROWS } from "./others.ts";
import { PIN_ROWS } from "./pins.ts";
import { many, rowsOf } from "./shapes.ts";

/** For each doubling of the input: 2 is linear, 4 quadratic. */
const MOST = 3.2;

describe("no outside text costs more than its length", () => {
  test.each([...OCI_ROWS, ...OTHER_ROWS, ...PIN_ROWS])("$parser: $shape", { timeout: 120_000 }, ({ work }) => {
    expect(leastGrowthOf(work, MOST)).toBeLessThan(MOST);
  });
});

/** Patterns that once stood in headers.ts and homebrew.ts, and one that is easily written. */
const PLANTED = [
  ...rowsOf("header", (text) => /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(text), {
    blanks: many(" ", "X:", "\0"),
  }),
  ...rowsOf(
    "bottle",
    (text) => /^([A-Za-z0-9][A-Za-z0-9._+~-]*)\.([a-z0-9_]*[a-z][a-z0-9_]*)(?:\.([1-9][0-9]{0,5}))?$/.exec(text),
    {
      letters: many("a", "1.", "!"),
    },
  ),
  ...rowsOf("trim", (text) => text.replace(/[ \t]+$/g, ""), { blanks: many(" ", "a", "a") }),
];

test.each(PLANTED)("a slow pattern would be noticed: $parser", { timeout: 120_000 }, ({ work }) => {
  expect(mostGrowthOf(work, MOST)).toBeGreaterThan(MOST);
});
