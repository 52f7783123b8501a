import type { Lock } from "./lock.ts";

/**
 * BuildKit's source policy with one rule for each pin: what the tag names is taken from the digest instead. A rule
 * matches EXACT: the default, WILDCARD, would read a `*`. moby/buildkit, sourcepolicy/pb/policy.proto and
 * sourcepolicy/matcher.go
 */
export function renderBuildkitPolicy({ pins }: Lock): string {
  const rules = pins.map(({ reference, digest }) => ({
    action: "CONVERT",
    selector: { identifier: `docker-image://${reference}`, match_type: "EXACT" },
    updates: { identifier: `docker-image://${reference}@${digest}` },
  }));
  return `${JSON.stringify({ version: 1, rules }, null, 2)}\n`;
}
