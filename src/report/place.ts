import { visible } from "../errors.ts";
import type { Step } from "../model/verdict.ts";

/** At most this many characters of a platform are shown. */
const SHOWN = 100;

/** `index > manifest linux/amd64 > layer 3`; printable and bounded. */
export function placeText(path: readonly Step[]): string {
  return path.map((step, depth) => (depth === 0 ? rootText(step) : stepText(step))).join(" > ");
}

/** `layer 3 of manifest linux/amd64`, `layer 3`, `index`: the same in a sentence, without the root above it. */
export function placeWords(path: readonly Step[]): string {
  const [root, ...below] = path;
  if (root === undefined) return "";
  if (below.length === 0) return rootText(root);
  const words = below.map(stepText).reverse().join(" of ");
  return root.role === "stray" ? `${words} ${rootText(root)}` : words;
}

function rootText({ role }: Step): string {
  return role === "stray" ? "outside of the tree" : role;
}

/** `manifest linux/amd64`, `config`, `layer 3` */
export function stepText({ role, position, platform, osVersion, alike }: Step): string {
  if (role === "config") return role;
  if (role === "mirror") return `mirror ${position + 1}`;
  if (platform === null) return `${role} ${position + 1}`;
  const version = osVersion === null ? "" : ` (${visible(osVersion, SHOWN)})`;
  return `${role} ${visible(platform, SHOWN)}${version}${alike || platform.length > SHOWN ? ` #${position + 1}` : ""}`;
}
