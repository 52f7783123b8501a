import { describe, expect, test } from "vitest";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { pageOf } from "../../src/report/page.ts";
import { bottles, evidence, object, observation, tampered } from "./fixtures.ts";

/** https://docs.github.com: a comment has at most 65,536 characters. */
const COMMENT = 65_536;

function hex(value: number): string {
  return value.toString(16).padStart(64, "0");
}

const agreed = evidence(["fra", "here", "sgp"].map((worker) => observation(worker)));
const many = [
  ...bottles(),
  ...Array.from({ length: 10_000 }, (_, at) =>
    object({
      role: "layer",
      digest: `sha256:${hex(at)}` as never,
      parent: bottles()[1]?.digest ?? null,
      position: at + 5,
    }),
  ),
];

describe("Markdown fits into a comment", () => {
  test("with 10,000 objects: folded, cut, and counted", () => {
    const artifact = agreed.artifact && { ...agreed.artifact, objects: many };
    const page = renderMarkdown({ ...agreed, artifact });
    expect(page.length).toBeLessThanOrEqual(COMMENT);
    expect(page.length).toBeGreaterThan(COMMENT / 2);
    const [, told] = /<details><summary>Objects \((\d+)\)<\/summary>\n\n\| Role/.exec(page) ?? [];
    const [, left] = /\n… and (\d+) more: the JSON report has them all\.\n\n<\/details>\n$/.exec(page) ?? [];
    const shown = page.split("<details>")[1]?.match(/^\| (?:index|manifest|config|layer) \|/gm)?.length ?? 0;
    expect(Number(told)).toBe(many.length);
    expect(shown + Number(left)).toBe(many.length);
  });

  test("with a small artifact: everything", () => {
    const page = renderMarkdown(agreed);
    expect(page).toContain(`<summary>Objects (${bottles().length})</summary>`);
    expect(page).not.toContain("more: the JSON");
  });

  test("with faults as long as a registry makes them, the verdict and what differs are there", () => {
    const long = "x".repeat(100_000);
    const refused = (worker: string) =>
      observation(worker, { error: { code: "E_STATUS", stage: "http", message: long, hint: long } });
    const workers = ["fra", "here", "sgp", ...Array.from({ length: 40 }, (_, at) => `w${at}`)];
    const page = renderMarkdown(evidence([observation("a", { objects: tampered() }), ...workers.map(refused)]));
    expect(page.length).toBeLessThanOrEqual(COMMENT);
    expect(page).toMatch(/^# DISAGREED: /);
    expect(page).toContain("## Differences");
  });
});

test("listings share the room, the first one first, and one without rows is not there", () => {
  const rows = Array.from({ length: 2000 }, (_, at) => [`${at}`, "x".repeat(40)]);
  const listing = (title: string, all = rows) => ({ title, head: ["No", "What"], rows: all, folded: false });
  const page = pageOf(["first", listing("one"), listing("none", []), "last", listing("two")]);
  const [one = "", two = ""] = page.split("last");
  expect(page.length).toBeLessThanOrEqual(60_000);
  expect(page).not.toContain("none");
  expect(one.length).toBeGreaterThan(58_000);
  expect(two).toBe("\n\ntwo\n\n… and 2000 more: the JSON report has them all.\n");
});
