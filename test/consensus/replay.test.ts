import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { diagnose } from "../../src/consensus/diagnose/diagnose.ts";
import { judge } from "../../src/consensus/judge.ts";
import type { Finding } from "../../src/model/diagnosis.ts";
import type { Observation, SeenObject } from "../../src/model/observation.ts";
import type { Past } from "../../src/model/record.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { isDigest, type Digest } from "../../src/oci/digest.ts";
import { noticesOf } from "../../src/report/notices.ts";
import { historyOf } from "../../src/consensus/history.ts";
import { bytesOf, entryFor, imageOf, indexOf, known, rootOnly, attestationOf } from "./documents.ts";
import { ASKED, asking, digest, failed, fault, object, observation, refused, saw } from "./observations.ts";
import { entry, glance, past } from "./past.ts";

/** What people wrote down of rounds that they did by hand. It is theirs: it is read where it lies, and not copied. */
const VECTORS = process.env["TOFU3_VECTORS"] ?? join(import.meta.dirname, "../../../shared/vectors");

const Rounds = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      complete: z.boolean(),
      observations: z.array(z.object({ vantage: z.string(), digest: z.string().nullable(), basis: z.string() })),
      expect: z.object({ verdict: z.string(), class: z.string(), dissenting: z.array(z.string()).optional() }),
      manifest_expectation: z.object({ bottle_digest: z.string(), bottle_size: z.number().nullable() }).optional(),
    }),
  ),
});
const Histories = z.object({
  cases: z.array(
    z.object({
      ref: z.string(),
      history: z.array(z.object({ date: z.string(), digest: z.string().nullable() })),
      expect: z.string(),
    }),
  ),
});
type Round = z.infer<typeof Rounds>["cases"][number];
type Tag = z.infer<typeof Histories>["cases"][number];

const VANTAGES = ["vpn", "tor", "isp"];
const d = (letter: string): string => digest(letter);
const viewed = (letters: string, basis = "quoted"): Round["observations"] =>
  VANTAGES.map((vantage, at) => ({ vantage, digest: letters[at] === "-" ? null : d(letters[at] ?? "a"), basis }));

/** Rounds of the same shapes, for a checkout without the others. */
const MADE_UP: readonly Round[] = [
  {
    id: "1",
    file: "x.whl",
    complete: true,
    observations: viewed("aaa"),
    expect: { verdict: "release", class: "unanimous", dissenting: [] },
  },
  {
    id: "2",
    file: "x.rb",
    complete: true,
    observations: viewed("a-a"),
    expect: { verdict: "withhold", class: "incomplete", dissenting: ["tor"] },
  },
  {
    id: "3",
    file: "x.bottle.tar.gz",
    complete: true,
    observations: viewed("aa9"),
    expect: { verdict: "withhold", class: "content-address-violation", dissenting: ["isp"] },
    manifest_expectation: { bottle_digest: d("a"), bottle_size: 10 },
  },
  {
    id: "4",
    file: "page.rb",
    complete: false,
    observations: viewed("a9-").map((each) => (each.digest === null ? { ...each, basis: "cut-off-in-excerpt" } : each)),
    expect: { verdict: "withhold", class: "dynamic-content", dissenting: ["vpn", "tor"] },
  },
  {
    id: "5",
    file: "x.json",
    complete: true,
    observations: viewed("af9"),
    expect: { verdict: "withhold", class: "moving-resource", dissenting: VANTAGES },
  },
  {
    id: "6",
    file: "x.json",
    complete: false,
    observations: [],
    expect: { verdict: "withhold", class: "dissent (digests past the end)" },
  },
  {
    id: "7",
    file: "x-2.6.2.rb",
    complete: true,
    observations: viewed("aaa"),
    expect: { verdict: "release-with-warning", class: "unanimous-but-mislabelled", dissenting: [] },
  },
];

