import { z } from "zod";
import { PAYLOAD_TYPE } from "../dsse.ts";
import { STATEMENT_TYPE } from "../statement/statement.ts";
import { base64 } from "./scalars.ts";

/** DSSE v1 envelope, "JSON". What it does not name is kept. */
export const envelope = z.looseObject({
  payload: base64,
  payloadType: z.literal(PAYLOAD_TYPE),
  signatures: z
    .array(z.looseObject({ keyid: z.string().optional(), sig: base64 }))
    .min(1)
    .max(100),
});

const digests = z
  .record(z.string(), z.string())
  .refine((each) => Object.keys(each).length > 0, { error: "has no digest" });

/** in-toto attestation 1.0, "Statement". */
export const statement = z.looseObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.looseObject({ name: z.string(), digest: digests })).min(1),
  predicateType: z.string().min(1),
  predicate: z.looseObject({}),
});
