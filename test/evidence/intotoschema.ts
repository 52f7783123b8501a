import Ajv from "ajv";

/** Written from the texts: in-toto attestation 1.0 (Statement, ResourceDescriptor, DigestSet), SVR 0.2, SLSA 1.1 (VSA). */
const uri = { type: "string", pattern: "^[a-z][a-z0-9+.-]*:." };
const timestamp = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$" };
const digests = {
  type: "object",
  minProperties: 1,
  properties: {
    sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
    sha512: { type: "string", pattern: "^[0-9a-f]{128}$" },
  },
  additionalProperties: { type: "string" },
};
const descriptor = {
  type: "object",
  anyOf: [{ required: ["uri"] }, { required: ["digest"] }, { required: ["content"] }],
  properties: { name: { type: "string" }, uri, digest: digests, content: { type: "string" } },
};
const verifier = { type: "object", required: ["id"], properties: { id: uri } };

const statement = {
  type: "object",
  required: ["_type", "subject", "predicateType", "predicate"],
  properties: {
    _type: { const: "https://in-toto.io/Statement/v1" },
    subject: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["name", "digest"],
        properties: { name: { type: "string" }, digest: digests },
      },
    },
    predicateType: uri,
    predicate: { type: "object" },
  },
};
const svr = {
  type: "object",
  required: ["verifier", "timeCreated", "properties"],
  properties: {
    verifier: {
      ...verifier,
      required: ["id", "policies"],
      properties: { id: uri, policies: { type: "array", items: descriptor } },
    },
    timeCreated: timestamp,
    properties: { type: "array", items: { type: "string", not: { pattern: "^SLSA_" } } },
  },
};
const vsa = {
  type: "object",
  required: ["verifier", "timeVerified", "resourceUri", "policy", "verificationResult", "verifiedLevels"],
  properties: {
    verifier,
    timeVerified: timestamp,
    resourceUri: uri,
    policy: { ...descriptor, required: ["uri"] },
    inputAttestations: { type: "array", items: { ...descriptor, required: ["digest"] } },
    verificationResult: { enum: ["PASSED", "FAILED"] },
    verifiedLevels: { type: "array", items: { type: "string", not: { pattern: "^SLSA_" } } },
    slsaVersion: { type: "string", pattern: "^\\d+\\.\\d+$" },
  },
};
const PREDICATES: Readonly<Record<string, object>> = {
  "https://in-toto.io/attestation/svr/v0.2": svr,
  "https://slsa.dev/verification_summary/v1": vsa,
};

/** What is wrong with a statement; nothing of the predicates that are our own. */
export function schemaFaults(value: Readonly<Record<string, unknown>>): readonly string[] {
  const ajv = new Ajv({ allErrors: true });
  const faults = (schema: object, each: unknown): string[] => {
    const check = ajv.compile(schema);
    if (check(each) === true) return [];
    return (check.errors ?? []).map(({ dataPath, message = "" }) => `${dataPath} ${message}`);
  };
  const own = PREDICATES[String(value["predicateType"])];
  return [...faults(statement, value), ...(own === undefined ? [] : faults(own, value["predicate"]))];
}
