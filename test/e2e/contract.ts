import { z } from "zod";

/**
 * The JSON object of `verify --json` as the design writes it down: every key, its type, nothing missing and nothing
 * else.
 */

const digest = z.string().regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/);
/** With `--redact`, the salted hash of what would be there. */
const redacted = "hash:[0-9a-f]{16}";
const hash = z.string().regex(new RegExp(`^([0-9a-f]{64}|${redacted})$`));
const time = z.iso.datetime({ offset: false });
const bytes = z.int().min(0);
const role = z.enum(["index", "manifest", "config", "layer", "blob"]);
const annotations = z.record(z.string(), z.string());
const sentence = z
  .string()
  .min(1)
  .regex(/^[^\p{Cc}]*$/u);

const artifactObject = z.strictObject({
  role,
  digest,
  mediaType: z.string().min(1),
  size: bytes,
  parent: digest.nullable(),
  platform: z.string().nullable(),
  annotations,
});

const seenObject = z.strictObject({
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

const selection = { platform: z.string().nullable(), osVersion: z.string().nullable(), bottle: z.string().nullable() };
const repository = { registry: z.string().min(1), repository: z.string().min(1) };
const asked = z.union([
  z.strictObject({ ...repository, tag: z.string().min(1), pin: digest.nullable(), ...selection }),
  z.strictObject({ ...repository, digest, ...selection }),
]);

const evidence = z.strictObject({
  exchanges: z.int().min(0),
  bytes,
  retries: z.array(
    z.strictObject({
      url: z.url(),
      attempt: z.int().min(1),
      code: z.string().regex(/^E_[A-Z_]+$/),
      message: sentence,
      waitedMs: z.int().min(0),
      resumedAt: bytes.nullable(),
    }),
  ),
  redirects: z.array(z.strictObject({ from: z.url(), to: z.url(), status: z.int() })),
  addresses: z.array(z.string()),
  claimedDigest: z.string().nullable(),
  headers: z.array(z.string()),
  certificates: z.array(
    z.strictObject({
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
  hostKey: z
    .string()
    .regex(new RegExp(`^(SHA256:[A-Za-z0-9+/]{43}|${redacted})$`))
    .nullable(),
  machine: hash.nullable(),
  boot: hash.nullable(),
});

const error = z.strictObject({
  code: z.string().regex(/^E_[A-Z_]+$/),
  stage: z.enum(["ssh", "dns", "connect", "tls", "auth", "http", "body", "digest"]).nullable(),
  message: sentence,
  hint: sentence.nullable(),
});

const observation = z.strictObject({
  worker: z.string(),
  via: z.enum(["local", "ssh"]),
  asked,
  outcome: z.enum(["saw", "refused", "failed"]),
  startedAt: time,
  finishedAt: time,
  digest: digest.nullable(),
  objects: z.array(seenObject),
  evidence,
  error: error.nullable(),
});

const view = z.strictObject({
  digest: digest.nullable(),
  size: bytes,
  mediaType: z.string(),
  workers: z.array(z.string()).min(1),
});

const step = z.strictObject({
  role: z.union([role, z.enum(["root", "stray"])]),
  position: z.int().min(0),
  platform: z.string().nullable(),
  osVersion: z.string().nullable(),
  alike: z.boolean(),
});

const change = z.strictObject({ what: sentence, left: z.string().nullable(), right: z.string().nullable() });
const history = z.strictObject({
  last: digest.nullable(),
  at: time.nullable(),
  since: time.nullable(),
  change: z.enum(["none", "moved", "rolled-back", "first"]),
  changes: z.array(change).max(20),
});

const workers = z.array(z.string()).min(1);
const reason = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("difference") }),
  z.strictObject({ kind: z.literal("absence"), root: digest.nullable() }),
  z.strictObject({ kind: z.literal("gap"), workers }),
  z.strictObject({ kind: z.literal("pin"), root: digest, pin: digest }),
  z.strictObject({
    kind: z.literal("version"),
    root: digest,
    mismatch: z.strictObject({ tag: z.string(), says: z.enum(["version", "name", "bottle"]), text: z.string() }),
  }),
  z.strictObject({ kind: z.literal("ledger"), root: digest, history }),
  z.strictObject({ kind: z.literal("days"), root: digest, have: z.int().min(0), needed: z.int().min(2) }),
  z.strictObject({ kind: z.literal("moved"), from: z.array(digest).min(1), to: digest }),
  z.strictObject({
    kind: z.literal("indistinct"),
    root: digest,
    indistinct: z
      .array(
        z.strictObject({
          why: z.enum([
            "host key",
            ...["machine", "network", "asn", "country"].flatMap((each) => [each, `unknown ${each}`]),
          ]),
          workers,
          value: z.string().optional(),
        }),
      )
      .min(1),
  }),
]);

export const contract = z.strictObject({
  schemaVersion: z.literal(1),
  tool: z.strictObject({ name: z.literal("tofu3"), version: z.string().regex(/^\d+\.\d+\.\d+/) }),
  request: z.strictObject({
    reference: z.string().min(1),
    ...selection,
  }),
  outcome: z.enum(["agreed", "disagreed", "moved", "incomplete", "indistinct", "pending", "changed", "absent"]),
  quorum: z.string().regex(/^\d+\/\d+$/),
  summary: sentence,
  reason: reason.nullable(),
  startedAt: time,
  finishedAt: time,
  artifact: z
    .strictObject({ digest, mediaType: z.string(), size: bytes, objects: z.array(artifactObject).min(1) })
    .nullable(),
  observations: z.array(observation).length(3),
  differences: z.array(
    z.strictObject({
      at: sentence,
      path: z.array(step).min(1),
      expected: digest.nullable(),
      views: z.array(view).min(1),
    }),
  ),
  diagnosis: z
    .strictObject({
      class: z.enum([
        "tag-moved",
        "split-view",
        "interception",
        "stale-replica",
        "index-republished",
        "reserialised",
        "recompressed",
        "dynamic",
        "false-content",
        "mislabelled",
        "not-content",
        "rolled-back",
        "unreachable",
        "absent",
        "unexplained",
      ]),
      explanation: sentence,
      next: sentence,
      confidence: z.enum(["sure", "likely", "possible"]),
    })
    .nullable(),
  compared: z.array(
    z.strictObject({
      at: sentence,
      left: digest,
      right: digest,
      changes: z.array(change).max(20),
      more: z.int().min(0),
    }),
  ),
  policy: z.strictObject({
    distinct: z.array(z.enum(["machine", "network", "asn", "country"])),
    days: z.int().min(1),
    onChange: z.enum(["notice", "fail"]),
    met: z.boolean(),
  }),
  days: z.array(
    z.strictObject({
      day: z.iso.date(),
      digest: digest.nullable(),
      outcome: sentence,
      counts: z.boolean(),
      looks: z.array(z.strictObject({ worker: z.string(), digest: digest.nullable() })),
    }),
  ),
  history: history.nullable(),
  entered: z.strictObject({ entry: z.int().min(1), hash: z.string().regex(/^sha256:[0-9a-f]{64}$/) }).nullable(),
  notices: z.array(sentence),
  released: z.strictObject({ format: z.string(), path: z.string() }).nullable(),
  releaseError: error.omit({ stage: true }).nullable(),
});

function isSorted(values: readonly string[]): boolean {
  return values.every((value, i) => i === 0 || (values[i - 1] ?? "") <= value);
}

/** What is wrong with this object; empty when it keeps the contract. */
export function breaches(text: string): string[] {
  const parsed = contract.safeParse(JSON.parse(text));
  if (!parsed.success) return parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  const {
    observations,
    differences,
    artifact,
    diagnosis,
    outcome,
    reason: reasonGiven,
    startedAt,
    finishedAt,
  } = parsed.data;
  const lists = [
    ["observations", observations.map((each) => each.worker)],
    ...observations.map((each) => [`${each.worker} addresses`, each.evidence.addresses] as const),
    ...observations.map((each) => [`${each.worker} headers`, each.evidence.headers] as const),
    ...differences.flatMap((each) => each.views.map((one) => [`${each.at} workers`, one.workers] as const)),
    ["times", [startedAt, finishedAt]],
  ] as const;
  return [
    ...lists.flatMap(([name, values]) => (isSorted(values) ? [] : [`${name} are not sorted`])),
    ...((artifact !== null) === (outcome === "agreed")
      ? []
      : ["an artifact stands there if and only if it is agreed on"]),
    ...((reasonGiven === null) === (outcome === "agreed")
      ? []
      : ["a reason stands there if and only if they do not agree"]),
    ...((diagnosis === null) === (outcome === "agreed" || outcome === "pending")
      ? []
      : ["a diagnosis stands there if and only if something is to be explained"]),
    ...(differences.length > 0 === (outcome === "disagreed" || outcome === "moved")
      ? []
      : ["differences stand there if and only if there are any"]),
  ];
}
