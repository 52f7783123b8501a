import { describe, expect, test } from "vitest";
import { renderOverview, renderVerdict } from "../../../src/serve/http/page.ts";
import { hostile } from "../../report/fixtures.ts";
import { launch, objectionsTo, open, overflowOf } from "../../report/html/browser.ts";
import { intercepted } from "../../report/html/verdicts.ts";

/** Breaks out of an element, of an attribute, and of what a terminal shows. */
const HOSTILE = `</td><script>alert(1)</script><img src=x onerror="alert('1')">&lt;\u202e\u001b[2J`;

/** Without what stands behind /verdicts/ in an address. */
function tagsOf(page: string): readonly string[] {
  const addresses = /href="\/verdicts\/[A-Za-z0-9%._()*!~&#;-]*"/g;
  return (page.replace(/<style>[^]*<\/style>/, "").match(/<[^>]*>/g) ?? []).map((tag) =>
    tag.replace(addresses, "href"),
  );
}

const CONTROLS = /[\u202e\u001b]/;

function overviewOf(text: string): string {
  return renderOverview({
    version: text,
    reasons: [text],
    flights: [{ what: text, since: text, waiting: 1, isQueued: true }],
    holds: [
      {
        repository: { registry: text, repository: text },
        name: text,
        hold: { outcome: "disagreed", sentence: text, since: text, verdict: text },
      },
    ],
    verdicts: [{ id: text, evidence: { ...hostile(), finishedAt: text } }],
  });
}

test("everything on the first page that came from outside is text", () => {
  const page = overviewOf(HOSTILE);
  expect(tagsOf(page)).toEqual(tagsOf(overviewOf("x")));
  expect(page).not.toMatch(CONTROLS);
  expect(page.match(/&#60;script&#62;alert/g)?.length).toBeGreaterThanOrEqual(9);
});

test("so is everything in a verdict", () => {
  const page = renderVerdict(`"><script>'`, hostile());
  expect(tagsOf(page)).toEqual(tagsOf(renderVerdict("x", hostile())));
  expect(page).not.toMatch(CONTROLS);
});

describe("in Chromium", () => {
  test.each([
    { what: "the first page", text: overviewOf("9.0.1900-of-a-name-that-is-long-".repeat(5)) },
    { what: "a verdict", text: renderVerdict("20260301T100004Z-1", intercepted()) },
  ])("$what is good for everybody, and never wider than the window", async ({ text }) => {
    const browser = await launch();
    try {
      const { page, troubles } = await open(browser, text);
      for (const width of [400, 800, 1400]) {
        await page.setViewportSize({ width, height: 900 });
        expect(await overflowOf(page)).toBe(0);
      }
      expect(await objectionsTo(page)).toEqual([]);
      expect(troubles).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
