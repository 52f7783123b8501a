import { describe, expect, test } from "vitest";
import type { JobReply } from "../../src/ssh/script/reply.ts";
import { isCurlSince, readFacts } from "../../src/ssh/facts.ts";

function greeting(info: Readonly<Record<string, string>>, lacks: string[] = []): JobReply {
  return {
    transfers: new Map(),
    exits: new Map(),
    sums: new Map(),
    files: new Map(),
    leaves: new Map(),
    info: new Map(Object.entries(info)),
    lacks,
  };
}
const GOOD = {
  hash: "openssl",
  machine: "a".repeat(64),
  os: "Linux 6.1.0",
  clock: "1700000000",
  curl: "curl 7.88.1 (x86_64) libcurl/7.88.1",
};

const TIMES = { sentAt: 1_700_000_000_000, receivedAt: 1_700_000_000_200 };

test("a good VM", () => {
  expect(readFacts("SHA256:x", greeting(GOOD), TIMES)).toEqual({
    hostKey: "SHA256:x",
    os: "Linux 6.1.0",
    curl: "curl 7.88.1",
    hashTool: "openssl",
    clockOffsetMs: 0,
    machine: "a".repeat(64),
    boot: null,
    signer: null,
    parallel: true,
    tools: ["curl 7.88.1", "openssl"],
    hasFolder: true,
    lacks: [],
  });
});

test.each([
  ["no curl", { curl: "" }, ["no curl"]],
  ["no word of curl", { curl: "sh: curl: not found" }, ["no curl"]],
  ["another program of that name", { curl: "BusyBox v1.35 wget" }, ["no curl"]],
  ["a curl from before 7.54", { curl: "curl 7.29.0 (x)" }, ["curl 7.29.0 is too old"]],
  ["curl 6", { curl: "curl 6.5" }, ["curl 6.5 is too old"]],
  ["no hash tool", { hash: "none" }, ["none of openssl, sha256sum, shasum"]],
  ["an unknown hash tool", { hash: "md5sum" }, ["none of openssl, sha256sum, shasum"]],
  ["neither", { hash: "none", curl: "" }, ["no curl", "none of openssl, sha256sum, shasum"]],
])("%s", (_, info, lacks) => {
  const facts = readFacts("x", greeting({ ...GOOD, ...info }), TIMES);
  expect(facts.lacks.map(({ what }) => what)).toEqual(lacks);
  for (const { todo } of facts.lacks) expect(todo).not.toBe("");
});

test("no folder is the only thing that is told of then", () => {
  expect(readFacts("x", greeting({}, ["directory"]), TIMES).lacks.map(({ what }) => what)).toEqual([
    "no folder for temporary files",
  ]);
});

test.each([
  ["a clock that is no number", { clock: "now" }, { clockOffsetMs: null }],
  ["a clock within the second", { clock: "1699999999" }, { clockOffsetMs: 0 }],
  ["a clock that is slow", { clock: "1699996400" }, { clockOffsetMs: -3_600_000 }],
  ["a clock that is fast", { clock: "1700000003" }, { clockOffsetMs: 3000 }],
  ["a machine that is no hash", { machine: "x" }, { machine: null }],
  ["no machine", { machine: "" }, { machine: null }],
  ["a system with escapes", { os: "\u001b[2JLinux" }, { os: "\\u{1b}[2JLinux" }],
  ["a curl with escapes behind", { curl: "curl 8.5.0 \u001b[2J" }, { curl: "curl 8.5.0" }],
])("%s", (_, info, seen) => expect(readFacts("x", greeting({ ...GOOD, ...info }), TIMES)).toMatchObject(seen));

test("a greeting that was long under way leaves the offset in doubt", () => {
  const greetingAt = (clock: string): JobReply => greeting({ ...GOOD, clock });
  const times = { sentAt: 1_700_000_000_000, receivedAt: 1_700_000_010_000 };
  expect(readFacts("x", greetingAt("1700000009"), times).clockOffsetMs).toBe(0);
  expect(readFacts("x", greetingAt("1700000105"), times).clockOffsetMs).toBe(101_000);
});

describe("curl since", () => {
  test.each([
    ["curl 7.88.1", 75, true],
    ["curl 7.75.0", 75, true],
    ["curl 7.74.0", 75, false],
    ["curl 7.9.8", 75, false],
    ["curl 8.0.0", 75, true],
    ["curl 10.1", 75, true],
    ["curl 6.99", 75, false],
    [null, 75, false],
  ])("%s, 7.%d: %s", (curl, minor, is) => expect(isCurlSince(curl, minor)).toBe(is));
});
