import { describe, expect, test } from "vitest";
import { readReports } from "../../src/evidence/read.ts";
import { rejudge } from "../../src/evidence/rejudge.ts";
import { redact } from "../../src/report/redact.ts";
import { renderJson } from "../../src/report/json.ts";
import { digest } from "../report/fixtures.ts";
import { agreeing, POLICY, REPORTS, reportOf } from "./reports.ts";

function again(text: string) {
  const [{ report } = { report: null }] = readReports(text, "a file");
  if (report?.basis === undefined) throw new Error("no report");
  return rejudge({ ...report, basis: report.basis });
}

describe("a report is judged as it was when it was made", () => {
  test.each(Object.keys(REPORTS))("%s", (name) => {
    const report = REPORTS[name]?.();
    if (report === undefined) throw new Error("no report");
    const judged = again(renderJson(report));
    expect(judged).toMatchObject({ contradiction: null, unsure: [], says: report.outcome });
    expect(judged.evidence.outcome).toBe(name.split(" ")[0]);
    expect({ ...judged.evidence, notices: report.notices }).toEqual(report);
  });
});

/** Every leaf of these parts decides something, so that no other value of it can stand. */
const DECISIVE =
  /^(?:outcome|quorum|reason|artifact|differences|policy\.met|days|history|diagnosis\.(?:class|confidence)|compared)\b/;
const OF_WORKERS = /^observations\.\d+\.(?:asked|digest)\b/;
/** Below roots that differ, nothing is compared; and what an entry is for stands in its parent, whose bytes are. */
const OF_OBJECTS = /^observations\.\d+\.objects\.\d+\.(?:digest|computed|size|mediaType|parent)\b/;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function* leaves(value: Json, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== "object" || value === null) yield path;
  else for (const [key, each] of Object.entries(value)) yield* leaves(each, [...path, key]);
}

/** Another value that the schema permits there, mostly. */
function otherThan(value: Json): Json {
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value + 1;
  if (value === null) return digest("77");
  return /^sha256:/.test(value as string)
    ? digest(value === digest("77") ? "78" : "77")
    : ({ agreed: "absent", sure: "likely", saw: "failed", layer: "config", manifest: "index" }[value as string] ??
        (/^\d{4}-\d\d-\d\d/.test(value as string)
          ? (value as string).replace(/^2026/, "2025")
          : `${value as string}x`));
}

function changedAt(text: string, path: readonly string[]): string {
  const report = JSON.parse(text) as Json;
  let at = report as { [key: string]: Json };
  for (const key of path.slice(0, -1)) at = at[key] as { [key: string]: Json };
  const last = path.at(-1) ?? "";
  at[last] = otherThan(at[last] ?? null);
  return JSON.stringify(report);
}

function standsUp(text: string): boolean {
  try {
    return again(text).contradiction === null;
  } catch {
    return false;
  }
}

describe("no single value can be changed", () => {
  test.each(Object.keys(REPORTS))("in a report that is %s", (name) => {
    const text = renderJson(REPORTS[name]?.() ?? reportOf(agreeing));
    const isWhole = !/^(?:disagreed|incomplete|absent)/.test(name);
    const paths = [...leaves(JSON.parse(text) as Json)].filter((path) => {
      const place = path.join(".");
      return DECISIVE.test(place) || OF_WORKERS.test(place) || (isWhole && OF_OBJECTS.test(place));
    });
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => standsUp(changedAt(text, path))).map((path) => path.join("."))).toEqual([]);
  });
});

test("what a witness says is a pin, and the server's own word is none", () => {
  const text = renderJson(reportOf(agreeing));
  const saying = (kind: string, digest: string | null, more: object = {}): string => {
    const note = { kind, source: "https://x.example/SHA256SUMS", digest, workers: ["fra"], trouble: null };
    return JSON.stringify({ ...(JSON.parse(text) as object), witnesses: [note], ...more });
  };
  const { artifact } = JSON.parse(text) as { artifact: { digest: string } };
  for (const kind of ["sums", "github", "pypi"]) {
    expect(again(saying(kind, artifact.digest)).contradiction).toBeNull();
    expect(again(saying(kind, null)).contradiction).toBeNull();
    expect(again(saying(kind, digest("77"))).contradiction).toEqual({
      at: "witnesses",
      says: digest("77"),
      follows: artifact.digest,
    });
  }
  expect(again(saying("repr-digest", digest("77"))).contradiction).toBeNull();
});

test("redacted, bytes are checked and what is hidden is said to be", () => {
  const exits = agreeing.map((each, at) => ({
    ...each,
    evidence: {
      ...each.evidence,
      machine: digest(`a${at}`).slice("sha256:".length),
      exit: { addresses: [`192.0.2.${at}`], sources: ["x.example"], country: "DE", asn: `AS${at}`, doubt: null },
    },
  }));
  const report = reportOf(exits, { policy: { ...POLICY, distinct: ["network"] } });
  expect(report.outcome).toBe("agreed");
  const text = renderJson(redact(report, "salt"));
  const judged = again(text);
  expect(judged).toMatchObject({ contradiction: null, evidence: { outcome: "indistinct" } });
  expect(judged.unsure.join()).toContain("redacted");
  const forged = JSON.parse(text) as { observations: { objects: { computed: string }[] }[] };
  const [seen] = forged.observations[0]?.objects ?? [];
  if (seen !== undefined) seen.computed = digest("77");
  expect(standsUp(JSON.stringify(forged))).toBe(false);
});
