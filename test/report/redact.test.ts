import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import { exitAddress } from "../../src/model/exit.ts";
import type { ExitNote, Observation } from "../../src/model/observation.ts";
import { renderJson } from "../../src/report/json.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { PLAIN } from "../../src/report/paint.ts";
import { redact } from "../../src/report/redact.ts";
import { renderTable } from "../../src/report/table.ts";
import { evidence, failed, observation } from "./fixtures.ts";

const HASH = /^hash:[0-9a-f]{16}$/;
const exit = (address: string, part: Partial<ExitNote> = {}): ExitNote => {
  return { addresses: [address], sources: ["ip.example"], country: "DE", asn: "AS64500", doubt: null, ...part };
};
const noted = (worker: string, part: Partial<Observation["evidence"]>): Observation => {
  const plain = observation(worker);
  return { ...plain, evidence: { ...plain.evidence, ...part } };
};
const rendered = (each: Evidence): string[] => [renderJson(each), renderMarkdown(each), renderTable(each, PLAIN)];
const notesAt = (each: Evidence, at: number): Observation["evidence"] => {
  const found = each.observations[at];
  if (found === undefined) throw new Error(`no observation ${at}`);
  return found.evidence;
};

describe("a redacted report", () => {
  const full = evidence([
    noted("fra", {
      exit: exit("203.0.113.7"),
      addresses: ["192.0.2.1", "192.0.2.2"],
      hostKey: `SHA256:${"a".repeat(43)}`,
      machine: "b".repeat(64),
      boot: "c".repeat(64),
      clockOffsetMs: 1234,
      headers: [
        "age: 77",
        "cache-control: max-age=60",
        "cf-ray: 8f00-FRA",
        "date: Sun, 01 Mar 2026 10:00:01 GMT",
        "docker-ratelimit-source: 203.0.113.7",
        'etag: "x"',
        "via: 1.1 fra.proxy.example",
        'warning: 299 - "you are 203.0.113.7:443."',
        "x-amz-cf-pop: FRA56-P1",
        "x-served-by: cache-fra-1",
      ],
      retries: [
        { url: "https://r/", attempt: 1, code: "E_CUT", message: "2001:db8::7: cut", waitedMs: 1, resumedAt: 0 },
      ],
      unexpected: { url: "https://r/", status: 403, contentType: "text/html", head: "denied to [2001:DB8::0:7]" },
    }),
    noted("here", { exit: exit("198.51.100.9", { country: "SG", asn: "AS64501" }), machine: "b".repeat(64) }),
    noted("sgp", {
      exit: exit("192.0.2.44", { doubt: "it changed during the job: 192.0.2.44 (a before), 192.0.2.45 (a after)" }),
    }),
  ]);
  const short = redact(full, "salt");

  test("keeps the verdict, the digests, the countries and the days", () => {
    expect(short).toMatchObject({ outcome: full.outcome, summary: full.summary, artifact: full.artifact });
    expect(short.observations.map(({ evidence: { exit: one } }) => one?.country)).toEqual(["DE", "SG", "DE"]);
    expect(short.observations.map(({ digest }) => digest)).toEqual(full.observations.map(({ digest }) => digest));
    for (const { startedAt, finishedAt } of [short, ...short.observations])
      expect([startedAt, finishedAt]).toEqual(["2026-03-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"]);
  });

  test("has salted hashes for addresses, networks and machines, the same for the same within it", () => {
    const [fra, here] = [notesAt(short, 0), notesAt(short, 1)];
    for (const text of [
      ...fra.addresses,
      fra.hostKey,
      fra.machine,
      fra.boot,
      fra.exit?.asn,
      ...(fra.exit?.addresses ?? []),
    ])
      expect(text).toMatch(HASH);
    expect(fra.clockOffsetMs).toBeNull();
    expect(here.machine).toBe(fra.machine);
    expect(here.exit?.asn).not.toBe(fra.exit?.asn);
    expect(notesAt(redact(full, "other"), 0).machine).not.toBe(fra.machine);
  });

  test("has no header that tells who asked or from where", () => {
    expect(notesAt(short, 0).headers).toEqual([
      "age: redacted",
      "cache-control: max-age=60",
      "cf-ray: redacted",
      "date: Sun, 01 Mar 2026 00:00:00 GMT",
      "docker-ratelimit-source: redacted",
      'etag: "x"',
      "via: redacted",
      expect.stringMatching(/^warning: 299 - "you are hash:[0-9a-f]{16}:443\."$/),
      "x-amz-cf-pop: redacted",
      "x-served-by: redacted",
    ]);
  });

  test("has no address in what was said", () => {
    for (const text of rendered(short)) expect(text).not.toMatch(/203\.0\.113|198\.51\.100|192\.0\.2|2001:db8/i);
    expect(notesAt(short, 0).unexpected?.head).toMatch(/^denied to \[hash:[0-9a-f]{16}\]$/);
    expect(notesAt(short, 2).exit?.doubt).toMatch(
      /^it changed during the job: hash:\S+ \(a before\), hash:\S+ \(a after\)$/,
    );
  });

  test("does not name the network that workers have in common", () => {
    const all = ["fra", "here", "sgp"].map((worker, at) => noted(worker, { exit: exit(`192.0.2.${at}`) }));
    const policy = { distinct: ["asn"] as const };
    const told = redact(evidence(all, { verdict: judge(all, policy) }), "salt");
    expect(told.summary).toMatch(/fra, here and sgp are all in hash:[0-9a-f]{12}/);
    for (const text of rendered(told)) expect(text).not.toContain("AS64500");
  });
});

test("no address of an exit is in any report, wherever it was", () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((each) => exitAddress(each)?.text ?? "192.0.2.1");
  const around = fc.tuple(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }));
  fc.assert(
    fc.property(
      fc.array(address, { minLength: 3, maxLength: 3 }),
      around,
      fc.string(),
      (addresses, [before, after], salt) => {
        const said = before + addresses.join(" ") + after;
        const seen = addresses.map((each, at) =>
          noted(`w${at}`, {
            exit: exit(each, at === 0 ? { doubt: said } : {}),
            headers: [`warning: ${said}`, said],
            addresses,
            claimedDigest: said,
            redirects: [{ from: `https://${said}/`, to: said, status: 302 }],
            unexpected: { url: said, status: 200, contentType: said, head: said },
          }),
        );
        const dead = failed("dead", { error: { code: "E_SSH", stage: "ssh", message: said, hint: said } });
        const root = seen.map((each) => ({
          ...each,
          objects: each.objects.map((one) => ({ ...one, annotations: { [said]: said } })),
        }));
        for (const observations of [root, [...root, dead]])
          for (const text of rendered(redact(evidence(observations), salt)))
            for (const each of addresses) expect(text.includes(each), `${each} in ${text}`).toBe(false);
      },
    ),
    { numRuns: 60 },
  );
});
