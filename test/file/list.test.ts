import fc from "fast-check";
import { expect, test } from "vitest";
import { parseList } from "../../src/file/list.ts";

test("words, comments, quotes and line ends", () => {
  const text = [
    "\ufeff# a comment",
    "",
    "alpine:3.20 --platform linux/amd64\r",
    "https://dl.example/x#sha256=ab  # a pin",
    "https://dl.example/y -o 'a name' \t \"b \\\" c\" d\\ e ''",
    "  #",
    "f#g",
  ].join("\n");
  expect(parseList(text, "list")).toEqual([
    { number: 3, words: ["alpine:3.20", "--platform", "linux/amd64"] },
    { number: 4, words: ["https://dl.example/x#sha256=ab"] },
    { number: 5, words: ["https://dl.example/y", "-o", "a name", 'b " c', "d e", ""] },
    { number: 7, words: ["f#g"] },
  ]);
});

test.each([
  ["'a", "list:1 has a '"],
  ['x\n"a', 'list:2 has a "'],
  ["a".repeat(10_001), "list:1 is longer"],
  ["\n".repeat(10_001), "list has more than"],
])("%s is refused", (text, says) => {
  expect(() => parseList(text, "list")).toThrow(says);
});

test("what is quoted comes back as it was", () => {
  const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
  const word = fc.string({ unit: "binary" }).filter((each) => !/[\r\n\ufeff]/.test(each));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      expect(parseList(words.map(quoted).join(" "), "list")).toEqual([{ number: 1, words }]);
    }),
  );
});
