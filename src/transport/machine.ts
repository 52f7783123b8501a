import { createHash } from "node:crypto";

/**
 * What stands for a machine in observations, so that two workers on one machine are noticed and `/etc/machine-id` itself, which its
 * manual page calls confidential, is not shown. Null when the text is blank. The remote script computes the same:
 * `printf 'tofu3 machine\n%s' "$(cat /etc/machine-id)"`, sha256, hex.
 */
export function machineIdentity(text: string): string | null {
  const id = text.trim();
  return id === "" ? null : createHash("sha256").update(`tofu3 machine\n${id}`).digest("hex");
}
