import type { ErrorCode } from "../../src/errors.ts";
import type { SelectionText } from "../../src/model/job.ts";
import type { Asked, Observation, SeenObject } from "../../src/model/observation.ts";
import type { ImageSubject } from "../../src/model/subject.ts";
import type { Digest } from "../../src/oci/digest.ts";

/** `digestOf("a")` is sha256:aaaa… */
export function digest(letter: string): Digest {
  return `sha256:${letter.repeat(64).slice(0, 64)}` as Digest;
}

export const INDEX = "application/vnd.oci.image.index.v1+json";
export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

export function object(part: Partial<SeenObject> & Pick<SeenObject, "role" | "digest">): SeenObject {
  return {
    computed: part.digest,
    size: 10,
    declaredSize: part.parent === undefined || part.parent === null ? null : 10,
    mediaType: part.role === "index" ? INDEX : part.role === "manifest" ? MANIFEST : LAYER,
    parent: null,
    position: 0,
    platform: null,
    osVersion: null,
    annotations: {},
    ...part,
  };
}

/** index a > manifest b linux/amd64 > config c, layer d, layer e */
export function tree(root: Digest = digest("a")): SeenObject[] {
  const manifest = digest("b");
  return [
    object({ role: "index", digest: root }),
    object({ role: "manifest", digest: manifest, parent: root, platform: "linux/amd64" }),
    object({ role: "config", digest: digest("c"), parent: manifest }),
    object({ role: "layer", digest: digest("d"), parent: manifest, position: 0 }),
    object({ role: "layer", digest: digest("e"), parent: manifest, position: 1 }),
  ];
}

export const ASKED: ImageSubject & SelectionText = {
  registry: "ghcr.io",
  repository: "a/b",
  tag: "1",
  pin: null,
  platform: null,
  osVersion: null,
  bottle: null,
};

export function observation(worker: string, part: Partial<Observation>): Observation {
  return {
    worker,
    via: worker === "here" ? "local" : "ssh",
    asked: ASKED,
    outcome: "saw",
    startedAt: "2026-01-01T00:00:00.000Z",
    finishedAt: "2026-01-01T00:00:01.000Z",
    digest: part.objects?.[0]?.computed ?? null,
    objects: [],
    evidence: {
      exchanges: 1,
      bytes: 1,
      retries: [],
      redirects: [],
      addresses: [],
      claimedDigest: null,
      certificates: [],
      httpVersion: null,
      unexpected: null,
      clockOffsetMs: null,
      exit: null,
      headers: [],
      tools: [],
      hostKey: null,
      machine: null,
      boot: null,
    },
    error: null,
    ...part,
  };
}

/** The same reports, as answers to another question. */
export function asking(asked: Partial<Asked>, observations: readonly Observation[]): Observation[] {
  return observations.map((each) => ({ ...each, asked: { ...each.asked, ...asked } }));
}

export function fault(code: ErrorCode): NonNullable<Observation["error"]> {
  return { code, stage: "http", message: `met ${code}`, hint: null };
}

/** Everything of the tree. */
export function saw(objects: readonly SeenObject[] = tree()): (worker: string) => Observation {
  return (worker) => observation(worker, { objects });
}

export function failed(
  code: ErrorCode = "E_TIMEOUT",
  objects: readonly SeenObject[] = [],
): (worker: string) => Observation {
  return (worker) => observation(worker, { outcome: "failed", objects, error: fault(code) });
}

export function refused(code: ErrorCode, objects: readonly SeenObject[] = []): (worker: string) => Observation {
  return (worker) => observation(worker, { outcome: "refused", objects, error: fault(code) });
}

/** The tree with other bytes at one place, as a worker reports it that checked them against their digest. */
export function sawWrong(at: number, computed: Digest | null = digest("9")): (worker: string) => Observation {
  return (worker) =>
    observation(worker, {
      objects: tree().map((each, index) => (index === at ? { ...each, computed } : each)),
      error: fault("E_MISMATCH"),
    });
}
