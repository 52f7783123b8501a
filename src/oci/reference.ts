import type { Digest } from "./digest.ts";

/** `[registry/]repository[:tag][@digest]` as distribution/reference parses and normalises it. */
export interface Reference {
  /** Normalised name, `docker.io` for Docker Hub; with port where one was given; IPv6 in brackets. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}
