import { Tofu3Error, visible } from "../errors.ts";
import { isDigest, type Digest } from "../oci/digest.ts";

/** `--sha256`: 64 hex digits, with or without `sha256:` before them. Throws E_USAGE. */
export function parseSha256(text: string): Digest {
  const digest = `sha256:${text.replace(/^sha256[:=]/i, "").toLowerCase()}`;
  if (isDigest(digest)) return digest;
  throw new Tofu3Error("E_USAGE", `not a sha256: ${JSON.stringify(visible(text, 150))}`, {
    hint: "a sha256 is 64 hex digits, as sha256sum prints them",
  });
}

/**
 * `--integrity`: `sha256-BASE64`, alone or among other hashes, which do not count. W3C Subresource Integrity §3.5.
 * Throws E_USAGE.
 */
export function parseIntegrity(text: string): Digest {
  const own = text
    .trim()
    .split(/\s+/)
    .filter((each) => each.startsWith("sha256-"));
  const found = new Set(own.map((each) => digestIn(each.slice("sha256-".length).split("?", 1).join(""))));
  const [digest = null, ...others] = found;
  if (digest !== null && others.length === 0) return digest;
  const why = own.length === 0 ? "it has no sha256, and only sha256 counts" : "its sha256 cannot be read";
  throw new Tofu3Error("E_USAGE", `cannot use the integrity ${JSON.stringify(visible(text, 300))}: ${why}`, {
    hint: "it is sha256- and 44 characters of base64, as package locks and script tags have it",
  });
}

/** RFC 4648 §4, of 32 bytes. */
function digestIn(base64: string): Digest | null {
  if (!/^[A-Za-z0-9+/]{43}=?$/.test(base64)) return null;
  const digest = `sha256:${Buffer.from(base64, "base64").toString("hex")}`;
  return isDigest(digest) ? digest : null;
}
