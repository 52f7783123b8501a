import { describe, expect, test } from "vitest";
import type { Examination } from "../../src/model/audit.ts";
import { preparePins } from "../../src/pins/pin.ts";
import { dockerfile } from "../../src/pins/formats/dockerfile.ts";
import { wantedOf } from "../../src/pins/wanted.ts";
import { agreed, answer, digest, manifest } from "./findings/made.ts";

const [OLD, OTHER] = [digest("a"), digest("b")];
const NOW = manifest("c");

async function filesFor(text: string, changes: Readonly<Record<string, Partial<Examination>>>): Promise<number> {
  const { mentions } = dockerfile.find({ path: "Dockerfile", text });
  const examinations = wantedOf(mentions).map(({ key, reference }): readonly [string, Examination] => [
    key,
    { reference, tag: agreed(NOW), pin: null, claims: new Map(), blobs: new Map(), notAsked: null, ...changes[key] },
  ]);
  const tree = { mentions, unread: [], texts: new Map([["Dockerfile", text]]), files: { read: 1, withReferences: 1 } };
  const { rewrites } = await preparePins({
    tree,
    examinations: new Map(examinations),
    update: true,
    cwd: "/nowhere",
    lock: "/nowhere/tofu3.lock",
    buildkitPolicy: null,
    at: "2026-01-31T12:00:00Z",
    workers: ["here"],
  });
  return rewrites.length;
}

describe("nothing is written after an alarm", () => {
  const two = `FROM r.example/a:1@${OLD}\nFROM r.example/a:1@${OTHER}\n`;

  test("at the pin of one of two references that share a tag, whichever it is", async () => {
    expect(await filesFor(two, {})).toBe(2);
    for (const pin of [OLD, OTHER]) {
      expect(await filesFor(two, { [`r.example/a:1@${pin}`]: { pin: answer("disagreed") } })).toBe(0);
    }
  });

  test("at the tag that only a comment names", async () => {
    const text = "FROM r.example/a:1\nFROM r.example/b # 3.20\n";
    expect(await filesFor(text, {})).toBe(2);
    expect(await filesFor(text, { "r.example/b": { claims: new Map([["3.20", answer("disagreed")]]) } })).toBe(0);
  });
});
