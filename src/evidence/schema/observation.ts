import { z } from "zod";
import { annotations, bytes, code, digest, fault, hash, hostKey, role, selection, sentence, time } from "./scalars.ts";

const seenObject = z.looseObject({
  role,
  digest,
  computed: digest.nullable(),
  size: bytes,
  declaredSize: bytes.nullable(),
  mediaType: z.string().min(1),
  parent: digest.nullable(),
  position: z.int().min(0),
  platform: z.string().nullable(),
  osVersion: z.string().nullable(),
  annotations,
  // of the root of name:tag@sha512:… alone
  pinned: digest.optional(),
  // of a root of which nobody said what it is
  guessed: z.literal(true).optional(),
});

const repository = { registry: z.string().min(1), repository: z.string().min(1) };
const asked = z.union([
  z.looseObject({ ...repository, tag: z.string().min(1), pin: digest.nullable(), ...selection }),
  z.looseObject({ ...repository, digest, ...selection }),
  z.looseObject({ url: z.url(), pin: digest.nullable(), mirrors: z.array(z.url()).min(1).optional(), ...selection }),
]);

const evidence = z.looseObject({
  exchanges: z.int().min(0),
  bytes,
  retries: z.array(
    z.looseObject({
      url: z.url(),
      attempt: z.int().min(1),
      code,
      message: sentence,
      waitedMs: z.int().min(0),
      resumedAt: bytes.nullable(),
    }),
  ),
  redirects: z.array(z.looseObject({ from: z.url(), to: z.url(), status: z.int() })),
  addresses: z.array(z.string()),
  claimedDigest: z.string().nullable(),
  headers: z.array(z.string()),
  certificates: z.array(
    z.looseObject({
      host: z.string().min(1),
      version: z.string().nullable(),
      subject: z.string(),
      issuer: z.string(),
      validFrom: time,
      validTo: time,
      spki: hash,
    }),
  ),
  httpVersion: z.string().nullable(),
  unexpected: z
    .strictObject({ url: z.url(), status: z.int(), contentType: z.string().nullable(), head: z.string() })
    .nullable(),
  clockOffsetMs: z.int().nullable(),
  exit: z
    .strictObject({
      addresses: z.array(z.string()),
      sources: z.array(z.string()),
      country: z.string().nullable(),
      asn: z.string().nullable(),
      doubt: z.string().nullable(),
    })
    .nullable(),
  tools: z.array(z.string()).min(0),
  hostKey: hostKey.nullable(),
  machine: hash.nullable(),
  boot: hash.nullable(),
  // of a VM that has a key alone
  receipts: z.array(z.looseObject({ text: z.string().min(1), signature: z.string().min(1) })).optional(),
});

export const observation = z.looseObject({
  worker: z.string(),
  via: z.enum(["local", "ssh"]),
  asked,
  outcome: z.enum(["saw", "refused", "failed"]),
  startedAt: time,
  finishedAt: time,
  digest: digest.nullable(),
  objects: z.array(seenObject),
  evidence,
  error: fault.nullable(),
});
