import { evidenceOf } from "../../report/evidence.ts";
import { verdictText } from "../../report/sentence.ts";
import type { AgreedRoot, Answer, RootEntry } from "../../model/audit.ts";
import type { Evidence } from "../../model/evidence.ts";
import type { Observation } from "../../model/observation.ts";
import { isDigest, type Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { bottleOf } from "../../oci/homebrew.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { describePlatform } from "../../oci/platform.ts";
import type { Judgement, Told } from "../memory.ts";

/** What an audit keeps of one judgement. */
export function answerOf(judgement: Judgement, { roots }: Told, request: Evidence["request"]): Answer {
  const evidence = evidenceOf({
    ...judgement,
    request,
    released: null,
    releaseError: null,
    startedAt: "",
    finishedAt: "",
    version: "",
  });
  const { observations, finding } = judgement;
  return {
    outcome: evidence.outcome,
    summary: verdictText(evidence),
    reason: evidence.reason,
    finding,
    root: rootSeenByAll(observations, roots),
    history: evidence.history,
    fault: observations.find(({ error }) => error !== null && error.code !== "E_STOPPED")?.error ?? null,
  };
}

function rootSeenByAll(observations: readonly Observation[], roots: ReadonlyMap<Digest, Manifest>): AgreedRoot | null {
  const [digest, ...others] = new Set(observations.map((each) => each.digest));
  if (digest === null || digest === undefined || others.length > 0) return null;
  const document = roots.get(digest);
  if (document === undefined) return null;
  const entries = document.kind === "index" ? document.manifests.map(entryOf) : [];
  return { digest, kind: document.kind, entries };
}

function entryOf(descriptor: Descriptor): RootEntry {
  const { digest, platform, annotations } = descriptor;
  const bottled = `sha256:${annotations["sh.brew.bottle.digest"] ?? ""}`;
  return {
    digest,
    platform: platform === null ? null : describePlatform(platform),
    bottle: bottleOf(descriptor)?.tag ?? null,
    bottleDigest: isDigest(bottled) ? bottled : null,
  };
}
