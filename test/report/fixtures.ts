import { diagnose } from "../../src/consensus/diagnose/diagnose.ts";
import { judge } from "../../src/consensus/judge.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import type { Observation, SeenObject } from "../../src/model/observation.ts";
import { parseDigest, type Digest } from "../../src/oci/digest.ts";
import { evidenceOf, type Parts } from "../../src/report/evidence.ts";

/** A digest that a person can tell from others: `sha256:a0a0a0…`. */
export function digest(pattern: string): Digest {
  return parseDigest(`sha256:${pattern.repeat(64).slice(0, 64)}`);
}

export const INDEX = "application/vnd.oci.image.index.v1+json";
export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const CONFIG = "application/vnd.oci.image.config.v1+json";
export const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

const OCTETS = "application/octet-stream";
const TYPES = {
  index: INDEX,
  manifest: MANIFEST,
  config: CONFIG,
  layer: LAYER,
  blob: OCTETS,
  file: OCTETS,
  mirror: OCTETS,
};

export function object(changes: Partial<SeenObject> & Pick<SeenObject, "role" | "digest">): SeenObject {
  return {
    computed: changes.digest,
    size: 1000,
    declaredSize: 1000,
    mediaType: TYPES[changes.role],
    parent: null,
    position: 0,
    platform: null,
    osVersion: null,
    annotations: {},
    ...changes,
  };
}

/**
 * An index with two manifests for darwin/amd64 (each with a config and a layer of its own), the children in no good
 * order.
 */
export function bottles(): SeenObject[] {
  const root = digest("1a");
  const manifest = (pattern: string, position: number, osVersion: string): SeenObject[] => {
    const parent = digest(`${pattern}0`);
    const platform = "darwin/amd64";
    return [
      object({
        role: "layer",
        digest: digest(`${pattern}2`),
        parent,
        platform,
        osVersion,
        size: 26_000_000,
        declaredSize: 26_000_000,
      }),
      object({ role: "config", digest: digest(`${pattern}3`), parent, platform, osVersion }),
      object({
        role: "manifest",
        digest: parent,
        parent: root,
        position,
        platform,
        osVersion,
        annotations: { b: "2", a: "1" },
      }),
    ];
  };
  return [
    ...manifest("c", 1, "macOS 12.6"),
    ...manifest("b", 0, "macOS 11.7"),
    object({ role: "index", digest: root, declaredSize: null, size: 2048 }),
  ];
}

export function observation(worker: string, changes: Partial<Observation> = {}): Observation {
  const objects = changes.objects ?? bottles();
  return {
    worker,
    via: worker === "here" ? "local" : "ssh",
    asked: {
      registry: "ghcr.io",
      repository: "homebrew/core/vim",
      tag: "9.0.1900",
      pin: null,
      platform: "darwin/amd64",
      osVersion: null,
      bottle: null,
    },
    outcome: "saw",
    startedAt: "2026-03-01T10:00:00.000Z",
    finishedAt: "2026-03-01T10:00:03.500Z",
    digest: objects.find((seen) => seen.parent === null)?.digest ?? null,
    objects,
    evidence: {
      exchanges: 9,
      bytes: 52_006_048,
      retries: [],
      redirects: [],
      addresses: ["192.0.2.1"],
      claimedDigest: null,
      certificates: [],
      httpVersion: null,
      unexpected: null,
      clockOffsetMs: null,
      exit: null,
      headers: [],
      tools: ["curl 7.88.1", "openssl"],
      hostKey: null,
      machine: null,
      boot: null,
    },
    error: null,
    ...changes,
  };
}

export function failed(worker: string, changes: Partial<Observation> = {}): Observation {
  return observation(worker, {
    outcome: "failed",
    digest: null,
    objects: [],
    error: {
      code: "E_CONNECT",
      stage: "ssh",
      message: `cannot reach worker "${worker}": connection refused`,
      hint: `tofu3 workers check`,
    },
    ...changes,
  });
}

export const REQUEST: Evidence["request"] = {
  reference: "ghcr.io/homebrew/core/vim:9.0.1900",
  platform: "darwin/amd64",
  osVersion: null,
  bottle: null,
};

export function evidence(observations: readonly Observation[], changes: Partial<Parts> = {}): Evidence {
  return evidenceOf({
    request: REQUEST,
    observations,
    verdict: judge(observations),
    policy: { distinct: [], days: 1, onChange: "notice" },
    isMet: true,
    past: { now: "2026-03-01T10:00:03.000Z", entries: [] },
    probes: null,
    finding: diagnose(judge(observations), observations, null, []),
    compared: [],
    days: [],
    history: null,
    entered: null,
    remarks: [],
    released: null,
    releaseError: null,
    startedAt: "2026-03-01T10:00:00.000Z",
    finishedAt: "2026-03-01T10:00:04.000Z",
    version: "0.0.0",
    ...changes,
  });
}

