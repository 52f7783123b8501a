import { createHash } from "node:crypto";
import { Tofu3Error } from "../errors.ts";

declare const brand: unique symbol;
/** `sha256:` and 64, or `sha512:` and 128, lower-case hex characters. image-spec 1.1, descriptor.md, "Digests" */
export type Digest = string & { readonly [brand]: "Digest" };

export type Algorithm = "sha256" | "sha512";

const SHAPE = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && SHAPE.test(text);
}

/** Throws E_DIGEST. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new Tofu3Error("E_DIGEST", `not a digest: ${JSON.stringify(text.slice(0, 200))}`, {
    hint: 'a digest is "sha256:" and 64, or "sha512:" and 128, lower-case hex characters',
  });
}

export function algorithmOf(digest: Digest): Algorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** The digest of the bytes. */
export function digestOf(bytes: Uint8Array, algorithm: Algorithm = "sha256"): Digest {
  return parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`);
}
