import type { Observation } from "../../src/model/observation.ts";
import type { Glance, Probes } from "../../src/model/probe.ts";
import type { Entry } from "../../src/model/record.ts";
import { asking, ASKED, digest, fault, MANIFEST } from "./observations.ts";
import { entry, everywhere, glance, now, onlyAt, probes, round, WORKERS } from "./past.ts";

/** Roots of artifacts with the same content. */
export const X = "a";
export const Y = "f";
export const Z = "9";

export const PUSHED = probes([Y + Y + Y, Y + Y + Y], everywhere(X + Y));
const typed = (worker: string, mediaType: string): Observation[] =>
  now(X + X + Y).map((each) =>
    each.worker !== worker
      ? each
      : { ...each, objects: each.objects.map((seen, at) => (at === 0 ? { ...seen, mediaType } : seen)) },
  );
const without = (asked: string, worker: string): Glance[] =>
  everywhere(X + Y).filter((each) => each.asked !== digest(asked) || each.worker !== worker);
const instead = (asked: string, worker: string, other: Partial<Glance>): Glance[] =>
  everywhere(X + Y).map((each) =>
    each.asked === digest(asked) && each.worker === worker ? { ...each, ...other } : each,
  );
export const lying = (letters: string): Observation[] =>
  now(letters).map((each) =>
    each.worker !== "sgp"
      ? each
      : {
          ...each,
          objects: each.objects.map((seen, at) => (at === 3 ? { ...seen, computed: digest("8") } : seen)),
          error: fault("E_MISMATCH"),
        },
  );