/** The layer of the first manifest, other bytes. */
export function tampered(): SeenObject[] {
  return bottles().map((seen) =>
    seen.digest === digest("b2") ? { ...seen, computed: digest("ee"), size: 26_000_007 } : seen,
  );
}

/** As a worker ends whom the others' roots stop. */
export function stopped(worker: string, objects = bottles()): Observation {
  const error = { code: "E_STOPPED", stage: null, message: "stopped early: roots differ", hint: null } as const;
  return observation(worker, { objects, error });
}

export function notFound(worker: string): Observation {
  const error = {
    code: "E_NOT_FOUND",
    stage: "http",
    message: "registry said: 404 manifest unknown",
    hint: "tofu3 tags REPOSITORY",
  } as const;
  return failed(worker, { outcome: "refused", error });
}

/** Another artifact altogether: another root. */
export function other(): SeenObject[] {
  return [object({ role: "index", digest: digest("9f"), declaredSize: null, size: 2050 })];
}

const HOSTILE =
  "\u001b[2J\u001b]0;x\u0007 \u202egnp.exe \u2028 | <b>`*_[a](javascript:x) @everyone https://evil.example/ \u009b31m\nAGREED  3 of 3";

/** Everything that a registry or a VM may choose says the worst it can. */
export function hostile(): Evidence {
  const objects = bottles().map((seen) => ({ ...seen, mediaType: HOSTILE, annotations: { [HOSTILE]: HOSTILE } }));
  const saw = observation("here", {
    objects,
    evidence: { ...observation("here").evidence, headers: [HOSTILE], claimedDigest: HOSTILE },
  });
  const refused = observation("fra", {
    outcome: "refused",
    digest: null,
    objects: [],
    error: { code: "E_DENIED", stage: "http", message: `the registry said: ${HOSTILE}`, hint: HOSTILE },
  });
  const parts: Partial<Parts> = {
    finding: {
      class: "not-content",
      confidence: "sure",
      odd: ["fra"],
      because: { kind: "page", status: 200, contentType: HOSTILE, head: HOSTILE },
    },
    compared: [
      {
        at: HOSTILE,
        left: digest("9f"),
        right: digest("a1"),
        changes: [{ what: HOSTILE, left: HOSTILE, right: null }],
        more: 3,
      },
    ],
    history: {
      last: digest("c1"),
      at: HOSTILE,
      since: HOSTILE,
      change: "moved",
      changes: [{ what: HOSTILE, left: HOSTILE, right: null }],
    },
    days: [
      { day: HOSTILE, digest: digest("9f"), outcome: HOSTILE, counts: false, looks: [{ worker: "fra", digest: null }] },
    ],
    policy: { distinct: [], days: 3, onChange: "notice" },
    remarks: [HOSTILE],
    request: { ...REQUEST, platform: null },
  };
  const all = evidence([saw, refused, observation("sgp", { objects: other() })], parts);
  return { ...all, summary: HOSTILE, differences: all.differences.map((each) => ({ ...each, at: HOSTILE })) };
}

export const EVIDENCE: Readonly<Record<string, () => Evidence>> = {
  agreed: () => evidence(["here", "sgp", "fra"].map((worker) => observation(worker))),
  released: () =>
    evidence(
      ["here", "sgp", "fra"].map((worker) => observation(worker)),
      { released: { format: "oci", path: "/home/me/vim" } },
    ),
  disagreed: () => evidence([observation("here"), observation("sgp"), observation("fra", { objects: other() })]),
  forged: () =>
    evidence([
      observation("here"),
      observation("sgp"),
      observation("fra", {
        objects: tampered(),
        error: { code: "E_MISMATCH", stage: "digest", message: "layer sha256:b2… has other bytes", hint: null },
      }),
    ]),
  incomplete: () =>
    evidence([
      observation("here", {
        evidence: {
          ...observation("here").evidence,
          retries: [
            { url: "https://ghcr.io/v2/", attempt: 1, code: "E_CUT", message: "cut", waitedMs: 500, resumedAt: 12 },
          ],
          redirects: [{ from: "https://ghcr.io/v2/b", to: "https://cdn.example/b", status: 307 }],
        },
      }),
      observation("sgp"),
      failed("fra"),
    ]),
  stopped: () => evidence([stopped("here"), stopped("sgp"), stopped("fra", other())]),
  absent: () => evidence(["here", "sgp", "fra"].map(notFound)),
  notfound: () => evidence([observation("here"), observation("sgp"), notFound("fra")]),
  hostile,
};
