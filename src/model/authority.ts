import { createHash } from "node:crypto";

/** The lines of a file of authorities, as they are written on a VM. */
export function authorityLines(pem: string): readonly string[] {
  return pem.split(/\r?\n/);
}

/** The sha256 of that file on the VM, hex: how receipts name it. */
export function authorityOf(pem: string): string {
  const text = authorityLines(pem)
    .map((line) => `${line}\n`)
    .join("");
  return createHash("sha256").update(text).digest("hex");
}
