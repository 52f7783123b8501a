/** What must differ between the workers. */
export type Distinct = "machine";

/** What an agreement takes beyond the same bytes. */
export interface Policy {
  readonly distinct: readonly Distinct[];
  /** On how many distinct days the workers must agree. */
  readonly days: 1;
}