const HISTORIES: readonly Tag[] = [
  {
    ref: "quay.io/a/b:1",
    history: ["a", "f", "9", "8"].map((each, at) => ({ date: `2026-03-0${at + 1}`, digest: d(each) })),
    expect: "tag-moved on every observation",
  },
  {
    ref: "quay.io/a/b:2",
    history: [
      { date: "before 2026-03-01", digest: d("a") },
      { date: "2026-03-01", digest: d("f") },
    ],
    expect: "tag-moved",
  },
  {
    ref: "docker.io/library/b:3",
    history: [
      { date: "before 2026-03-01", digest: "sha256:af8d..." },
      { date: "2026-03-01", digest: "sha256:3889..." },
    ],
    expect: "index-republished: one platform was added",
  },
  {
    ref: "ghcr.io/a/b:4",
    history: [
      { date: "before 2026-03-01", digest: d("a") },
      { date: "2026-03-01", digest: null },
    ],
    expect: "pin-gone: not a split view",
  },
];

function vectors(name: string): unknown {
  const path = join(VECTORS, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { cases: [] };
}

/** All of the shapes are replayed everywhere, and what was written down as well where it is at hand. */
const ROUNDS = [...MADE_UP, ...Rounds.parse(vectors("buskill-78.json")).cases];
const TAGS = [...HISTORIES, ...Histories.parse(vectors("moving-tags.json")).cases];

function digestIn(text: string): Digest {
  if (!isDigest(text)) throw new Error(`not a digest: ${text}`);
  return text;
}

/** What a vantage would have reported of this line. A line that was lost is nothing that we know. */
function observed(round: Round): Observation[] {
  return VANTAGES.map((vantage) => {
    const line = round.observations.find((each) => each.vantage === vantage);
    return line?.digest == null ? failed("E_CUT")(vantage) : sightOf(round, vantage, digestIn(line.digest));
  });
}

function sightOf({ manifest_expectation: index }: Round, vantage: string, computed: Digest): Observation {
  if (index === undefined) return saw([object({ role: "blob", digest: computed })])(vantage);
  const asked = digestIn(index.bottle_digest);
  const manifest = digest("7");
  const objects: SeenObject[] = [
    object({ role: "manifest", digest: manifest }),
    object({ role: "layer", digest: asked, computed, parent: manifest, declaredSize: index.bottle_size }),
  ].map((each, at) => (at === 0 ? each : { ...each, size: computed === asked ? (index.bottle_size ?? 10) : 11 }));
  return observation(vantage, { objects, error: computed === asked ? null : fault("E_MISMATCH") });
}

function judged(observations: readonly Observation[]): { readonly verdict: Verdict; readonly finding: Finding | null } {
  const verdict = judge(observations);
  return { verdict, finding: diagnose(verdict, observations, null, []) };
}

describe("a round that somebody did by hand", () => {
  test.each(ROUNDS.map((round) => ({ round, name: `${round.id} ${round.file}` })))("$name", ({ round }) => {
    const { verdict, finding } = judged(observed(round));
    expect(verdict.outcome === "agreed").toBe(round.expect.verdict.startsWith("release"));
    const wanted = round.expect.dissenting ?? [];
    switch (round.expect.class) {
      case "unanimous":
      case "unanimous-but-mislabelled":
        expect(finding).toBeNull();
        break;
      case "incomplete":
        expect(verdict.outcome).toBe("incomplete");
        expect(finding).toMatchObject({ class: "unreachable", odd: wanted });
        break;
      case "content-address-violation":
        expect(verdict.outcome).toBe("disagreed");
        expect(finding).toMatchObject({ class: "false-content", confidence: "sure", odd: wanted });
        break;
      case "dynamic-content":
      case "moving-resource":
        expect(verdict.outcome).toBe("disagreed");
        expect(finding).toMatchObject({ class: "split-view", confidence: "possible", odd: [...wanted].sort() });
        break;
      default:
        expect(round.expect.class).toMatch(/^dissent/);
        expect(round.observations).toEqual([]);
        expect(verdict.outcome).toBe("incomplete");
    }
  });

  test("has every shape that there is", () => {
    const shapes = new Set(MADE_UP.map((round) => round.expect.class.replace(/ .*/, "")));
    expect([...shapes].sort()).toEqual(
      [...new Set(ROUNDS.map((round) => round.expect.class.replace(/ .*/, "")))].sort(),
    );
  });

  test.each(ROUNDS.filter((round) => round.expect.class === "dynamic-content"))(
    "$id $file, with what its page says of itself",
    ({ observations }) => {
      const page = {
        url: "https://example.org/blob/x.rb",
        status: 200,
        contentType: "text/html",
        head: "<!DOCTYPE html>",
      };
      const given = VANTAGES.map((vantage) => {
        const seen = failed("E_MEDIA_TYPE")(vantage);
        return { ...seen, evidence: { ...seen.evidence, unexpected: page } };
      });
      expect(judged(given)).toMatchObject({ verdict: { outcome: "incomplete" }, finding: { class: "not-content" } });
      // looked at again, it is another one every time
      const seen = observations.flatMap((each) => (each.digest === null ? [] : [digestIn(each.digest)]));
      const split = VANTAGES.slice(0, seen.length).map((vantage, at) =>
        saw([object({ role: "blob", digest: seen[at] ?? digest("0") })])(vantage),
      );
      const again = ["12", "34"].map((letters) =>
        split.map(({ worker }, at) => glance(worker, "1", digest(letters[at] ?? ""))),
      );
      const asked = { again, byDigest: [], documents: new Map(), configs: new Map() };
      const verdict = judge(split, {}, { past: null, probes: asked });
      expect(verdict.outcome).toBe("disagreed");
      expect(diagnose(verdict, split, asked, [])).toMatchObject({ class: "dynamic" });
    },
  );

  test.each(ROUNDS.filter((round) => round.expect.class === "unanimous-but-mislabelled"))(
    "$id $file, with the version that it has",
    (round) => {
      const version = /-([0-9.]+[0-9])\.rb$/.exec(round.file)?.[1] ?? "";
      const bottle = { "com.github.package.type": "homebrew_bottle", "org.opencontainers.image.version": "2.8.2_1" };
      const labelled = asking({ tag: version }, observed(round)).map((each) => ({
        ...each,
        objects: each.objects.map((seen) => ({ ...seen, annotations: bottle })),
      }));
      expect(judged(labelled)).toMatchObject({
        verdict: { outcome: "changed", reason: { kind: "version" } },
        finding: { class: "mislabelled" },
      });
    },
  );
});

/** The digest at all vantages, on that day. */
function looked(seen: Digest): Observation[] {
  return VANTAGES.map((vantage) => {
    const told = saw([object({ role: "manifest", digest: seen })])(vantage);
    return { ...told, evidence: { ...told.evidence, clockOffsetMs: 0 } };
  });
}

function remembered(day: string, seen: Digest, outcome: Verdict["outcome"]): Past["entries"][number] {
  const looks = VANTAGES.map((worker) => {
    return {
      worker,
      via: "ssh" as const,
      outcome: "saw" as const,
      digest: seen,
      hostKey: null,
      country: null,
      asn: null,
    };
  });
  return entry(day, "aaa", { digest: seen, outcome, looks });
}

const whole = ({ history }: Tag): boolean => history.every((each) => each.digest === null || isDigest(each.digest));
const MOVED = TAGS.filter((tag) => whole(tag) && tag.expect.startsWith("tag-moved"));

describe("a tag that moved for everybody", () => {
  test.each(MOVED)("$ref", ({ history }) => {
    const entries: Past["entries"][number][] = [];
    history.forEach(({ date, digest: text }, at) => {
      const [day, seen] = [dayIn(date), digestIn(text ?? "")];
      const before = past(day, ...entries);
      const verdict = judge(looked(seen), { days: 3 }, { past: before, probes: null });
      expect(verdict).toMatchObject({ outcome: "pending", reason: { have: 1, needed: 3 } });
      const remembers = historyOf(entries, seen);
      const last = entries.at(-1)?.digest ?? null;
      expect(remembers).toMatchObject({ last, change: at === 0 ? "first" : "moved" });
      expect(noticesOf({ verdict, history: remembers }).join()).toMatch(
        at === 0 ? /^$/ : new RegExp(`MOVED.*${String(last)}.*${seen}`),
      );
      const strict = judge(looked(seen), { onChange: "fail" }, { past: before, probes: null });
      expect(strict.outcome).toBe(at === 0 ? "agreed" : "changed");
      const found = diagnose(strict, looked(seen), null, entries);
      expect(found?.class).toBe(at === 0 ? undefined : "tag-moved");
      entries.push(remembered(day, seen, verdict.outcome));
    });
  });

  test.each(MOVED)("$ref: three days on one of its digests are met", ({ history }) => {
    const seen = digestIn(history.at(-1)?.digest ?? "");
    const observations = looked(seen).map((each) => {
      const { registry, repository, platform, osVersion, bottle } = ASKED;
      return { ...each, asked: { registry, repository, digest: seen, platform, osVersion, bottle } };
    });
    const days = ["2026-03-01", "2026-03-02", "2026-03-03"];
    const outcomes = days.map((day, at) => {
      const before = days.slice(0, at).map((each) => remembered(each, seen, "pending"));
      return judge(observations, { days: 3 }, { past: past(day, ...before), probes: null }).outcome;
    });
    expect(outcomes).toEqual(["pending", "pending", "agreed"]);
  });

  test("are some", () => {
    expect(MOVED.length).toBeGreaterThan(1);
  });
});

/** `before 2022-04-28` is the day before. */
function dayIn(date: string): string {
  const day = date.slice(-"2026-01-01".length);
  return day === date ? day : new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
}

describe("a tag whose index was published anew", () => {
  const [amd, arm, riscv] = ["amd", "arm", "riscv"].map((name) => imageOf({ layers: [name] }));
  if (amd === undefined || arm === undefined || riscv === undefined) throw new Error("no images");
  const entries = [
    entryFor(amd, "linux/amd64"),
    entryFor(arm, "linux/arm64"),
    attestationOf(amd, "1"),
    attestationOf(arm, "2"),
  ];
  const [before, after] = [
    indexOf(entries),
    indexOf([...entries, entryFor(riscv, "linux/riscv64"), attestationOf(riscv, "3")]),
  ];

  // the digests of that case are shortened, so the documents are made up
  test.each(TAGS.filter(({ expect: words }) => words.startsWith("index-republished")))("$ref", () => {
    for (const platform of [null, "linux/amd64"]) {
      const observations = asking(
        { platform },
        VANTAGES.map((vantage, at) => saw(rootOnly(at === 2 ? after : before))(vantage)),
      );
      const asked = { again: [], byDigest: [], documents: known(before, after), configs: bytesOf() };
      const verdict = judge(observations, {}, { past: null, probes: asked });
      expect(verdict.outcome).toBe("disagreed");
      expect(diagnose(verdict, observations, asked, [])).toMatchObject({ class: "index-republished", odd: ["isp"] });
    }
  });
});

describe("a pin that is gone", () => {
  test.each(TAGS.filter(({ expect: words }) => words.startsWith("pin-gone")))("$ref", ({ history }) => {
    const pinned = digestIn(history[0]?.digest ?? "");
    const gone = VANTAGES.map((vantage) => refused("E_NOT_FOUND")(vantage)).map((each) => {
      const { registry, repository, platform, osVersion, bottle } = ASKED;
      return { ...each, asked: { registry, repository, digest: pinned, platform, osVersion, bottle } };
    });
    expect(judged(gone)).toMatchObject({ verdict: { outcome: "absent" }, finding: { class: "absent", odd: [] } });
    // and by its tag, which leads elsewhere for everybody
    const moved = asking({ pin: pinned }, looked(digest("8")));
    expect(judged(moved)).toMatchObject({ verdict: { outcome: "changed" }, finding: { class: "tag-moved" } });
  });
});
