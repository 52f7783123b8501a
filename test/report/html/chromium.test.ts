import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderHtml } from "../../../src/report/html/page.ts";
import { launch, objectionsTo, open, overflowOf } from "./browser.ts";
import { crowded, huge, verdictOf } from "./verdicts.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const AGAIN = "tofu3 verify ghcr.io/homebrew/core/vim:9.0.1900 --keep-evidence tofu3-evidence";
const PAGES = ["agreed", "intercepted", "pending", "absent", "hostile"];
const WIDTHS = [400, 800, 1400];

test.each(PAGES)(
  "the page of %s is good for everybody in light and dark, and never wider than the window",
  async (name) => {
    const { page, troubles } = await open(browser, renderHtml(verdictOf(name), AGAIN));
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      expect(await overflowOf(page)).toBe(0);
    }
    await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      expect(await overflowOf(page)).toBe(0);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await objectionsTo(page)).toEqual([]);
      }
    }
    expect(troubles).toEqual([]);
  },
);

test.each([
  { what: "10,001 objects", make: huge },
  { what: "seven workers with long names", make: crowded },
])("$what are not wider than the window", async ({ make }) => {
  for (const width of WIDTHS) {
    const { page } = await open(browser, renderHtml(make()), { viewport: { width, height: 900 } });
    expect(await overflowOf(page)).toBe(0);
    await page.context().close();
  }
});

test("its own style is allowed by its own policy, and follows the reader's light or dark", async () => {
  const colourOf = async (colorScheme: "light" | "dark"): Promise<string> => {
    const { page } = await open(browser, renderHtml(verdictOf("agreed")), { colorScheme });
    return page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  };
  expect(await colourOf("light")).toBe("rgb(255, 255, 255)");
  expect(await colourOf("dark")).toBe("rgb(20, 23, 26)");
});

test("the keyboard reaches every link and every fold, in their order, and shows where it is", async () => {
  const { page } = await open(browser, renderHtml(verdictOf("intercepted"), AGAIN));
  await page.evaluate(`globalThis.all = [...document.querySelectorAll("a, summary")]`);
  const count = await page.evaluate<number>("all.length");
  expect(count).toBeGreaterThan(10);
  for (let at = 0; at < count; at++) {
    await page.keyboard.press("Tab");
    expect(await page.evaluate("all.indexOf(document.activeElement)")).toBe(at);
    expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
  }
  const before = await page.evaluate("document.activeElement.parentElement.open");
  await page.keyboard.press("Enter");
  expect([before, await page.evaluate("document.activeElement.parentElement.open")]).toEqual([false, true]);
});

test("on paper it is light, and the evidence is unfolded", async () => {
  const { page } = await open(browser, renderHtml(verdictOf("intercepted"), AGAIN), { colorScheme: "dark" });
  const isShown = (): Promise<boolean> =>
    page.evaluate<boolean>(`document.querySelector(".evidence dd").checkVisibility({ contentVisibilityAuto: true })
      && document.querySelector(".evidence dd").getBoundingClientRect().height > 0`);
  expect(await isShown()).toBe(false);
  await page.emulateMedia({ media: "print" });
  await expect.poll(isShown).toBe(true);
  expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
  expect(await objectionsTo(page)).toEqual([]);
  expect((await page.pdf()).subarray(0, 5).toString()).toBe("%PDF-");
});