/** What three workers saw, and what they were asked after it. */
export const MOVE_CASES: readonly {
  readonly why: string;
  readonly job?: readonly Observation[];
  readonly asked: Probes;
  readonly entries?: readonly Entry[];
  readonly outcome: "moved" | "disagreed";
}[] = [
  { why: "the publisher pushed while the third looked", asked: PUSHED, outcome: "moved" },
  { why: "it moved between the two looks", asked: probes([X + X + Y, Y + Y + Y], everywhere(X + Y)), outcome: "moved" },
  {
    why: "it moved twice",
    asked: probes([Y + Y + Y, Z + Z + Z], everywhere(X + Y + Z)),
    outcome: "moved",
  },
  {
    why: "it moved to something that nobody saw in the job, and that is not looked at by digest",
    asked: probes([Y + Y + Y, Z + Z + Z], everywhere(X + Y)),
    outcome: "disagreed",
  },
  { why: "one clings to its own", asked: probes([X + X + Y, X + X + Y], everywhere(X + Y)), outcome: "disagreed" },
  {
    why: "one goes back to what it saw before",
    job: now(Y + X + X),
    asked: probes([Y + Y + X, Y + X + Y, Y + Y + Y], everywhere(X + Y)),
    outcome: "disagreed",
  },
  {
    why: "all go on and back again",
    asked: probes([Y + Y + Y, Z + Z + Z, Y + Y + Y], everywhere(X + Y + Z)),
    outcome: "disagreed",
  },
  {
    why: "two see it move in opposite orders",
    job: now(X + Y + X),
    asked: probes([Y + X + X, Z + Z + Z], everywhere(X + Y + Z)),
    outcome: "disagreed",
  },
  {
    why: "three see it move in a circle",
    job: now(X + Y + Z),
    asked: probes([Y + Z + X, "888"], everywhere(`${X}${Y}${Z}8`)),
    outcome: "disagreed",
  },
  {
    why: "all see it move in one order, at different times",
    asked: probes([X + Y + Z, Y + Z + Z, Z + Z + Z], everywhere(X + Y + Z)),
    outcome: "moved",
  },
  { why: "only one look", asked: probes([Y + Y + Y], everywhere(X + Y)), outcome: "disagreed" },
  { why: "no look at all", asked: probes([], everywhere(X + Y)), outcome: "disagreed" },
  { why: "three looks", asked: probes([X + Y + Y, Y + Y + Y, Y + Y + Y], everywhere(X + Y)), outcome: "moved" },
  {
    why: "one had no answer in the first look",
    asked: probes([`${Y}${Y} `, Y + Y + Y], everywhere(X + Y)),
    outcome: "disagreed",
  },
  {
    why: "one had no answer in the last look",
    asked: probes([Y + Y + Y, `${Y}${Y} `], everywhere(X + Y)),
    outcome: "disagreed",
  },
  {
    why: "one was told 404 in the first look",
    asked: probes([`${Y}${Y}-`, Y + Y + Y], everywhere(X + Y)),
    outcome: "disagreed",
  },
  {
    why: "all were told 404 in the last look",
    asked: probes([Y + Y + Y, "---"], everywhere(X + Y)),
    outcome: "disagreed",
  },
  {
    why: "one could not use what it was given in a look",
    asked: {
      ...PUSHED,
      again: [
        round(Y + Y + Y),
        round(Y + Y + Y).map((each) => (each.worker === "fra" ? { ...each, fault: fault("E_MANIFEST") } : each)),
      ],
    },
    outcome: "disagreed",
  },
  { why: "nothing was asked by digest", asked: probes([Y + Y + Y, Y + Y + Y], []), outcome: "disagreed" },
  {
    why: "the new one is not known everywhere",
    asked: probes([Y + Y + Y, Y + Y + Y], [...everywhere(X), ...onlyAt(Y, ["sgp", "fra"])]),
    outcome: "disagreed",
  },
  {
    why: "the old one is gone",
    asked: probes([Y + Y + Y, Y + Y + Y], [...everywhere(Y), ...onlyAt(X, [])]),
    outcome: "disagreed",
  },
  ...WORKERS.flatMap((worker) =>
    [X, Y].flatMap((letter) => [
      {
        why: `${worker} did not answer for ${letter}`,
        asked: { ...PUSHED, byDigest: without(letter, worker) },
        outcome: "disagreed" as const,
      },
      {
        why: `${worker} has ${letter} under another media type`,
        asked: { ...PUSHED, byDigest: instead(letter, worker, { mediaType: MANIFEST }) },
        outcome: "disagreed" as const,
      },
      {
        why: `${worker} was given other bytes for ${letter}`,
        asked: { ...PUSHED, byDigest: instead(letter, worker, { digest: digest(Z), fault: fault("E_MISMATCH") }) },
        outcome: "disagreed" as const,
      },
      {
        why: `${worker} was given ${letter}, and a fault with it`,
        asked: { ...PUSHED, byDigest: instead(letter, worker, { fault: fault("E_MEDIA_TYPE") }) },
        outcome: "disagreed" as const,
      },
    ]),
  ),
  {
    why: "one answers twice for a digest, once with something else",
    asked: { ...PUSHED, byDigest: [...everywhere(X + Y), { ...glance("sgp", digest(X), digest(Z)), fault: null }] },
    outcome: "disagreed",
  },
  {
    why: "two were given one document under two media types in the job",
    job: typed("fra", MANIFEST),
    asked: PUSHED,
    outcome: "disagreed",
  },
  { why: "one was lied to below the root", job: lying(X + X + Y), asked: PUSHED, outcome: "disagreed" },
  { why: "all saw one root, and one was lied to below it", job: lying(Y + Y + Y), asked: PUSHED, outcome: "disagreed" },
  {
    why: "one had no answer to the job",
    job: [
      ...now(X + Y),
      { ...(now()[2] as Observation), outcome: "failed", digest: null, objects: [], error: fault("E_TIMEOUT") },
    ],
    asked: PUSHED,
    outcome: "moved",
  },
  {
    why: "a digest was asked for, and no tag",
    job: now(X + X + Y).map((each) => ({ ...each, asked: { ...withoutTag(), digest: digest(X) } })),
    asked: PUSHED,
    outcome: "disagreed",
  },
  { why: "a pinned tag", job: asking({ pin: digest(X) }, now(X + X + Y)), asked: PUSHED, outcome: "moved" },
  {
    why: "one was asked for another tag",
    job: [...now(X + X), ...asking({ tag: "2" }, [now(X + X + Y)[2] as Observation]), ...now("f", ["tyo"])],
    asked: PUSHED,
    outcome: "disagreed",
  },
  {
    why: "the ledger had the old one last",
    asked: PUSHED,
    entries: [entry("2026-03-01", X.repeat(3))],
    outcome: "moved",
  },
  {
    why: "the ledger had the new one last",
    asked: PUSHED,
    entries: [entry("2026-03-01", Y.repeat(3))],
    outcome: "disagreed",
  },
  {
    why: "the ledger had the new one once, and something else last",
    asked: PUSHED,
    entries: [entry("2026-03-01", Y.repeat(3)), entry("2026-03-02", X.repeat(3))],
    outcome: "moved",
  },
  {
    why: "the ledger saw the new one last, but not as an agreement",
    asked: PUSHED,
    entries: [entry("2026-03-01", X.repeat(3)), entry("2026-03-02", Y.repeat(3), { outcome: "indistinct" })],
    outcome: "moved",
  },
];

function withoutTag(): { registry: string; repository: string; platform: null; osVersion: null; bottle: null } {
  const { registry, repository } = ASKED;
  return { registry, repository, platform: null, osVersion: null, bottle: null };
}
