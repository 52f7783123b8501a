import { visible } from "../errors.ts";
import type { Step } from "../model/verdict.ts";

/** At most this many characters of a platform are shown. */
const SHOWN = 100;

/** `index > manifest linux/amd64 > layer 3`; printable and bounded. */
export function placeText(path: readonly Step[]): string {
  return path.map((step, depth) => (depth === 0 ? rootText(step) : stepText(step))).join(" > ");
}

function rootText({ role }: Step): string {
  return role === "stray" ? "outside of the tree" : role;
}

function stepText({ role, position, platform, osVersion, alike }: Step): string {
  if (role === "config") return role;
  if (platform === null) return `${role} ${position + 1}`;
  const version = osVersion === null ? "" : ` (${visible(osVersion, SHOWN)})`;
  return `${role} ${visible(platform, SHOWN)}${version}${alike || platform.length > SHOWN ? ` #${position + 1}` : ""}`;
}
