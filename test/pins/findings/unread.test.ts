import { expect, test } from "vitest";
import { outcomeOf, summaryOf } from "../../../src/pins/findings/subjects.ts";
import { dockerfile } from "../../../src/pins/formats/dockerfile.ts";

const unreadIn = (why: string) => [{ file: "Dockerfile", why }];

test.each([
  "it is not UTF-8",
  "it has NUL bytes",
  "it is larger than 4194304 bytes",
  "line 3 is no valid YAML, and what follows it may be left out",
  "it is a symlink to something that is not read",
  "permission is denied",
])("an audit that could not read a file is not clean: %s", (why) => {
  expect(outcomeOf([], unreadIn(why))).toBe("unchecked");
  expect(summaryOf([], [], unreadIn(why))).toBe("nothing found in 0 references; 1 file was not read");
});

test("HCL and a comment that is not honoured are named only", () => {
  const { unread } = dockerfile.find({ path: "Dockerfile", text: "# tofu3: ignore nonsense\nFROM scratch\n" });
  expect(unread).toHaveLength(1);
  const hcl = { file: "main.tf", why: "HCL is not read", minor: true } as const;
  for (const each of [unread, [hcl], []]) {
    expect(outcomeOf([], each)).toBe("clean");
    expect(summaryOf([], [], each)).toBe("nothing found in 0 references");
  }
});
