import { expect, test } from "vitest";
import { fileText } from "../../../src/report/audit/listing.ts";

test.each([
  ["a name", "Dockerfile", "Dockerfile"],
  ["a name like a command of a workflow", "::stop-commands::x/Dockerfile", "./::stop-commands::x/Dockerfile"],
  ["one with blanks before it", "  ::error::x", "./  ::error::x"],
  ["one in the older form", "##[error]x", "./##[error]x"],
  ["colons elsewhere", "a::b", "a::b"],
  ["what is not printable", "a\n::error::b", "a\\u{a}::error::b"],
])("%s is printed so that no log obeys it", (_, file, shown) => {
  expect(fileText(file)).toBe(shown);
});
