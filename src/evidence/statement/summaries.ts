import { createHash } from "node:crypto";
import type { Evidence } from "../../model/evidence.ts";
import { formatSubject, isFile, parseSubject } from "../../model/subject.ts";
import type { ResourceDescriptor, Statement } from "./statement.ts";

/** What a summary is made from. */
export type Summarized = Pick<Evidence, "tool" | "request" | "outcome" | "quorum" | "finishedAt" | "policy">;

/** Simple Verification Result 0.2, "Fields". Of an agreement only: it cannot say that anything failed. */
export function svrPredicate(evidence: Summarized): Statement["predicate"] {
  return {
    verifier: { id: verifierOf(evidence), policies: [policyOf(evidence)] },
    timeCreated: evidence.finishedAt,
    properties: propertiesOf(evidence),
  };
}

/** SLSA 1.1, "Verification Summary Attestation", "Fields". It claims no level of SLSA. */
export function vsaPredicate(evidence: Summarized, inputs: readonly ResourceDescriptor[]): Statement["predicate"] {
  const passed = evidence.outcome === "agreed";
  return {
    verifier: { id: verifierOf(evidence) },
    timeVerified: evidence.finishedAt,
    resourceUri: resourceUriOf(evidence),
    policy: policyOf(evidence),
    inputAttestations: inputs,
    verificationResult: passed ? "PASSED" : "FAILED",
    verifiedLevels: passed ? propertiesOf(evidence) : ["FAILED"],
    slsaVersion: "1.1",
  };
}

/** A file is where its URL says. */
function resourceUriOf({ request }: Summarized): string {
  const subject = parseSubject(request.reference);
  return isFile(subject) ? subject.url : `oci://${formatSubject(subject)}`;
}

function verifierOf({ tool }: Summarized): string {
  return `urn:tofu3:${tool.version}`;
}

/** What holds of an agreement: `TOFU3_UNANIMOUS_3_OF_3`, `TOFU3_DISTINCT_NETWORK`, `TOFU3_DISTINCT_DAYS_3`. */
function propertiesOf({ quorum, policy }: Summarized): readonly string[] {
  return [
    `TOFU3_UNANIMOUS_${quorum.replace("/", "_OF_")}`,
    ...policy.distinct.map((each) => `TOFU3_DISTINCT_${each.toUpperCase()}`),
    ...(policy.days > 1 ? [`TOFU3_DISTINCT_DAYS_${policy.days}`] : []),
  ];
}

/** in-toto attestation 1.0, "ResourceDescriptor": the policy itself is its content. */
function policyOf({ policy }: Summarized): ResourceDescriptor & { readonly content: string } {
  const { distinct, days, onChange } = policy;
  const text = JSON.stringify({ distinct, days, onChange });
  return {
    uri: "urn:tofu3:policy:v1",
    digest: { sha256: createHash("sha256").update(text).digest("hex") },
    content: Buffer.from(text).toString("base64"),
  };
}
