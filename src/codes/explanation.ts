/** What a person needs to know about one code; sentences, with commands and keys in backticks. */
export interface Explanation {
  /** What it means, in a few words; lower case, without a full stop. */
  readonly title: string;
  /** When and where it turns up. */
  readonly where: string;
  readonly cause: string;
  readonly cure: string;
}
