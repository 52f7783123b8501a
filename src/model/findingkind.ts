/** What an audit can say of a reference, the gravest first. */
export const FINDING_KINDS = [
  "disagreed",
  "mislabelled",
  "pin-gone",
  "hollow-index",
  "moved",
  "changed-since-ledger",
  "tag-digest-comment",
  "platform-pin",
  "floating-tag",
  "unpinned",
  "stale-pin",
  "grew",
  "unresolved",
  "unreachable",
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];
