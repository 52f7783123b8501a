import { judgementOf } from "../../src/consensus/diagnose/judgement.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Policy } from "../../src/model/policy.ts";
import type { Entry, Past } from "../../src/model/record.ts";
import { evidenceOf } from "../../src/report/evidence.ts";
import { digest, failed, notFound, observation, other, REQUEST, tampered } from "../report/fixtures.ts";

const WORKERS = ["fra", "here", "sgp"];
const NOW = "2026-03-01T10:00:03.000Z";
export const POLICY: Policy = { distinct: [], days: 1, onChange: "notice" };

interface Given {
  readonly policy?: Policy;
  readonly past?: Past | null;
}

/** As verify makes one. */
export function reportOf(
  observations: readonly Observation[],
  { policy = POLICY, past = { now: NOW, entries: [] } }: Given = {},
): Evidence {
  const told = { observations, probes: null, roots: new Map(), layers: [] };
  return evidenceOf({
    ...judgementOf(told, policy, past),
    ...{ request: REQUEST, observations, policy, past, probes: null, entered: null, remarks: ["a remark"] },
    ...{ released: null, releaseError: null, version: "0.0.0" },
    ...{ startedAt: "2026-03-01T10:00:00.000Z", finishedAt: "2026-03-01T10:00:04.000Z" },
  });
}

export const agreeing = WORKERS.map((worker) => observation(worker));
const [FIRST] = agreeing;

function entry(at: string, root: string, index: number): Entry {
  const seen = { outcome: "saw" as const, digest: digest(root), hostKey: null, country: null, asn: null };
  const { platform, osVersion, bottle } = REQUEST;
  return {
    ...{ entry: index, own: true, at, outcome: "agreed", digest: digest(root), clocksAgree: true },
    subject: FIRST?.asked ?? { registry: "", repository: "", digest: digest(root) },
    selection: { platform, osVersion, bottle },
    looks: WORKERS.map((worker) => ({ worker, via: "ssh" as const, ...seen })),
    objects: [{ role: "index", digest: digest(root), parent: null, platform: null }],
  };
}

const PAST: Past = {
  now: NOW,
  entries: [entry("2026-02-27T10:00:00.000Z", "c1", 1), entry("2026-02-28T10:00:00.000Z", "c1", 2)],
};

export const REPORTS: Readonly<Record<string, () => Evidence>> = {
  agreed: () => reportOf(agreeing),
  "agreed after another digest": () => reportOf(agreeing, { past: PAST }),
  "agreed without a ledger that can be read": () => reportOf(agreeing, { past: null }),
  disagreed: () => reportOf([observation("fra"), observation("here"), observation("sgp", { objects: other() })]),
  "disagreed about a layer": () => reportOf([observation("fra", { objects: tampered() }), ...agreeing.slice(1)]),
  incomplete: () => reportOf([observation("fra"), observation("here"), failed("sgp")]),
  absent: () => reportOf(WORKERS.map(notFound)),
  pending: () => reportOf(agreeing, { policy: { ...POLICY, days: 3 } }),
  changed: () => reportOf(agreeing, { policy: { ...POLICY, onChange: "fail" }, past: PAST }),
  indistinct: () => reportOf(agreeing, { policy: { ...POLICY, distinct: ["network"] } }),
};
