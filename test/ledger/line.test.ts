import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { checkLine, hashOf, keyOf, LONGEST_LINE, readLine, writeLine } from "../../src/ledger/line.ts";
import { digest, verification } from "./tools.ts";

const BYTES = Buffer.from("00112233445566778899aabbccddeeff".repeat(2), "hex");
const KEY = keyOf(BYTES);
const FIRST = { previous: null, entry: 1 };

function openssl(input: Buffer, ...args: readonly string[]): string {
  const { stdout } = spawnSync("openssl", ["dgst", "-sha256", "-r", ...args], { input, encoding: "utf8" });
  return stdout.split(" ")[0] ?? "";
}

describe("a line", () => {
  test("begins with previous, entry, version and by, and ends in mac", () => {
    const line = writeLine(verification(), FIRST, KEY, 0).toString("utf8");
    expect(Object.keys(JSON.parse(line) as object)).toEqual([
      ...["previous", "entry", "version", "by"],
      ...["at", "subject", "selection", "outcome", "digest", "looks", "objects", "clocksAgree"],
      "mac",
    ]);
    expect(line).toMatch(/^\{"previous":null,"entry":1,"version":1,"by":"[0-9a-f]{16}","at":"2026/);
    expect(line).not.toContain("\n");
  });

  test("is what sha256sum and openssl compute from docs/ledger.md", () => {
    const first = writeLine(verification(), FIRST, KEY, 0);
    const second = writeLine(verification(), { previous: hashOf(first), entry: 2 }, KEY, 17);
    const { previous, mac, by, recovered } = JSON.parse(second.toString("utf8")) as Record<string, unknown>;
    const sum = spawnSync("sha256sum", { input: first, encoding: "utf8" }).stdout.split(" ")[0];
    expect(previous).toBe(`sha256:${sum ?? ""}`);
    const signed = Buffer.from(second.toString("utf8").replace(/,"mac":"[0-9a-f]*"\}$/, ""));
    expect(mac).toBe(openssl(signed, "-mac", "HMAC", "-macopt", `hexkey:${BYTES.toString("hex")}`));
    expect(by).toBe(createHash("sha256").update(BYTES).digest("hex").slice(0, 16));
    expect(recovered).toBe(17);
  });

  test("is read back as it was written, with a tag, a pin, a digest, and text that a registry made up", () => {
    for (const each of [
      verification(),
      verification({ depth: "root" }),
      verification({ subject: { registry: "r:5000", repository: "a", tag: "1", pin: digest("c") } }),
      verification({ subject: { registry: "r", repository: "a/b", digest: digest("d") }, digest: null }),
      verification({ subject: { registry: "r", repository: 'a"\n\u202e\ud800', tag: "\u001b[2J", pin: null } }),
    ]) {
      const line = writeLine(each, FIRST, KEY, 0);
      expect(checkLine(line, FIRST, KEY)).toEqual({ why: null, own: true });
      expect(readLine(line, 1, true)).toEqual({ ...each, entry: 1, own: true });
    }
  });

  test("that would be too long has fewer objects", () => {
    const objects = Array.from({ length: 200 }, () => ({
      role: "layer" as const,
      digest: digest("e"),
      parent: digest("a"),
      platform: "x".repeat(5000),
    }));
    const line = writeLine(verification({ objects }), FIRST, KEY, 0);
    expect(line.length).toBeLessThanOrEqual(LONGEST_LINE);
    const read = readLine(line, 1, true);
    expect(typeof read === "string" ? read : read.objects.length).toBe(50);
  });

  test("with what is no verification is not written", () => {
    expect(() => writeLine(verification({ at: "yesterday" }), FIRST, KEY, 0)).toThrow();
  });
});

describe("what does not hold", () => {
  const line = writeLine(verification(), { previous: digest("b"), entry: 7 }, KEY, 0).toString("utf8");
  test.each([
    { what: "a changed digest", text: line.replace("aaaa", "aaab"), why: "mac is another" },
    { what: "another mac", text: line.replace(/"mac":"./, '"mac":"g'), why: "does not end in a mac" },
    { what: "no mac", text: line.replace(/,"mac".*$/, "}"), why: "does not end in a mac" },
    { what: "something after the mac", text: `${line} `, why: "does not end in a mac" },
    { what: "a carriage return", text: `${line}\r`, why: "carriage return" },
    { what: "a byte order mark", text: `\ufeff${line}`, why: "not a line of a ledger" },
    { what: "a blank", text: line.replace(":7,", ": 7,"), why: "not a line of a ledger" },
    { what: "nothing", text: "", why: "not a line of a ledger" },
    { what: "another entry", text: line.replace(":7,", ":8,"), why: "it is entry 8 where entry 7 belongs" },
    { what: "another previous", text: line.replace("bbbb", "bbbc"), why: "does not fit the line before" },
    { what: "no previous", text: line.replace(/"sha256:b+"/, "null"), why: "does not fit the line before" },
    { what: "a later version", text: line.replace('"version":1', '"version":2'), why: "it is of version 2" },
    {
      what: "a long line",
      text: line.replace("linux", "l".repeat(LONGEST_LINE)),
      why: "it is longer than 262144 bytes",
    },
  ])("$what", ({ text, why }) => {
    const place = { previous: digest("b"), entry: 7 };
    expect(checkLine(Buffer.from(line), place, KEY).why).toBeNull();
    expect(checkLine(Buffer.from(text), place, KEY).why).toContain(why);
  });
});
