import { asError } from "../../errors.ts";
import type { Job } from "../../model/job.ts";
import type { FileSubject, ImageSubject } from "../../model/subject.ts";
import type { Digest } from "../../oci/digest.ts";
import { mismatch, tellMismatch } from "../fetch/mismatch.ts";
import { plainUrl } from "../fetch/notebook.ts";
import { authorityFor } from "../fetch/pass.ts";
import { registryOf, serverOf } from "../fetch/registry.ts";
import type { Registry } from "../fetch/registry.ts";
import type { Session } from "../fetch/session.ts";
import { readDocument } from "./document.ts";
import { measureFile } from "./file.ts";
import { OCTETS, placeBelow } from "./tree.ts";
import type { Place, Seen } from "./tree.ts";

/** Asks each mirror for what the root is. What is wrong is stored at the places; nothing is thrown. */
async function lookAll(
  session: Session,
  root: Place,
  mirrors: readonly string[],
  lookAt: (mirror: string, digest: Digest, size: number) => Promise<Pick<Place, "seen" | "error">>,
): Promise<void> {
  const { seen } = root;
  if (seen === null || seen.computed === null) return;
  const { computed: digest, size } = seen;
  const descriptor = {
    mediaType: root.descriptor?.mediaType ?? seen.about?.mediaType ?? OCTETS,
    digest,
    size: seen.about?.sized === false ? null : size,
    platform: null,
    artifactType: null,
    annotations: {},
  };
  const places = mirrors.map((_, position) => placeBelow(digest, "mirror", descriptor, position));
  root.children = [...root.children, ...places];
  const worker = session.vantage.name;
  session.watch({ kind: "wanted", worker, objects: mirrors.length, bytes: size * mirrors.length });
  await Promise.all(
    places.map(async (place, at) => {
      const found = await lookAt(mirrors[at] ?? "", digest, size).catch((thrown: unknown) => {
        return { seen: null, error: asError(thrown) };
      });
      Object.assign(place, found);
      tellMismatch(session, found.error);
      session.watch({ kind: "object", worker });
    }),
  );
}

/** The same file from other URLs: its bytes have to be those of the first. */
export async function lookAtFileMirrors(
  session: Session,
  job: Job & { readonly subject: FileSubject },
  root: Place,
  signal: AbortSignal,
): Promise<void> {
  await lookAll(session, root, job.mirrors ?? [], async (mirror, digest, size) => {
    const url = new URL(mirror);
    const there = at(session, serverOf(url, session.vantage, job.publicOnly));
    const measured = await measureFile({ ...there, keep: null }, { url: mirror, pin: digest }, signal);
    return compared(plainUrl(url), { digest, size }, measured);
  });
}

/** The root of an image at other registries, by its digest, which names everything below. */
export async function lookAtImageMirrors(
  session: Session,
  job: Job & { readonly subject: ImageSubject },
  root: Place,
  signal: AbortSignal,
): Promise<void> {
  await lookAll(session, root, job.mirrors ?? [], async (mirror, digest) => {
    const repository = { registry: mirror, repository: session.registry.repository };
    const there = at(session, registryOf(repository, session.vantage, job.publicOnly));
    const how = { pin: null, maxBytes: session.limits.manifestBytes, isRoot: false };
    const { computed, size, error } = await readDocument(there, digest, how, signal);
    return { seen: { computed, size }, error };
  });
}

function at(session: Session, registry: Registry): Session {
  const authority = authorityFor(session.vantage.authorities, `${registry.base.origin} ${registry.repository}`);
  return { ...session, registry, authority, renewals: 0 };
}

function compared(
  what: string,
  expected: { readonly digest: Digest; readonly size: number },
  { digest, size }: { readonly digest: Digest; readonly size: number },
): { readonly seen: Seen; readonly error: Place["error"] } {
  const seen = { computed: digest, size };
  return { seen, error: digest === expected.digest ? null : mismatch(what, expected, seen) };
}
