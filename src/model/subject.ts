import { hostOf, isWebAddress, parseFileUrl } from "../file/url.ts";
import { hexOf, type Digest } from "../oci/digest.ts";
import { formatReference, parseReference, registryKey, type Reference, type Repository } from "../oci/reference.ts";

/**
 * What one job asks a registry for: a tag of a repository, optionally pinned to a digest (`name:tag@sha256:…`), or a
 * digest.
 */
export type ImageSubject = Repository &
  ({ readonly tag: string; readonly pin: Digest | null } | { readonly digest: Digest });

/** A file on the web, optionally pinned. */
export interface FileSubject {
  /** `https://HOST/PATH`, normalised; in place of a query its hash: `?hash=` and 16 hex digits. */
  readonly url: string;
  readonly pin: Digest | null;
  /** Other URLs of it, written in the same way. Absent without any. */
  readonly mirrors?: readonly string[];
}

/** What one job is about. Plain data, identical for every worker. */
export type Subject = ImageSubject | FileSubject;

export function isFile(subject: Subject): subject is FileSubject {
  return "url" in subject;
}

/** Neither tag nor digest means `latest`; both mean that the tag is pinned to the digest. */
export function subjectOf({ registry, repository, tag, digest }: Reference): ImageSubject {
  if (tag === undefined && digest !== undefined) return { registry, repository, digest };
  return { registry, repository, tag: tag ?? "latest", pin: digest ?? null };
}

/** A reference, or the URL of a file. Throws E_REFERENCE. */
export function parseSubject(text: string): Subject {
  if (!isWebAddress(text)) return subjectOf(parseReference(text));
  const { shown, pin } = parseFileUrl(text);
  return { url: shown, pin };
}

/** `host` or `host:port` (`docker.io` for Docker Hub): the key to settings. */
export function hostKeyOf(subject: Subject): string {
  return isFile(subject) ? hostOf(subject.url) : registryKey(subject);
}

/** The last part of `/v2/NAME/manifests/…`. distribution-spec 1.1, "Pulling manifests" */
export function manifestName(subject: ImageSubject): string {
  return "tag" in subject ? subject.tag : subject.digest;
}

/** Null when the subject is a digest, or a file. */
export function tagOf(subject: Subject): string | null {
  return "tag" in subject ? subject.tag : null;
}

/** Null when the subject is a tag, pinned or not, or a file. */
export function rootDigestOf(subject: Subject): Digest | null {
  return "digest" in subject ? subject.digest : null;
}

/** The digest that a tag must resolve to, or that a file must have; null without a pin. */
export function pinOf(subject: Subject): Digest | null {
  return "digest" in subject ? null : subject.pin;
}

/** `registry/repository:tag[@pin]`, `registry/repository@digest` or `https://host/path[#sha256=hex]` */
export function formatSubject(subject: Subject): string {
  if (isFile(subject)) return `${subject.url}${subject.pin === null ? "" : `#sha256=${hexOf(subject.pin)}`}`;
  const { registry, repository } = subject;
  if (!("tag" in subject)) return formatReference({ registry, repository, digest: subject.digest });
  const { tag, pin } = subject;
  return formatReference({ registry, repository, tag, ...(pin === null ? {} : { digest: pin }) });
}

/** The same, its fields in the order in which they are written down. */
export function fieldsOf(subject: Subject): Subject {
  if (isFile(subject)) {
    const { url, pin, mirrors } = subject;
    return { url, pin, ...(mirrors === undefined ? {} : { mirrors }) };
  }
  const { registry, repository } = subject;
  if ("tag" in subject) return { registry, repository, tag: subject.tag, pin: subject.pin };
  return { registry, repository, digest: subject.digest };
}
