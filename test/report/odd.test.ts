import { describe, expect, test } from "vitest";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { COLOURED, PLAIN } from "../../src/report/paint.ts";
import { renderTable } from "../../src/report/table.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import { digest, evidence, EVIDENCE, notFound, object, observation, other, stopped, tampered } from "./fixtures.ts";

const row = (text: string, worker: string): string =>
  text.split("\n").find((line) => line.startsWith(`${worker} `) && /ssh|local/.test(line)) ?? "";
const GREEN = "\u001b[32msaw\u001b[39m";
const third = [object({ role: "index", digest: digest("77"), declaredSize: null })];
const lied = (worker: string): ReturnType<typeof observation> => observation(worker, { objects: tampered() });

describe("whoever stands alone is marked in the table", () => {
  test.each([
    {
      what: "another root",
      all: [observation("here"), observation("sgp"), observation("fra", { objects: other() })],
      odd: ["fra"],
      note: "index differs",
    },
    {
      what: "another root, everybody stopped",
      all: [stopped("here"), stopped("sgp"), stopped("fra", other())],
      odd: ["fra"],
      note: "index differs, stopped early: roots differ",
    },
    {
      what: "one layer",
      all: [lied("here"), observation("sgp"), observation("fra")],
      odd: ["here"],
      note: "layer 1 of manifest darwin/amd64 (macOS 11.7) differs",
    },
    {
      what: "the same false layer at two",
      all: [lied("here"), lied("sgp"), observation("fra")],
      odd: ["here", "sgp"],
      note: "layer 1 of manifest darwin/amd64 (macOS 11.7) differs",
    },
    {
      what: "the same false layer at all",
      all: [lied("here"), lied("sgp"), lied("fra")],
      odd: ["fra", "here", "sgp"],
      note: "layer 1 of manifest darwin/amd64 (macOS 11.7) differs",
    },
    {
      what: "three roots",
      all: [observation("here"), observation("sgp", { objects: other() }), observation("fra", { objects: third })],
      odd: [],
      note: null,
    },
    {
      what: "two roots and a 404",
      all: [observation("here"), observation("sgp", { objects: other() }), notFound("fra")],
      odd: [],
      note: null,
    },
  ])("$what", ({ all, odd, note }) => {
    const seen = evidence(all);
    expect(seen.outcome).toBe("disagreed");
    const [plain, coloured] = [renderTable(seen, PLAIN), renderTable(seen, COLOURED)];
    const page = renderMarkdown(seen);
    for (const { worker } of all) {
      const isOdd = odd.some((each) => each === worker);
      expect(/ {2}differs /.test(row(plain, worker)), row(plain, worker)).toBe(isOdd);
      expect(page.includes(`| **${worker}** |`)).toBe(isOdd);
      if (isOdd) expect(row(plain, worker)).toContain(String(note));
      // with nobody odd, nobody is green either
      if (!isOdd) expect(row(coloured, worker).includes(GREEN)).toBe(odd.length > 0);
    }
  });
});

test("being stopped is no failure: a note, and no line of its own", () => {
  const text = renderTable(EVIDENCE["stopped"]?.() ?? evidence([]), PLAIN);
  expect(text).not.toContain("E_STOPPED");
  expect(text).not.toMatch(/^fra, here and sgp: /m);
});

describe("404 at one worker only", () => {
  test("is no spelling mistake", () => {
    const seen = evidence([observation("here"), observation("sgp"), notFound("fra")]);
    for (const text of [renderTable(seen, PLAIN), renderMarkdown(seen)]) expect(text).not.toContain("tofu3 tags");
    expect(seen.summary).toMatch(
      /^fra is told "not found" \(registry said: 404 manifest unknown\), and here and sgp saw sha256:1a/,
    );
  });
  test("at all of them it may be one", () => {
    const seen = evidence(["here", "sgp", "fra"].map(notFound));
    expect(renderTable(seen, PLAIN)).toContain("hint: tofu3 tags REPOSITORY");
  });
});

describe("the command that keeps the evidence", () => {
  const again = "tofu3 verify alpine:3.20 --keep-evidence tofu3-evidence";
  const told = (seen: Evidence): string[] => [
    renderTable(seen, PLAIN, { again, width: 30 }),
    renderMarkdown(seen, again),
  ];
  test("stands on a line of its own in every alarm, however narrow the terminal is", () => {
    const alarm = evidence([observation("here"), observation("sgp"), observation("fra", { objects: other() })]);
    for (const text of told(alarm)) expect(text.split("\n")).toContain(`    ${again}`);
  });
  test("and nowhere else", () => {
    for (const text of told(evidence([observation("here"), observation("sgp"), notFound("fra")]))) {
      expect(text).not.toContain(again);
    }
  });
});

test("with a selection, index and manifests have their digests in full", () => {
  const seen = evidence(["here", "sgp", "fra"].map((worker) => observation(worker)));
  for (const text of [renderTable(seen, PLAIN), renderMarkdown(seen).replaceAll("\\", "")]) {
    for (const each of ["1a", "b0", "c0"]) expect(text).toContain(digest(each));
    expect(text).toContain("manifest darwin/amd64 (macOS 11.7)");
  }
  const all = { ...seen, request: { ...seen.request, platform: null } };
  expect(renderTable(all, PLAIN)).not.toContain(digest("b0"));
});

describe("a terminal", () => {
  const WIDTHS = [20, 30, 40, 60, 79, 80, 120, 200];
  const rows = (text: string): string[] => text.split("\n\n")[1]?.split("\n") ?? [];
  test.each(WIDTHS)("of %i columns tears no row, and cuts no digest without saying so", (width) => {
    for (const make of Object.values(EVIDENCE)) {
      const seen = make();
      const text = renderTable(seen, PLAIN, { width });
      if (width >= 60) for (const line of rows(text)) expect(line.length, line).toBeLessThanOrEqual(width);
      for (const { digest: whole } of seen.observations) {
        for (const [shown] of text.matchAll(/sha256:[0-9a-f]{12,}.?/g)) {
          const root = whole !== null && whole.startsWith(shown.slice(0, 19));
          if (root && !shown.startsWith(whole)) expect(shown).toMatch(/…$/);
        }
      }
    }
  });
  test("that is wide enough gets the same as a file", () => {
    const seen = evidence([observation("here"), observation("sgp"), observation("fra")]);
    expect(renderTable(seen, PLAIN, { width: 200 })).toBe(renderTable(seen, PLAIN));
  });
  test("that is narrow loses the least important columns first, and then lines", () => {
    const seen = evidence([observation("here"), lied("sgp"), observation("fra")]);
    expect(rows(renderTable(seen, PLAIN, { width: 60 }))).toEqual([
      "WORKER  OUTCOME  DIGEST                NOTE",
      "fra     saw      sha256:1a1a1a1a1a1a…",
      "here    saw      sha256:1a1a1a1a1a1a…",
      "sgp     differs  sha256:1a1a1a1a1a1a…  layer 1 of manifest",
      "                                       darwin/amd64 (macOS",
      "                                       11.7) differs",
    ]);
    expect(renderTable(seen, PLAIN, { width: 40 })).toContain("WORKER   sgp\nVIA      ssh\nOUTCOME  differs\n");
  });
  test("folds no colour into pieces: painted lines are as long as plain ones", () => {
    const seen = evidence([observation("here"), lied("sgp"), observation("fra")]);
    const painted = renderTable(seen, COLOURED, { width: 60 });
    expect(painted.replace(/\u001b\[\d+m/g, "")).toBe(renderTable(seen, PLAIN, { width: 60 }));
  });
});
