import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { html, NOTHING } from "../../../src/report/html/markup.ts";
import { renderHtml } from "../../../src/report/html/page.ts";
import { observation } from "../fixtures.ts";
import { expectGolden } from "../golden.ts";
import { huge, intercepted, VERDICTS, verdictOf } from "./verdicts.ts";

const AGAIN = "tofu3 verify ghcr.io/homebrew/core/vim:9.0.1900 --keep-evidence tofu3-evidence";

describe("what is interpolated", () => {
  test("is text, in an element as well as in an attribute", () => {
    const worst = `"><img src=x onerror='alert(1)'>&amp;`;
    expect(html`<p title="${worst}">${worst}</p>`.toString()).toBe(
      `<p title="${escapedOf(worst)}">${escapedOf(worst)}</p>`,
    );
    expect(html`${"\u202e\u0000\n"}`.toString()).toBe("\\u{202e}\\u{0}\\u{a}");
  });

  test("is markup only where the template made it", () => {
    expect(html`<b>${html`<i>${"<"}</i>`}</b>${[html`<br>`, NOTHING]}${3}`.toString()).toBe("<b><i>&#60;</i></b><br>3");
    // what only looks like it, as a parsed report may
    const forged = { toString: () => "<script>" } as unknown as string;
    expect(html`${forged}${[forged, "<script>"] as never}`.toString()).not.toContain("<script>");
  });

  test("is cut where it is very long", () => {
    expect(html`${"a".repeat(1_000_000)}`.toString().length).toBeLessThan(5000);
  });

  function escapedOf(text: string): string {
    return text.replace(/[<>"'&]/g, (each) => `&#${each.charCodeAt(0)};`);
  }
});

describe("the page", () => {
  test.each(["agreed", "intercepted", "pending", "absent", "hostile"])("of %s is as it was agreed", (name) => {
    expectGolden(`${name}-report.html`, renderHtml(verdictOf(name), AGAIN));
  });

  test.each(Object.keys(VERDICTS))("of %s has nothing that moves a cursor, and one newline at its end", (name) => {
    const text = renderHtml(verdictOf(name), AGAIN);
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    expect(text).toMatch(/[^\n]\n$/);
  });

  test("says the verdict, what happened and what to do before everything else", () => {
    const text = renderHtml(intercepted(), AGAIN);
    const order = ["<h1>", "2 of 3 workers saw", "What happened", "another authority", "What to do", "use nothing that fra downloaded", "<h2"]; // prettier-ignore
    const at = order.map((each) => text.indexOf(each));
    expect(at).not.toContain(-1);
    expect(at).toEqual(at.toSorted((left, right) => left - right));
  });

  test("shows how to keep the bytes only where workers disagree", () => {
    expect(renderHtml(verdictOf("intercepted"), AGAIN)).toContain(AGAIN);
    expect(renderHtml(verdictOf("agreed"), AGAIN)).not.toContain(AGAIN);
    expect(renderHtml(verdictOf("intercepted"), null)).not.toContain("--keep-evidence DIR");
  });

  test("lets nothing be loaded or run, and no style but its own", () => {
    const text = renderHtml(intercepted(), AGAIN);
    const [, style = ""] = /<style>([^]*)<\/style>/.exec(text) ?? [];
    const hash = createHash("sha256").update(style).digest("base64");
    const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
    expect(text).toContain(`<meta http-equiv="Content-Security-Policy" content="${policy}">`);
    expect(style).not.toMatch(/url\(|@import/);
    expect(text).not.toMatch(/<[^>]*\sstyle=/);
  });

  test("says how to check it", () => {
    expect(renderHtml(verdictOf("agreed"))).toMatch(/--report verdict\.json[^]*<pre>tofu3 judge verdict\.json<\/pre>/);
  });

  test("has a bar for each worker where it looked", () => {
    const bars = [...renderHtml(intercepted()).matchAll(/class="part" x="([\d.]+)%" width="([\d.]+)%"/g)];
    // of 4 s: fra from 0.6 to 2.8, here from 0.1 to 3.9, sgp from 0.7 to 3.4
    expect(bars.map(([, x, width]) => [Number(x), Number(width)])).toEqual([
      [15, 55],
      [2.5, 95],
      [17.5, 67.5],
    ]);
  });

  test("shows each way: host key, exit and country, who issued the certificate, and who answered", () => {
    const [fra = "", here = ""] = renderHtml(intercepted()).split('<li class="card').slice(1);
    for (const each of ["SHA256:nThbg6k", "203.0.113.7", "DE, AS3320", "CN=Inspecting Proxy", "140.82.121.34", "sent on to pkg-containers.githubusercontent.com (2 redirects)"]) expect(fra).toContain(each); // prettier-ignore
    for (const each of ["where tofu3 runs", "198.51.100.20", "PT, AS2860", "CN=R11"]) expect(here).toContain(each);
    expect(fra).toContain("≠ index differs");
    expect(here).toContain("✓ saw");
  });
});

describe("the tree", () => {
  const rowsOf = (text: string): string[] => [...text.matchAll(/<tr[^>]*><th scope="row">[^]*?<\/tr>/g)].map(([row]) => row); // prettier-ignore
  const treeOf = (text: string): string => /<section class="tree"[^]*?<\/section>/.exec(text)?.[0] ?? "";

  test("of 10,001 objects has what differs first, and says how much it leaves out", () => {
    const text = renderHtml(huge());
    expect(text.length).toBeLessThan(1_000_000);
    const tree = treeOf(text);
    const [first = "", second = ""] = rowsOf(tree);
    expect(first).toMatch(/^<tr class="odd">.*layer 9.*✓ saw.*≠ other|^<tr class="odd">.*layer 9.*≠ other/);
    expect(second).not.toContain("odd");
    expect(rowsOf(tree)).toHaveLength(2000);
    expect(tree).toContain("10001 objects in 1001 documents");
    expect(tree).toContain("This page has 2000 of them, what differs first; 8001 are left out");
    expect(tree.match(/<details open>/g)).toHaveLength(1);
  });

  test("marks the object with other bytes, and none beside it", () => {
    const odd = rowsOf(treeOf(renderHtml(verdictOf("forged")))).filter((row) => row.includes('class="odd"'));
    expect(odd).toHaveLength(1);
    expect(odd[0]).toMatch(/sha256:b2b2b2.*≠ other.*✓ saw.*✓ saw/);
  });

  test("tells two roots apart, and folds what is below one of them", () => {
    const tree = treeOf(renderHtml(intercepted()));
    const odd = rowsOf(tree).filter((row) => row.includes('class="odd"'));
    expect(odd.map((row) => row.match(/✓|–/g)?.join(""))).toEqual(["✓––", "–✓✓"]);
    expect(tree.match(/<details><summary><b>manifest[^<]*<\/b>: 3 objects, <span class="unsure">– not/g)).toHaveLength(
      2,
    );
  });

  test("is bounded by its rows whatever the objects call themselves", () => {
    const long = { mediaType: "m".repeat(4000), platform: "p".repeat(4000), osVersion: "v".repeat(4000) };
    const objects = huge().observations[0]?.objects.map((each) => ({ ...each, ...long })) ?? [];
    const all = ["here", "fra", "sgp"].map((worker) => observation(worker, { objects }));
    expect(renderHtml({ ...huge(), observations: all }).length).toBeLessThan(2_000_000);
  });
});
