import { createHash } from "node:crypto";

/** `SHA256:` and unpadded base64, as printed by `ssh-keygen -l`; `key` is in SSH's encoding. RFC 4253 §6.6 */
export function fingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").slice(0, 43)}`;
}
