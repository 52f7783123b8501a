import { diagnose } from "../../../src/consensus/diagnose/diagnose.ts";
import { judge } from "../../../src/consensus/judge.ts";
import type { Evidence } from "../../../src/model/evidence.ts";
import type { Notes, Observation, SeenObject } from "../../../src/model/observation.ts";
import type { Verdict } from "../../../src/model/verdict.ts";
import { digest, evidence, EVIDENCE, object, observation, other } from "../fixtures.ts";

const TIMES = { here: ["00.100", "03.900"], fra: ["00.600", "02.800"], sgp: ["00.700", "03.400"] } as const;
const EXITS = {
  here: ["198.51.100.20", "PT", "AS2860"],
  fra: ["203.0.113.7", "DE", "AS3320"],
  sgp: ["192.0.2.88", "SG", "AS4657"],
} as const;
type Name = keyof typeof TIMES;
const HOST_KEYS = {
  here: null,
  fra: "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
  sgp: "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
} as const;

/** What a worker notes on an ordinary way to an ordinary registry. */
function notes(name: Name, issuer = "C=US, O=Let's Encrypt, CN=R11"): Notes {
  const [address, country, asn] = EXITS[name];
  const certificate = (host: string): Notes["certificates"][number] => ({
    host,
    version: "TLSv1.3",
    subject: `CN=${host}`,
    issuer,
    validFrom: "2026-02-01T00:00:00.000Z",
    validTo: "2026-05-01T00:00:00.000Z",
    spki: "ab".repeat(32),
  });
  return {
    ...observation(name).evidence,
    addresses: ["140.82.121.34"],
    redirects: ["b2", "c2"].map((each) => ({
      from: `https://ghcr.io/v2/homebrew/core/vim/blobs/${digest(each)}`,
      to: `https://pkg-containers.githubusercontent.com/ghcr1/blobs/${digest(each)}`,
      status: 307,
    })),
    retries: [
      { url: "https://ghcr.io/v2/", attempt: 1, code: "E_CUT", message: "cut", waitedMs: 500, resumedAt: null },
    ],
    headers: ["date: Sun, 01 Mar 2026 10:00:01 GMT", 'etag: "0x8DC"'],
    certificates: [certificate("ghcr.io"), certificate("pkg-containers.githubusercontent.com")],
    httpVersion: "1.1",
    clockOffsetMs: name === "here" ? null : 1000,
    exit: { addresses: [address], sources: ["ipecho.example"], country, asn, doubt: null },
    hostKey: HOST_KEYS[name],
    machine: { here: "aa", fra: "bb", sgp: "cc" }[name].repeat(32),
  };
}

function vantage(name: Name, changes: Partial<Observation> = {}): Observation {
  const [from, until] = TIMES[name];
  const times = { startedAt: `2026-03-01T10:00:${from}Z`, finishedAt: `2026-03-01T10:00:${until}Z` };
  return observation(name, { ...times, evidence: notes(name), ...changes });
}

const PROXY = "C=PT, O=Hotel Wi-Fi, CN=Inspecting Proxy";
const POLICY = { distinct: ["machine", "network", "country"], days: 1, onChange: "notice" } as const;

/** fra stands behind a proxy that reads its TLS, and is given another index. */
export function intercepted(): Evidence {
  const all = [
    vantage("here"),
    vantage("fra", { objects: other(), evidence: notes("fra", PROXY) }),
    vantage("sgp", {
      error: { code: "E_STOPPED", stage: null, message: "stopped early: roots differ", hint: null },
    }),
  ];
  const compared = [
    {
      at: "index",
      left: digest("1a"),
      right: digest("9f"),
      changes: [
        { what: "darwin/amd64 (macOS 11.7)", left: digest("b0"), right: digest("e0") },
        { what: "annotation org.opencontainers.image.created", left: "2026-02-27T08:00:00Z", right: null },
      ],
      more: 1,
    },
  ];
  return evidence(all, { compared, policy: POLICY, finding: diagnose(judge(all), all, null, []) });
}

/** Three ways that agree, on the second of three days. */
export function pending(): Evidence {
  const root = digest("1a");
  const all = [vantage("here"), vantage("fra"), vantage("sgp")];
  const verdict: Verdict = { outcome: "pending", quorum: "3/3", differences: [], reason: { kind: "days", root, have: 2, needed: 3 } }; // prettier-ignore
  const looks = all.map(({ worker }) => ({ worker, digest: root }));
  const day = (name: string): Evidence["days"][number] => ({ day: name, digest: root, outcome: "agreed", counts: true, looks }); // prettier-ignore
  const failedDay = { ...day("2026-02-27"), outcome: "disagreed", counts: false, digest: null, looks: looks.map((look, at) => (at === 1 ? { ...look, digest: digest("9f") } : look)) }; // prettier-ignore
  const days = [failedDay, day("2026-02-28"), day("2026-03-01")];
  return evidence(all, { verdict, finding: null, policy: { ...POLICY, days: 3 }, days });
}

/** All agree, with everything there is to say about a way. */
export function agreed(): Evidence {
  const all = [vantage("here"), vantage("fra"), vantage("sgp")];
  return evidence(all, { policy: POLICY, released: { format: "oci", path: "/home/me/vim" } });
}

/** An index of 1,000 manifests with 9 layers each; in the last one a worker was given other bytes for one layer. */
export function huge(): Evidence {
  const root = digest("1a");
  const hex = (number: number): string => number.toString(16).padStart(64, "0");
  const children = Array.from({ length: 1000 }, (_, at) => {
    const parent = digest(hex(at + 1));
    const platform = `linux/v${at}`;
    const layers = Array.from({ length: 9 }, (_none, position) =>
      object({ role: "layer", digest: digest(hex(5000 + at * 9 + position)), parent, position, platform }),
    );
    return [object({ role: "manifest", digest: parent, parent: root, position: at, platform }), ...layers];
  }).flat();
  const objects: SeenObject[] = [object({ role: "index", digest: root, declaredSize: null }), ...children];
  const forged = objects.map((each, at) => (at === objects.length - 1 ? { ...each, computed: digest("ee") } : each));
  const error = { code: "E_MISMATCH", stage: "digest", message: "a layer has other bytes", hint: null } as const;
  return evidence([
    vantage("here", { objects }),
    vantage("fra", { objects: forged, error }),
    vantage("sgp", { objects }),
  ]);
}

/** Seven workers whose names are as long as a screen is wide. */
export function crowded(): Evidence {
  const all = Array.from({ length: 7 }, (_, at) => ({ ...vantage("fra"), worker: `${at}${"w".repeat(200)}` }));
  return evidence(all, { policy: { ...POLICY, days: 3 } });
}

export const VERDICTS: Readonly<Record<string, () => Evidence>> = { ...EVIDENCE, agreed, intercepted, pending };

export function verdictOf(name: string): Evidence {
  const make = VERDICTS[name];
  if (make === undefined) throw new Error(`there is no verdict ${name}`);
  return make();
}
