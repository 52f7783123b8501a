import { expect, test } from "vitest";
import { rememberPassphrases } from "../../src/ssh/passphrases.ts";

const never = new AbortController().signal;

test("a passphrase is asked for once for all connections, and again in one that says it was wrong", async () => {
  const prompts: string[] = [];
  const answers = ["wrong", "right", "of b", "newer"];
  const begin = rememberPassphrases((prompt) => {
    prompts.push(prompt);
    return Promise.resolve(answers.shift() ?? "");
  });
  const first = begin();
  expect([await first("a", never), await first("a", never), await first("b", never)]).toEqual([
    "wrong",
    "right",
    "of b",
  ]);
  const second = begin();
  expect([await second("b", never), await second("a", never)]).toEqual(["of b", "right"]);
  expect(await second("a", never)).toBe("newer");
  expect(await begin()("a", never)).toBe("newer");
  expect(prompts).toEqual(["a", "a", "b", "a"]);
});

test("one that nobody gives is asked for again", async () => {
  const begin = rememberPassphrases(() => Promise.reject(new Error("the terminal was closed")));
  for (const each of [begin(), begin()]) await expect(each("a", never)).rejects.toThrow("was closed");
});
