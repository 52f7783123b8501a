/** in-toto attestation 1.0, "Statement". */
export interface Statement {
  readonly _type: typeof STATEMENT_TYPE;
  /** At least one. */
  readonly subject: readonly ResourceDescriptor[];
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

/** in-toto attestation 1.0, "ResourceDescriptor"; only what is needed here. */
export interface ResourceDescriptor {
  readonly name?: string;
  readonly uri?: string;
  /** Lower-case hex by algorithm. in-toto attestation 1.0, "DigestSet" */
  readonly digest: Readonly<Record<string, string>>;
}

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
/** What one vantage saw. */
export const OBSERVATION = "urn:tofu3:observation:v1";
/** What follows from what they all saw: the report, but for the observations. */
export const VERDICT = "urn:tofu3:verdict:v1";
/** Simple Verification Result 0.2 */
export const SVR = "https://in-toto.io/attestation/svr/v0.2";
/** SLSA 1.1, "Verification Summary Attestation" */
export const VSA = "https://slsa.dev/verification_summary/v1";

export function statementOf(
  predicateType: string,
  subject: Statement["subject"],
  predicate: Statement["predicate"],
): Statement {
  return { _type: STATEMENT_TYPE, subject, predicateType, predicate };
}
