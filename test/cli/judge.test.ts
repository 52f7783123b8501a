import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { renderJson } from "../../src/report/json.ts";
import { agreeing, POLICY, REPORTS, reportOf } from "../evidence/reports.ts";
import { digest, observation, other } from "../report/fixtures.ts";
import { capture } from "./capture.ts";

const folder = mkdtempSync(join(tmpdir(), "tofu3-judge-"));
afterAll(() => rmSync(folder, { recursive: true }));

const timed = agreeing.map((each) => ({ ...each, evidence: { ...each.evidence, clockOffsetMs: 0 } }));
const AGREED = renderJson(reportOf(timed));
const DISAGREED = renderJson(REPORTS["disagreed"]?.() ?? reportOf(timed));

const KEY = `ssh-ed25519 ${Buffer.from("0000000b7373682d6564323535313900000020".padEnd(102, "1"), "hex").toString("base64")}`;

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

async function judge(words: readonly string[], stdin = ""): Promise<{ code: number; out: string; err: string }> {
  const io = { ...capture(folder), stdin: Readable.from([stdin]) };
  const code = await main(["judge", ...words], io, new AbortController().signal);
  return { code, out: io.out(), err: io.err() };
}

/** The report with another value there; undefined: with none. */
function forged(path: string, value: unknown, text = AGREED): string {
  const report = JSON.parse(text) as Record<string, unknown>;
  const keys = path.split(".");
  let at = report;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1) ?? ""] = value;
  return JSON.stringify(report);
}

describe("the outcome is what follows from the file, and so is the exit code", () => {
  const codes = { agreed: 0, disagreed: 10, incomplete: 12, indistinct: 13, pending: 14, changed: 15, absent: 16 };
  test.each(Object.entries(codes))("%s: %i", async (outcome, code) => {
    const name = file(`${outcome}.json`, renderJson(REPORTS[outcome]?.() ?? reportOf(timed)));
    const seen = await judge([name]);
    expect(seen).toMatchObject({ code, err: "" });
    expect(seen.out.trimEnd().split("\n").at(-1)).toMatch(new RegExp(`^${outcome.toUpperCase()}  `));
  });

  test("of a report that contradicts itself is not told as if it were the file's", async () => {
    const { code, out } = await judge([file("odd.json", forged("outcome", "disagreed"))]);
    expect(code).toBe(10);
    expect(out).toMatch(/^"odd\.json"\n {2}contradicts itself; what it holds: AGREED {2}.*\n$/);
    expect((await judge(["--trust", KEY, "odd.json"])).out).toBe('"odd.json"\n  does not hold\n');
  });

  test("--days 1 of a report that is short of days says what it asks for", async () => {
    const pending = file("short.json", renderJson(reportOf(timed, { policy: { ...POLICY, days: 3 } })));
    const { code, out } = await judge(["--days", "1", pending]);
    expect([code, out.trimEnd().split("\n").at(-1)]).toEqual([0, expect.stringMatching(/^AGREED {2}1 report about /)]);
    expect((await judge([pending])).code).toBe(14);
  });

  test("standard input that is a terminal is not waited for", async () => {
    const io = { ...capture(folder), stdin: Object.assign(Readable.from([]), { isTTY: true }) };
    expect(await main(["judge", "-"], io, new AbortController().signal)).toBe(2);
    expect(io.err()).toContain("cannot read the report from standard input: it is a terminal");
  });

  test("from standard input, and as an object", async () => {
    const seen = await judge(["-", "--json"], AGREED);
    expect(seen.code).toBe(0);
    expect(JSON.parse(seen.out)).toMatchObject({
      schemaVersion: 1,
      summary: "1 of 1 report holds",
      files: [
        { file: "standard input", outcome: "agreed", says: "agreed", contradiction: null, unsure: [], error: null },
      ],
      together: [],
    });
    expect((await judge(["-", "--format", "{{#files}}{{outcome}}{{/files}}"], AGREED)).out).toBe("agreed\n");
  });

  test("of several the gravest, each with its line", async () => {
    const seen = await judge([file("a.json", AGREED), file("d.json", DISAGREED)]);
    expect(seen.code).toBe(10);
    expect(seen.out).toMatch(/"a\.json"\n {2}AGREED {2}[^]*"d\.json"\n {2}DISAGREED {2}/);
  });
});

describe("what is forged is named, and is an alarm", () => {
  const indistinct = renderJson(REPORTS["indistinct"]?.() ?? reportOf(timed));
  const document = { digest: digest("55"), mediaType: "application/vnd.oci.image.index.v1+json", base64: "e30=" };
  const probes = { again: [], byDigest: [], documents: [document], configs: [] };
  test.each([
    ["a disagreement that is called agreement", /at outcome it says agreed/, forged("outcome", "agreed", DISAGREED)],
    ["an artifact that nobody saw", /at artifact\.digest it says/, forged("artifact.digest", digest("77"))],
    ["a subject that is not the root", /at observations\[1\]\.digest/, forged("observations.1.digest", digest("77"))],
    ["another reference", /at observations\[0\]\.asked\./, forged("request.reference", "ghcr.io/homebrew/core/vim:1")],
    ["a reference that is none", /at observations\[0\]\.asked/, forged("request.reference", "https://x")],
    [
      "an observation of yesterday",
      /at observations\[2\]\.startedAt it says 2026-02-28/,
      forged("observations.2.startedAt", "2026-02-28T10:00:00.000Z"),
    ],
    ["a policy that is called met", /at policy\.met it says true/, forged("policy.met", true, indistinct)],
    [
      "a worker of another verification in the place of one of this",
      /at outcome it says agreed, and from the rest of it follows disagreed/,
      forged("observations.0", observation("fra", { objects: other() })),
    ],
    [
      "bytes that are not those of their digest, in what explains it",
      /at basis\.probes\.documents\[0\] it says sha256:55/,
      forged("basis.probes", probes, DISAGREED),
    ],
    ["a worker twice", /at outcome it says agreed/, forged("observations.0", agreeing[1])],
  ])("%s", async (_, at, text) => {
    const { code, err } = await judge(["-"], text);
    expect(err).toMatch(at);
    expect(err).toMatch(/^tofu3: error: standard input contradicts itself: .*\ntofu3: hint: /);
    expect(code).toBe(10);
  });
});

