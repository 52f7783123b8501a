import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeNamed, explain, EXPLANATIONS, GROUPS } from "../../src/codes/explain.ts";
import { RELEASE_CODES, USAGE_CODES, WORKER_CODES, type ErrorCode } from "../../src/errors.ts";
import { renderErrorsPage } from "./page.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs/errors.md");
const CODES: readonly ErrorCode[] = [...USAGE_CODES, ...WORKER_CODES, ...RELEASE_CODES, "E_INTERRUPTED", "E_BUG"];

test("docs/errors.md is what the source says", () => {
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(PAGE, renderErrorsPage());
  expect(readFileSync(PAGE, "utf8")).toBe(renderErrorsPage());
});

test("every code stands in docs/errors.md once, with cause and cure", () => {
  const sections = readFileSync(PAGE, "utf8").split(/^### /m).slice(1);
  expect(sections.map((each) => each.split("\n", 1)[0]).sort()).toEqual([...CODES].sort());
  for (const each of sections)
    expect(each).toMatch(/\*\*Where:\*\* .{10}[^]*\*\*Cause:\*\* .{10}[^]*\*\*Cure:\*\* .{10}/);
  expect(GROUPS.flatMap(({ codes }) => Object.keys(codes)).sort()).toEqual(Object.keys(EXPLANATIONS).sort());
});

describe("explain", () => {
  test.each(CODES)("%s fits 80 columns and ends its sentences", (code) => {
    const text = explain(code);
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(text.startsWith(`${code}: `)).toBe(true);
    const { title, where, cause, cure } = EXPLANATIONS[code];
    for (const sentence of [where, cause, cure]) expect(sentence).toMatch(/^(?:[A-Z`]|curl |tofu3 ).*\.$/s);
    expect(title).toMatch(/^[a-z].*[^.]$/);
    // every word is there, whatever the line breaks
    const words = (all: string): string[] => all.split(/\s+/).filter((word) => word !== "");
    expect(words(text)).toEqual(words(`${code}: ${title} where: ${where} cause: ${cause} cure: ${cure}`));
  });

  test("what a cure names exists: commands, flags and pages", () => {
    const all = Object.values(EXPLANATIONS).flatMap(({ where, cause, cure }) => [where, cause, cure]);
    const pages = all.flatMap((text) => [...text.matchAll(/docs\/[a-z-]+\.md/g)].map(([page]) => page));
    expect(pages.filter((page) => !readdirSync(join(ROOT, "docs")).includes(page.slice(5)))).toEqual([]);
    expect(pages.length).toBeGreaterThan(0);
  });
});

test("a code is found in any spelling, and nothing else is", () => {
  for (const text of ["E_HOST_KEY", "host-key", "e_host_key", "E-HOST-KEY"]) expect(codeNamed(text)).toBe("E_HOST_KEY");
  for (const text of ["", "E_", "toString", "E_NOTHING"]) expect(codeNamed(text)).toBeNull();
});
