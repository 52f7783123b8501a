import type { Basis, BasisDocument, BasisEntry } from "../model/basis.ts";
import type { Glance, Probes } from "../model/probe.ts";
import type { Entry, Past } from "../model/record.ts";
import type { Digest } from "../oci/digest.ts";

/** Of all documents together, in bytes: reports are read by people, and kept in repositories. */
const MOST_BYTES = 1024 * 1024;

/** Its keys are in the order in which reports have them. */
export function basisOf(past: Past | null, probes: Probes | null): Basis {
  return { past: past && pastOf(past), probes: probes && probesOf(probes) };
}

function pastOf({ now, depth, entries }: Past): Basis["past"] {
  return { now, ...(depth === undefined ? {} : { depth }), entries: entries.map(entryOf) };
}

function entryOf({
  entry,
  own,
  at,
  selection,
  depth,
  outcome,
  digest,
  looks,
  objects,
  clocksAgree,
}: Entry): BasisEntry {
  const { platform, osVersion, bottle } = selection;
  return {
    entry,
    own,
    at,
    selection: { platform, osVersion, bottle },
    ...(depth === undefined ? {} : { depth }),
    outcome,
    digest,
    looks: looks.map((look) => ({
      worker: look.worker,
      via: look.via,
      outcome: look.outcome,
      digest: look.digest,
      hostKey: look.hostKey,
      country: look.country,
      asn: look.asn,
    })),
    objects: objects.map(({ role, digest: of, parent, platform: on }) => ({ role, digest: of, parent, platform: on })),
    clocksAgree,
  };
}

function probesOf({ again, byDigest, documents, configs, files }: Probes): Basis["probes"] {
  let left = MOST_BYTES;
  const written = (digest: Digest, bytes: Uint8Array, mediaType: string | null): BasisDocument => {
    const fits = bytes.length <= left;
    if (fits) left -= bytes.length;
    return { digest, mediaType, base64: fits ? Buffer.from(bytes).toString("base64") : null };
  };
  return {
    again: again.map((round) => round.map(glanceOf)),
    byDigest: byDigest.map(glanceOf),
    documents: byDigestOrder(documents).map(([digest, { bytes, mediaType }]) => written(digest, bytes, mediaType)),
    configs: byDigestOrder(configs).map(([digest, bytes]) => written(digest, bytes, null)),
    ...(files === undefined
      ? {}
      : { files: byDigestOrder(files).map(([digest, { inner, keys }]) => ({ digest, inner, keys })) }),
  };
}

function glanceOf({ worker, asked, digest, mediaType, fault }: Glance): Glance {
  return { worker, asked, digest, mediaType, fault };
}

function byDigestOrder<T>(map: ReadonlyMap<Digest, T>): readonly (readonly [Digest, T])[] {
  return [...map].sort(([one], [other]) => (one < other ? -1 : 1));
}
