import { randomBytes } from "node:crypto";
import type { Owner } from "../../owner.ts";

const NAME = /^\.tofu3-(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f]{12}$/;

/** A new name for a quarantine of this owner. */
export function quarantineName(owner: Owner): string {
  return `.tofu3-${owner.pid}-${owner.start}-${owner.boot}-${randomBytes(6).toString("hex")}`;
}

/** Null if it is not the name of a quarantine. */
export function parseQuarantineName(name: string): Owner | null {
  const [, pid, start, boot] = NAME.exec(name) ?? [];
  return pid === undefined || start === undefined || boot === undefined ? null : { pid, start, boot };
}
