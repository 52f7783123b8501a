import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Audit } from "../../../src/model/audit.ts";
import { FINDING_KINDS } from "../../../src/model/findingkind.ts";
import { renderAuditGithub } from "../../../src/report/audit/github.ts";
import { renderAuditHtml } from "../../../src/report/audit/html.ts";
import { renderAuditJson } from "../../../src/report/audit/json.ts";
import { renderAuditJunit } from "../../../src/report/audit/junit.ts";
import { AUDIT_FORMATS, AUDIT_REPORTS } from "../../../src/report/audit/kinds.ts";
import { readReport } from "../../../src/report/kinds.ts";
import { renderAuditMarkdown } from "../../../src/report/audit/markdown.ts";
import { renderAuditSarif } from "../../../src/report/audit/sarif.ts";
import { renderAuditTable } from "../../../src/report/audit/table.ts";
import { MEANINGS } from "../../../src/report/audit/words.ts";
import { COLOURED, PLAIN } from "../../../src/report/paint.ts";
import { expectGolden } from "../golden.ts";
import { AUDITS, clean, everyKind, hostile, huge } from "./audits.ts";

const OUTPUTS: Readonly<Record<string, (audit: Audit) => string>> = {
  "table.txt": (audit) => renderAuditTable(audit, PLAIN, { details: false, width: 100 }),
  "details.txt": (audit) => renderAuditTable(audit, PLAIN, { details: true, width: 100 }),
  "report.json": renderAuditJson,
  "report.sarif": renderAuditSarif,
  "report.xml": renderAuditJunit,
  "report.md": renderAuditMarkdown,
  "report.html": renderAuditHtml,
  "github.txt": renderAuditGithub,
};

const CASES = Object.entries(AUDITS).flatMap(([name, make]) =>
  Object.entries(OUTPUTS).map(([ending, render]) => ({ name: `audit-${name}-${ending}`, make, render })),
);

test.each(CASES)("$name is as it was agreed", ({ name, make, render }) => {
  expectGolden(name, render(make()));
});

test.each(CASES)("$name has nothing that moves a cursor or turns text around, and ends with one newline", (each) => {
  const text = each.render(each.make());
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  expect(text).toMatch(/[^\n]\n$/);
});

test("every kind of finding is in the audit that has one of each", () => {
  expect(new Set(everyKind().findings.map(({ kind }) => kind))).toEqual(new Set(FINDING_KINDS));
});

test("the JSON means what the audit says", () => {
  expect(JSON.parse(renderAuditJson(hostile()))).toEqual(hostile());
});

describe("the table", () => {
  const columnsOf = (line: string): number =>
    Array.from(line).reduce((sum, each) => sum + (/[\ufffe\uffff]/.test(each) ? 2 : 1), 0);
  const rows = (text: string, width: number): number =>
    text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / width)), 0);

  test.each(Object.entries({ ...AUDITS, huge }))("of %s fits a screen of 24 lines and 80 to 120 columns", (_, make) => {
    for (const width of [80, 100, 120]) {
      const text = renderAuditTable(make(), PLAIN, { details: false, width });
      // the prompt has the line behind the last newline
      expect(rows(text, width)).toBeLessThanOrEqual(24);
      const lines = text.trimEnd().split("\n").slice(0, -1);
      for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width);
    }
  });

  test("says how many findings it leaves out", () => {
    const text = renderAuditTable(huge(), PLAIN, { details: false, width: 80 });
    const shown = text.match(/^disagreed {2}deeply/gm)?.length ?? 0;
    expect(text).toContain(`and ${840 - shown} more findings: --details lists them all`);
  });

  test("with details has every place, message and next step", () => {
    const text = renderAuditTable(everyKind(), PLAIN, { details: true, width: 80 });
    for (const { message, next, places } of everyKind().findings) {
      expect(text).toContain(message);
      expect(text).toContain(next ?? "");
      for (const { file, line, column } of places) expect(text).toContain(`\n    ${file}:${line}:${column}\n`);
    }
  });

  test("ends with the verdict and the exit code", () => {
    const last = (audit: Audit): string | undefined =>
      renderAuditTable(audit, PLAIN, { details: false, width: 80 }).trimEnd().split("\n").at(-1);
    expect(last(clean())).toBe("CLEAN  nothing found in 1 reference; exit code 0");
    expect(last(AUDITS.unchecked())).toBe(
      "UNCHECKED  nothing found in 1 reference; 1 could not be checked; exit code 21",
    );
    expect(last(everyKind())).toMatch(/^FINDINGS {2}\d+ findings in \d+ of 14 references; 2 could .*; exit code 20$/);
  });

  test("in colours says the same", () => {
    for (const details of [true, false]) {
      const coloured = renderAuditTable(everyKind(), COLOURED, { details, width: 80 });
      expect(coloured).toContain("\u001b[31m");
      expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(renderAuditTable(everyKind(), PLAIN, { details, width: 80 }));
    }
  });
});

