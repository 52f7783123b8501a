/** What must differ between the workers. */
export type Distinct = "machine";

/** What an agreement requires beyond equal bytes. */
export interface Policy {
  readonly distinct: readonly Distinct[];
  /** Number of distinct days on which the workers must agree. */
  readonly days: 1;
}
