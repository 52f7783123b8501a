import type { Digest } from "../oci/digest.ts";
import { formatReference, type Reference, type Repository } from "../oci/reference.ts";

/**
 * What one job asks a registry for: a tag of a repository, optionally pinned to a digest (`name:tag@sha256:…`), or a
 * digest. Plain data, identical for every worker.
 */
export type Subject = Repository &
  ({ readonly tag: string; readonly pin: Digest | null } | { readonly digest: Digest });

/** Neither tag nor digest means `latest`; both mean that the tag is pinned to the digest. */
export function subjectOf({ registry, repository, tag, digest }: Reference): Subject {
  if (tag === undefined && digest !== undefined) return { registry, repository, digest };
  return { registry, repository, tag: tag ?? "latest", pin: digest ?? null };
}

/** The last part of `/v2/NAME/manifests/…`. distribution-spec 1.1, "Pulling manifests" */
export function manifestName(subject: Subject): string {
  return "tag" in subject ? subject.tag : subject.digest;
}

/** Null when the subject is a digest. */
export function tagOf(subject: Subject): string | null {
  return "tag" in subject ? subject.tag : null;
}

/** Null when the subject is a tag, pinned or not. */
export function rootDigestOf(subject: Subject): Digest | null {
  return "tag" in subject ? null : subject.digest;
}

/** The digest that a tag must resolve to; null without a pin. */
export function pinOf(subject: Subject): Digest | null {
  return "tag" in subject ? subject.pin : null;
}

/** `registry/repository:tag[@pin]` or `registry/repository@digest` */
export function formatSubject({ registry, repository, ...asked }: Subject): string {
  if (!("tag" in asked)) return formatReference({ registry, repository, digest: asked.digest });
  const { tag, pin } = asked;
  return formatReference({ registry, repository, tag, ...(pin === null ? {} : { digest: pin }) });
}