describe("annotations for GitHub", () => {
  test("are commands and nothing else, but for what says how many more there are", () => {
    for (const audit of [everyKind(), huge(), hostile()]) {
      const lines = renderAuditGithub(audit).trimEnd().split("\n");
      const commands = lines.filter((line) =>
        /^::(?:error|warning|notice) file=[^:]*,title=tofu3%3A [a-z-]+::[^\n]+$/.test(line),
      );
      const others = lines.filter((line) => !commands.includes(line));
      expect(others.filter((line) => line.startsWith("::") || line.startsWith("##"))).toEqual([]);
      expect(others.length).toBeLessThanOrEqual(2);
    }
  });

  test("are at most ten of each level, the gravest first", () => {
    const text = renderAuditGithub(huge());
    for (const command of ["error", "warning", "notice"])
      expect(text.match(new RegExp(`^::${command} `, "gm"))).toHaveLength(10);
    expect(text).toContain("title=tofu3%3A disagreed::");
    expect(text).not.toContain("mislabelled");
    const most = [4, 6, 4].map((kinds) => kinds * 60 * 30 - 10);
    expect(text).toContain(
      `and ${most[0]} more of level error, ${most[1]} more of level warning and ${most[2]} more of level note:`,
    );
  });

  test("escape what separates their parts", () => {
    const [first] = everyKind().findings;
    if (first === undefined) throw new Error("nothing found");
    const at = { file: "a,b:c%d", line: 1, column: 2, endLine: 1, endColumn: 3 };
    const audit = {
      ...clean(),
      findings: [{ ...first, reference: "r", message: "50%, a: b", next: "x", places: [at] }],
    };
    expect(renderAuditGithub(audit).split("\n")[0]).toBe(
      "::error file=a%2Cb%3Ac%25d,line=1,endLine=1,col=2,endColumn=3,title=tofu3%3A disagreed::r: 50%25, a: b%0Ax",
    );
  });

  test("have no columns where a reference runs over several lines", () => {
    expect(renderAuditGithub(hostile()).split("\n")[0]).toMatch(/,line=3,endLine=5,title=/);
  });
});

describe("the Markdown", () => {
  test("makes no markup of text from outside", () => {
    const text = renderAuditMarkdown(hostile());
    expect(text.replace(/<br>|<\/?(?:details|summary)>/g, "")).not.toMatch(/(?<!\\)</);
    expect(text).not.toMatch(/(?<!\\)\[a\]|@everyone|https:\/\/evil/);
  });
});

describe("the HTML", () => {
  const tagsOf = (html: string): readonly string[] => [...new Set(html.match(/<[^>]*>/g) ?? [])].sort();
  const NAMES =
    /^<\/?(?:!doctype|html|head|meta|title|style|body|h1|h2|p|a|table|thead|tbody|tr|th|td|br|code|span|details|summary)\b/;

  test("has no element, handler or address of text from outside", () => {
    for (const html of [renderAuditHtml(hostile()), renderAuditHtml(everyKind()), renderAuditHtml(huge())]) {
      for (const tag of tagsOf(html)) {
        expect(tag).toMatch(NAMES);
        expect(tag).not.toMatch(/\son|\ssrc|\sstyle=/i);
        const [, address] = /href=(\S*?)>/.exec(tag) ?? [];
        if (address !== undefined) expect(FINDING_KINDS.map((kind) => `"#${kind}"`)).toContain(address);
      }
      expect(html).not.toMatch(/url\(|@import/);
    }
  });

  test("has the tags that its own words have, and no more, whatever is in it", () => {
    const harmless = { ...hostile(), ...JSON.parse(JSON.stringify(hostile()).replaceAll(JSON.stringify(hostile().summary), '"x"')) } as Audit; // prettier-ignore
    expect(tagsOf(renderAuditHtml(hostile()))).toEqual(tagsOf(renderAuditHtml(harmless)));
  });

  test("lets nothing be loaded or run, and only its own style", () => {
    const html = renderAuditHtml(clean());
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'$/,
    );
    expect(html).toContain("prefers-color-scheme: dark");
  });
});

describe("which report it is", () => {
  test.each([
    ["a.json", "json"],
    ["a.SARIF", "sarif"],
    ["junit.xml", "junit"],
    ["a.md", "markdown"],
    ["a.b.html", "html"],
    ["a.txt", null],
    ["json", null],
    ["junit", null],
    ["a.github", null],
    ["sarif:out", "sarif"],
    ["xml:a.json", "junit"],
    ["github:/dev/stderr", "github"],
    ["c:/a.md", "markdown"],
    ["constructor:a", null],
  ])("%s is %s", (path, kind) => {
    expect(readReport(path, AUDIT_REPORTS).kind).toBe(kind);
  });

  test("every kind is a format", () => {
    for (const format of Object.values(AUDIT_REPORTS)) expect(AUDIT_FORMATS).toContain(format);
  });
});

describe("docs/audit.md", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/audit.md"), "utf8");
  const plain = (text: string): string => text.replace(/\s+/g, " ");

  test.each(FINDING_KINDS)("says what %s means, and what to do, in the words of the reports", (kind) => {
    const [, section = ""] = page.split(`\n### ${kind}\n`);
    const text = plain(section.split("\n### ")[0] ?? "");
    const { title, meaning, todo } = MEANINGS[kind];
    expect(text).toContain(`**${title}**`);
    expect(text).toContain(meaning);
    expect(text).toContain(`What to do: ${todo}`);
  });
});
