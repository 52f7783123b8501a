import type { Level } from "../../model/audit.ts";
import type { FindingKind } from "../../model/findingkind.ts";

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
