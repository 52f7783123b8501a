/** What may be required to differ between the workers, from the easiest to meet. */
export const DISTINCT = ["machine", "network", "asn", "country"] as const;
export type Distinct = (typeof DISTINCT)[number];

/** What an agreement requires beyond equal bytes. */
export interface Policy {
  readonly distinct: readonly Distinct[];
  /** Number of distinct UTC days on which the workers must agree. */
  readonly days: number;
  /** `fail`: a tag that moved since the ledger's last agreement is *changed*. */
  readonly onChange: "notice" | "fail";
}
