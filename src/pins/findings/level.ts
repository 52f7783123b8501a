import type { Level } from "../../model/audit.ts";
import { FINDING_KINDS, type FindingKind } from "../../model/findingkind.ts";

/** How grave each kind is by itself. */
export const LEVEL_OF: Readonly<Record<FindingKind, Level>> = {
  disagreed: "error",
  mislabelled: "error",
  "pin-gone": "error",
  "hollow-index": "error",
  moved: "warning",
  "changed-since-ledger": "warning",
  "tag-digest-comment": "warning",
  "platform-pin": "warning",
  "floating-tag": "warning",
  unpinned: "warning",
  "stale-pin": "note",
  grew: "note",
  unresolved: "note",
  unreachable: "note",
};

/** An alarm cannot be hidden by the tree that is audited, nor by who runs the audit. */
export const ALARM: FindingKind = "disagreed";

/** What could not be checked is no finding about what is there. */
export const UNCHECKED: readonly FindingKind[] = ["unresolved", "unreachable"];

/** What fails unless `--fail-on` says otherwise. */
const FAILS: ReadonlySet<FindingKind> = new Set(FINDING_KINDS.filter((kind) => LEVEL_OF[kind] !== "note"));

/** A note that somebody wants to fail on is more than a note. */
export function levelOf(kind: FindingKind, failOn: ReadonlySet<FindingKind> | null): Level {
  const level = LEVEL_OF[kind];
  return level === "note" && failsOn(kind, failOn) ? "warning" : level;
}

/** What never fails, whatever anybody asks for: nobody contradicts anybody. */
export const NEVER: FindingKind = "unreachable";

/** `failOn` replaces what fails by itself. */
export function failsOn(kind: FindingKind, failOn: ReadonlySet<FindingKind> | null): boolean {
  return kind === ALARM || (kind !== NEVER && (failOn ?? FAILS).has(kind));
}
