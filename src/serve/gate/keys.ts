import type { Wish } from "../../model/gate.ts";
import type { Digest } from "../../oci/digest.ts";
import { formatNamed, type Repository } from "../../oci/reference.ts";

/** What is asked for by its digest. */
export type DigestWish = Extract<Wish, { readonly digest: Digest }>;
export type TagWish = Extract<Wish, { readonly tag: string }>;

/** One for each thing that vantages can be asked for: a digest as a manifest and as a blob are two. */
export function keyOf(wish: Wish): string {
  return `${wish.kind} ${textOf(wish)}`;
}

export function blobKey(repository: Repository, digest: Digest): string {
  return keyOf(blobWish(repository, digest));
}

export function blobWish({ registry, repository }: Repository, digest: Digest): DigestWish {
  return { registry, repository, kind: "blob", digest };
}

/** As a person writes it: `docker.io/library/alpine:3.20` */
export function textOf(wish: Wish): string {
  return formatNamed(wish, holdName(wish));
}

/** The name of its hold: the tag or the digest. */
export function holdName(wish: Wish): string {
  return "tag" in wish ? wish.tag : wish.digest;
}
