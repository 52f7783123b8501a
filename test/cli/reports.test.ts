import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { planReports, writeReports } from "../../src/cli/reports.ts";
import { AUDIT_REPORTS } from "../../src/report/audit/kinds.ts";
import { REPORT_KINDS } from "../../src/report/kinds.ts";

const cwd = mkdtempSync(join(tmpdir(), "reports-"));
afterAll(() => rmSync(cwd, { recursive: true }));
const summary = join(cwd, "step_summary_1f3a");
const env = { GITHUB_STEP_SUMMARY: summary };
const stderr = { write: () => true };
const MIB = 1024 * 1024;

async function written(text: string, content: string): Promise<string> {
  const reports = await planReports([text], REPORT_KINDS, { cwd, env });
  expect(await writeReports(reports, () => content, { stderr })).toBe(0);
  return readFileSync(reports[0]?.path ?? "", "utf8");
}

describe("what --report asks for", () => {
  test.each([
    ["a.json", "json", "a.json"],
    ["a.MD", "markdown", "a.MD"],
    ["md:summary", "markdown", "summary"],
    ["json:a.md", "json", "a.md"],
    ["a.HTML", "html", "a.HTML"],
    ["html:a.json", "html", "a.json"],
    ["github:notes", "github", "notes"],
    ["a.intoto.jsonl", "statements", "a.intoto.jsonl"],
  ])("%s is %s", async (text, kind, name) => {
    expect(await planReports([text], REPORT_KINDS, { cwd, env: {} })).toEqual([
      { kind, path: join(cwd, name), append: false },
    ]);
  });

  test.each(["a.pdf", "b", "md:", "sarif:x", "a.github"])("%s is of no kind", async (text) => {
    await expect(planReports([text], REPORT_KINDS, { cwd, env: {} })).rejects.toMatchObject({
      code: "E_USAGE",
      message: `there is no kind of report for ${JSON.stringify(text)}`,
      hint: "the ending chooses the kind: .json, .md, .html, .intoto.jsonl; or write it before the file: json:, md:, html:, github:, intoto.jsonl:",
    });
  });

  test("the file that exists has to be writable, and where there is none, its folder", async () => {
    const plan = (text: string): Promise<unknown> => planReports([text], REPORT_KINDS, { cwd, env });
    mkdirSync(join(cwd, "folder.md"));
    await expect(plan("folder.md")).rejects.toThrow("it is a folder");
    await expect(plan("none/a.md")).rejects.toMatchObject({ hint: `mkdir -p "${join(cwd, "none")}"` });
    await expect(plan("md:/dev/stderr")).resolves.toHaveLength(1);
  });
});

describe("the summary of a workflow's step", () => {
  test("is Markdown without being told, for verify and for audit, and only that file is", async () => {
    for (const kinds of [REPORT_KINDS, AUDIT_REPORTS]) {
      expect(await planReports([summary], kinds, { cwd, env })).toEqual([
        { kind: "markdown", path: summary, append: true },
      ]);
    }
    await expect(planReports([`${summary}2`], REPORT_KINDS, { cwd, env })).rejects.toThrow("no kind of report");
    await expect(planReports([summary], REPORT_KINDS, { cwd, env: {} })).rejects.toThrow("no kind of report");
  });

  test("grows, and every other report is replaced", async () => {
    expect(await written(summary, "# one\n")).toBe("# one\n");
    expect(await written(`md:${summary}`, "# two\n")).toBe("# one\n\n# two\n");
    await written("other.md", "# one\n");
    expect(await written("other.md", "# two\n")).toBe("# two\n");
  });

  test.each([0, MIB - 5000, MIB - 10, MIB, MIB + 1])("never exceeds 1 MiB: %i bytes are there", async (there) => {
    writeFileSync(summary, "x".repeat(there));
    const line = `${"é".repeat(40)}\n`;
    const text = await written(summary, line.repeat(20_000));
    expect(statSync(summary).size).toBeLessThanOrEqual(Math.max(MIB, there));
    if (there > MIB - 100) {
      expect(text).toHaveLength(there);
      return;
    }
    expect(text).toMatch(/é\n\n… cut here: a step's summary holds 1 MiB\n$/);
    expect(text).not.toContain("\ufffd");
    expect(statSync(summary).size).toBeGreaterThan(MIB - 200);
  });
});

test("what cannot be written after all is told, and is exit code 1", async () => {
  const folder = join(cwd, "gone");
  mkdirSync(folder);
  const reports = await planReports(["gone/a.md"], REPORT_KINDS, { cwd, env });
  rmSync(folder, { recursive: true });
  const said: string[] = [];
  const code = await writeReports(reports, () => "text", { stderr: { write: (text) => said.push(String(text)) } });
  expect([code, said.join("")]).toEqual([1, expect.stringMatching(/^tofu3: error: cannot write the report .*ENOENT/)]);
});
