import { describe, expect, test } from "vitest";
import type { Answer, Examination } from "../../src/model/audit.ts";
import { preparePins } from "../../src/pins/pin.ts";
import { absent, agreed, answer, byReference, digest, examination, manifest, mention, place } from "./findings/made.ts";

/** Which of these files would be written. */
async function written(...examinations: readonly Examination[]): Promise<readonly string[]> {
  const files = ["alpine:3.20", "busybox:1"].map((text) => [`${text.slice(0, 3)}.list`, text] as const);
  const mentions = files.map(([file, text]) => {
    const edits = [{ start: text.length, end: text.length, before: "@", after: "" }];
    return mention(text, { place: place(file), pinning: { kind: "edits", edits } });
  });
  const { plans } = await preparePins({
    tree: { mentions, unread: [], texts: new Map(files), files: { read: 2, withReferences: 2 } },
    examinations: byReference(...examinations),
    update: false,
    cwd: "/nowhere",
    lock: "/nowhere/tofu3.lock",
    buildkitPolicy: null,
    at: "2026-11-27T12:00:00Z",
    workers: ["fra", "here", "sgp"],
  });
  return plans.flatMap(({ file, changes }) => changes.map(({ to }) => `${file} ${to}`));
}

const root = manifest("a");
const busybox = examination("busybox:1", { tag: agreed(manifest("b")) });
const BUSYBOX = `bus.list ${digest("b")}`;

describe("what is pinned", () => {
  test("is what all vantages agreed on", async () => {
    const alpine = examination("alpine:3.20", { tag: agreed(root) });
    expect(await written(alpine, busybox)).toEqual([`alp.list ${digest("a")}`, BUSYBOX]);
  });

  test.each<[string, Answer]>([
    ["pending", answer("pending", { root })],
    ["changed", answer("changed", { root })],
    ["incomplete", answer("incomplete", { root })],
    ["indistinct", answer("indistinct", { root })],
    ["absent as a whole", absent()],
    ["absent in part", absent(root)],
  ])("is nothing that is %s, whatever root all of them saw", async (_, tag) => {
    expect(await written(examination("alpine:3.20", { tag }), busybox)).toEqual([BUSYBOX]);
  });

  test("is nothing that was not asked for", async () => {
    expect(await written(busybox)).toEqual([BUSYBOX]);
  });

  test.each<[string, Partial<Examination>]>([
    ["disagreed at the tag", { tag: answer("disagreed", { root }) }],
    ["disagreed at the digest", { tag: agreed(root), pin: answer("disagreed") }],
    ["disagreed at the tag of a comment", { tag: agreed(root), claims: new Map([["3", answer("disagreed")]]) }],
    ["moved", { tag: answer("moved", { root }) }],
  ])("is nothing at all where one %s", async (_, seen) => {
    expect(await written(examination("alpine:3.20", seen), busybox)).toEqual([]);
  });
});
