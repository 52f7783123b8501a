import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Evidence } from "../../../src/model/evidence.ts";
import { isDigest } from "../../../src/oci/digest.ts";
import { renderHtml } from "../../../src/report/html/page.ts";
import { launch, open } from "./browser.ts";
import { attackStrings, everywhere, isHostile } from "./hostile.ts";
import { crowded, verdictOf } from "./verdicts.ts";

/** Between them they have every field. */
const EVIDENCE: readonly Evidence[] = [...["intercepted", "pending", "hostile"].map(verdictOf), full()];

function full(): Evidence {
  const { observations } = verdictOf("incomplete");
  const error = { code: "E_DENIED", stage: "http", message: "x", hint: "x", choices: ["x"] } as const;
  const unexpected = { url: "https://x/", status: 200, contentType: "x", head: "x" };
  const all = observations.map((each) => ({
    ...each,
    error,
    evidence: { ...each.evidence, unexpected, claimedDigest: "x", boot: "x", machine: "x", httpVersion: "x" },
  }));
  return {
    ...verdictOf("released"),
    observations: [...all, ...crowded().observations],
    command: { started: true, code: null, signal: "x" },
    releaseError: { code: "E_DISK", message: "x", hint: "x" },
    entered: { entry: 1, hash: "x" },
    notices: ["x"],
  };
}

// the page writes digests otherwise than words, and leaves out what is empty
const ATTACKS = attackStrings().filter((each) => each !== "" && !isDigest(each));
const HARMLESS = "harmless";

/** Names and attributes as they are written. */
function tagsOf(text: string): readonly string[] {
  return text.replace(/<style>[^]*<\/style>/, "").match(/<[^>]*>/g) ?? [];
}

test("the attack cases have strings to try, hostile ones among them", () => {
  expect(ATTACKS.length).toBeGreaterThan(500);
  for (const part of ["\u001b[2J", "\u202e", "\u009b31m", "<html>", "http://169.254.169.254/"])
    expect(ATTACKS.filter((each) => each.includes(part) && isHostile(each))).not.toEqual([]);
});

describe.each(EVIDENCE.map((evidence, at) => ({ at, evidence })))("a report ($at)", ({ evidence }) => {
  test("has the same tags, one by one, whatever text is in it", () => {
    const own = tagsOf(renderHtml(everywhere(evidence, HARMLESS), HARMLESS));
    expect(own.length).toBeGreaterThan(100);
    for (const attack of ATTACKS) {
      const text = renderHtml(everywhere(evidence, attack), attack);
      const tags = tagsOf(text);
      // toEqual takes long to find two long lists equal
      if (tags.join() !== own.join()) expect(tags, JSON.stringify(attack)).toEqual(own);
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }
  });
});

describe("in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  /** Elements with the names of their attributes; addresses whole. */
  const SKELETON = `[...document.querySelectorAll("*")].map((each) => [each.localName, ...[...each.attributes]
    .map(({ name, value }) => /^(href|src|class|id|http-equiv|content)$/.test(name) ? name + "=" + value : name)].join(" "))`;

  test("no text becomes an element, a handler or an address, and nothing is loaded or run", async () => {
    const [evidence] = EVIDENCE as readonly [Evidence];
    const { page, troubles } = await open(browser, renderHtml(everywhere(evidence, HARMLESS), HARMLESS));
    const own = await page.evaluate<string[]>(SKELETON);
    const addresses = own.flatMap((each) => /(?:href|src)=(\S*)/.exec(each)?.[1] ?? []);
    expect(addresses).toEqual(["#way", "#differences", "#tree", "#timing", "#evidence", "#check"]);
    expect(own.filter((each) => / on|^(?:script|iframe|object|embed|form|link|base|img)\b/.test(each))).toEqual([]);
    for (const attack of ATTACKS.filter(isHostile)) {
      await page.setContent(renderHtml(everywhere(evidence, attack), attack));
      const found = await page.evaluate<string[]>(SKELETON);
      if (found.join() !== own.join()) expect(found, JSON.stringify(attack)).toEqual(own);
    }
    expect(await page.evaluate("globalThis.owned")).toBeUndefined();
    expect(troubles).toEqual([]);
  });

  test("a page that did obey would be seen here", async () => {
    const { page, troubles } = await open(browser, `<img src="https://evil.example/x"><script>globalThis.owned = 1</script>`); // prettier-ignore
    expect(await page.evaluate("globalThis.owned")).toBe(1);
    expect(troubles[0]).toBe("asked for https://evil.example/x");
  });
});
