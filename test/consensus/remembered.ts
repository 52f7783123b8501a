import type { Knowledge } from "../../src/consensus/judge.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Policy } from "../../src/model/policy.ts";
import type { Entry } from "../../src/model/record.ts";
import { DAY_CASES } from "./dayscases.ts";
import { MOVE_CASES, PUSHED } from "./movecases.ts";
import { asking, digest, object, observation, saw } from "./observations.ts";
import { entry, now, past } from "./past.ts";

type Case = readonly [observations: readonly Observation[], policy: Partial<Policy>, knowledge?: Knowledge];

function remembering(...entries: readonly Entry[]): Knowledge {
  return { past: past("2026-03-03", ...entries), probes: null };
}

const STRICT = { onChange: "fail" } as const;
const [before, after] = [entry("2026-03-01", "fff"), entry("2026-03-02", "aaa")];
const CHANGES: Readonly<Record<string, readonly Entry[]>> = {
  "nothing is remembered, and changes fail": [],
  "the last agreement was the same": [before, after],
  "it moved since the last agreement": [entry("2026-02-27", "aa-"), before, entry("2026-03-02", "fff")],
  "it went back to what it was before the last agreement": [after, before],
  "it moved since an agreement that waited for more days": [entry("2026-03-01", "fff", { outcome: "pending" })],
  "it moved since something that was no agreement": [
    after,
    entry("2026-03-02", "fff", { outcome: "indistinct" }),
    entry("2026-03-02", "fff", { outcome: "changed" }),
    entry("2026-03-02", "aaf"),
    entry("2026-03-02", "--f", { digest: digest("f") }),
  ],
  "an agreement on nothing": [after, entry("2026-03-02", "---", { outcome: "agreed" })],
  "it moved since the agreement of another coordinator": [entry("2026-03-01", "fff", { own: false })],
};

/** A registry's clock beside a look that took a second, in milliseconds before it began. */
function dated(offset: number, offsets: readonly (number | null)[] = [null, null, null]): Observation[] {
  return now().map((each, at) => {
    const date = new Date(Date.parse(each.startedAt) - offset).toUTCString();
    const headers = ["age: 1", `date: ${date}`, "x-date: no"];
    return { ...each, evidence: { ...each.evidence, clockOffsetMs: offsets[at] ?? null, headers } };
  });
}

const MINUTES = 60_000;
/** Whether today counts, which has two days before it. */
const CLOCKS: Readonly<Record<string, readonly Observation[]>> = {
  "no clock but this machine's": now().map((each) => ({
    ...each,
    evidence: { ...each.evidence, clockOffsetMs: null },
  })),
  "the registry's clock is a quarter of an hour behind": dated(15 * MINUTES),
  "the registry's clock is a second more behind": dated(15 * MINUTES + 1000),
  "the registry's clock is a quarter of an hour ahead": dated(-15 * MINUTES - 1000),
  "the registry's clock is a second more ahead": dated(-15 * MINUTES - 2000),
  "the registry's date is none": dated(NaN),
  "the registry's clock is far ahead, and the VMs' are not": dated(-90 * MINUTES, [null, 0, 0]),
  "the registry's clock is right, and one VM's is far behind": dated(0, [null, -16 * MINUTES, 0]),
  "one VM's clock is unknown": dated(90 * MINUTES, [null, 0, null]),
  "one VM's clock is a quarter of an hour ahead": dated(0, [null, 15 * MINUTES, 0]),
  "one VM's clock is a millisecond more ahead": dated(0, [null, 15 * MINUTES + 1, 0]),
  "one VM's clock is a millisecond more behind": dated(0, [null, -15 * MINUTES - 1, 0]),
};

const pinned = asking({ pin: digest("a") }, now());
const bottle = [
  object({
    role: "index",
    digest: digest("a"),
    annotations: { "com.github.package.type": "homebrew_bottle", "org.opencontainers.image.version": "2" },
  }),
];

/** Judgements with a past, or with probes. */
export const REMEMBERED: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    DAY_CASES.flatMap(({ why, before: entries, today = now() }) =>
      [2, 3, 4].map((days): [string, Case] => [`${days} days: ${why}`, [today, { days }, remembering(...entries)]]),
    ),
  ),
  ...Object.fromEntries(
    Object.entries(CLOCKS).map(([why, today]): [string, Case] => [
      why,
      [today, { days: 3 }, remembering(entry("2026-03-01"), entry("2026-03-02"))],
    ]),
  ),
  ...Object.fromEntries(
    MOVE_CASES.map(({ why, job = now("aaf"), asked, entries = [] }): [string, Case] => [
      `asked again: ${why}`,
      [job, {}, { past: past("2026-03-03", ...entries), probes: asked }],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(CHANGES).flatMap(([why, entries]): [string, Case][] => [
      [why, [now(), STRICT, remembering(...entries)]],
      [`${why}, and it is only noticed`, [now(), { onChange: "notice" }, remembering(...entries)]],
    ]),
  ),
  ...Object.fromEntries(
    ([undefined, "root"] as const).map((depth): [string, Case] => {
      const entries = [entry("2026-03-01", "aaa", { depth: "root" }), entry("2026-03-02")];
      const known = { ...past("2026-03-03", ...entries), ...(depth === undefined ? {} : { depth }) };
      return [
        `three days, one at the root alone, and now ${depth ?? "everything"}`,
        [now(), { days: 3 }, { past: known, probes: null }],
      ];
    }),
  ),
  "it moved, and the pin says where to": [pinned, STRICT, remembering(before)],
  "it moved to something else than the pin": [asking({ pin: digest("9") }, now()), STRICT, remembering(before)],
  "it moved, and days are missing": [now(), { ...STRICT, days: 2 }, remembering(before)],
  "it is of another version, and moved": [
    asking({ tag: "1" }, ["here", "fra", "sgp"].map(saw(bottle))),
    STRICT,
    remembering(before),
  ],
  "it moved, and nobody remembers": [now(), STRICT, { past: null, probes: null }],
  "two days, and nobody remembers": [now(), { days: 2 }],
  "two roots, a past, and nobody was asked again": [now("aaf"), {}, remembering(before)],
  "a move, and nobody remembers where the tag was before": [now("aaf"), {}, { past: null, probes: PUSHED }],
  "no days at all": [now(), { days: 0 }, remembering()],
  "days that are no number": [now(), { days: NaN }, remembering(before, after)],
  "nobody, and days are asked for": [[observation("here", {})], { days: 2 }, remembering(after)],
};
