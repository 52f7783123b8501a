import { z } from "zod";
import { base64, digest, fault, hostKey, outcome, role, selection, time } from "./scalars.ts";

const look = z.looseObject({
  worker: z.string(),
  via: z.enum(["local", "ssh"]),
  outcome: z.enum(["saw", "refused", "failed"]),
  digest: digest.nullable(),
  hostKey: hostKey.nullable(),
  country: z.string().nullable(),
  asn: z.string().nullable(),
});

const entry = z.looseObject({
  entry: z.int().min(1),
  own: z.boolean(),
  at: time,
  selection: z.looseObject(selection),
  depth: z.literal("root").optional(),
  outcome,
  digest: digest.nullable(),
  looks: z.array(look),
  objects: z.array(z.looseObject({ role, digest, parent: digest.nullable(), platform: z.string().nullable() })),
  clocksAgree: z.boolean(),
});

const glance = z.looseObject({
  worker: z.string(),
  asked: z.string().min(1),
  digest: digest.nullable(),
  mediaType: z.string().nullable(),
  fault: fault.nullable(),
});

const document = z.looseObject({ digest, mediaType: z.string().nullable(), base64: base64.nullable() });

/** What a verdict rests on besides the observations. */
export const basis = z.looseObject({
  past: z.looseObject({ now: time, depth: z.literal("root").optional(), entries: z.array(entry) }).nullable(),
  probes: z
    .looseObject({
      again: z.array(z.array(glance)),
      byDigest: z.array(glance),
      documents: z.array(document),
      configs: z.array(document),
      // of a file alone
      files: z
        .array(
          z.looseObject({
            digest,
            inner: digest.nullable(),
            keys: z.array(z.string().regex(/^[0-9A-F]{40,64}$/)),
          }),
        )
        .optional(),
    })
    .nullable(),
});