const NO_PROBES = { again: [], byDigest: [], documents: [], configs: [] };

describe("what is no report is refused with 2, and says why", () => {
  test.each([
    ["nothing", "", /is not a report of tofu3: it is empty/],
    ["no JSON", "{", /is not a report of tofu3: /],
    ["a list", "[]", /it is not as tofu3 writes it/],
    [
      "a key twice",
      AGREED.replace('"outcome":', '"outcome": "agreed", "outcome":'),
      /the key occurs twice \(\$\.outcome/,
    ],
    ["something after its end", `${AGREED}x`, /is not a report of tofu3: /],
    [
      "an error",
      '{"schemaVersion":1,"outcome":null,"error":{"code":"E_CONFIG","message":"no \\u001b[2J"}}',
      /it has no verdict, but an error: no /,
    ],
    ["a later format", forged("schemaVersion", 2), /has the format 2 of reports/],
    ["one without a basis", forged("basis", undefined), /does not have what its verdict rests on/],
    ["one without workers", forged("observations", []), /at observations/],
    [
      "base64 of another dialect",
      forged("basis.probes", { ...NO_PROBES, documents: [{ digest: digest("55"), mediaType: null, base64: "e30" }] }),
      /basis\.probes\.documents\.0\.base64/,
    ],
  ])("%s", async (_, text, why) => {
    const { code, err, out } = await judge(["-"], text);
    expect(err).toMatch(why);
    expect(err).toMatch(
      /^tofu3: error: [^\u0000-\u001f]*\ntofu3: hint: [^\u0000-\u001f]*\ntofu3: more: tofu3 help E_REPORT\n$/,
    );
    expect(code).toBe(2);
    expect(out).not.toContain("AGREED");
  });

  test("a file of 200 MiB, one that is missing, a folder", async () => {
    truncateSync(join(folder, file("large.json", "")), 200 * 1024 * 1024);
    const large = await judge(["large.json"]);
    expect(large).toMatchObject({ code: 2 });
    expect(large.err).toContain("it is larger than 67108864 bytes");
    expect(await judge(["missing.json"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("there is no file") as string,
    });
    expect(await judge(["."])).toMatchObject({ code: 2, err: expect.stringContaining("it is a folder") as string });
  });

  test("the others are judged all the same, and its error stands in the object", async () => {
    const { code, out } = await judge([file("bad.json", "{"), file("good.json", AGREED), "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      summary: "1 of 1 report holds, and 1 file could not be judged",
      files: [{ outcome: null, error: { code: "E_REPORT" } }, { outcome: "agreed" }],
    });
  });
});

describe("several days together", () => {
  const on = (day: string, text = AGREED): string => text.replaceAll("2026-03-01", day);
  const days = ["2026-03-01", "2026-03-02", "2026-03-04"];
  const lines = (texts: readonly string[]): string =>
    texts.map((text) => `${JSON.stringify(JSON.parse(text))}\n`).join("");

  test("as many as are wanted, one report a line", async () => {
    const seen = await judge(["--days", "3", "-"], lines(days.map((day) => on(day))));
    expect(seen).toMatchObject({ code: 0, err: "" });
    expect(seen.out).toMatch(/\nAGREED {2}3 reports about \S+ agree on sha256:[0-9a-f]{64}, on 3 days that count, /);
  });

  test("a copy is no other day, and neither is one whose clocks nobody confirms", async () => {
    const copies = await judge(["--days", "2", "-"], lines([AGREED, AGREED]));
    expect(copies.code).toBe(14);
    expect(copies.out).toContain("on 1 day that count");
    const alone = renderJson(
      reportOf(agreeing.map((each) => ({ ...each, evidence: { ...each.evidence, clockOffsetMs: null, headers: [] } }))),
    );
    expect((await judge(["--days", "2", "-"], lines([AGREED, on("2026-03-02", alone)]))).code).toBe(14);
  });

  test("a report that was short of days counts for its own", async () => {
    const pending = renderJson(reportOf(timed, { policy: { distinct: [], days: 3, onChange: "notice" } }));
    expect((await judge(["-"], lines([pending]))).code).toBe(14);
    expect((await judge(["--days", "3", "-"], lines(days.map((day) => on(day, pending))))).code).toBe(0);
  });

  test("two digests are a change, whichever day it was", async () => {
    const text = AGREED.replaceAll(String(agreeing[0]?.digest), digest("77"));
    const seen = await judge(["-"], lines([AGREED, on("2026-03-02", text)]));
    expect(seen.code).toBe(15);
    expect(seen.out).toMatch(
      /\nCHANGED {2}2 reports about \S+ agree on different digests: sha256:.* on 2026-03-01 and sha256:77.* on 2026-03-02/,
    );
  });

  test("about different references each stands alone", async () => {
    const next = AGREED.replaceAll("9.0.1900", "9.0.1901");
    expect(await judge(["-"], lines([AGREED, next]))).toMatchObject({ code: 0 });
  });
});
