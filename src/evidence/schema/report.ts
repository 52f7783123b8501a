import { z } from "zod";
import { CLASSES } from "../../model/diagnosis.ts";
import { basis } from "./basis.ts";
import { observation } from "./observation.ts";
import {
  annotations,
  bytes,
  code,
  digest,
  fault,
  hostKey,
  outcome,
  role,
  selection,
  sentence,
  time,
} from "./scalars.ts";

/** What `verify --json` prints, and reports hold: every key and its type. */

const artifactObject = z.looseObject({
  role,
  digest,
  mediaType: z.string().min(1),
  size: bytes,
  parent: digest.nullable(),
  platform: z.string().nullable(),
  annotations,
});

const view = z.looseObject({
  digest: digest.nullable(),
  size: bytes,
  mediaType: z.string(),
  workers: z.array(z.string()).min(1),
});

const step = z.looseObject({
  role: z.union([role, z.enum(["root", "stray"])]),
  position: z.int().min(0),
  platform: z.string().nullable(),
  osVersion: z.string().nullable(),
  alike: z.boolean(),
});

const change = z.looseObject({ what: sentence, left: z.string().nullable(), right: z.string().nullable() });
const history = z.looseObject({
  last: digest.nullable(),
  at: time.nullable(),
  since: time.nullable(),
  change: z.enum(["none", "moved", "rolled-back", "first"]),
  changes: z.array(change).max(20),
});

const workers = z.array(z.string()).min(1);
const reason = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("difference") }),
  z.looseObject({ kind: z.literal("absence"), root: digest.nullable() }),
  z.looseObject({ kind: z.literal("questions") }),
  z.looseObject({ kind: z.literal("workers"), distinct: z.int().min(0), needed: z.int().min(3) }),
  z.looseObject({ kind: z.literal("gap"), workers }),
  z.looseObject({ kind: z.literal("pin"), root: digest, pin: digest }),
  z.looseObject({
    kind: z.literal("version"),
    root: digest,
    mismatch: z.looseObject({ tag: z.string(), says: z.enum(["version", "name", "bottle"]), text: z.string() }),
  }),
  z.looseObject({ kind: z.literal("ledger"), root: digest, history }),
  z.looseObject({ kind: z.literal("days"), root: digest, have: z.int().min(0), needed: z.int().min(2) }),
  z.looseObject({ kind: z.literal("moved"), from: z.array(digest).min(1), to: digest }),
  z.looseObject({
    kind: z.literal("indistinct"),
    root: digest,
    indistinct: z
      .array(
        z.looseObject({
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

const tool = z.looseObject({ name: z.literal("tofu3"), version: z.string().regex(/^\d+\.\d+\.\d+/) });

/** A verdict: the object of `verify --json` and of `--report FILE.json`. */
export const report = z.looseObject({
  schemaVersion: z.literal(1),
  tool,
  run: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  request: z.looseObject({
    reference: z.string().min(1),
    // of a file that was asked for at other places too
    mirrors: z.array(z.url()).min(1).optional(),
    ...selection,
  }),
  outcome,
  quorum: z.string().regex(/^\d+\/\d+$/),
  summary: sentence,
  reason: reason.nullable(),
  startedAt: time,
  finishedAt: time,
  artifact: z
    .strictObject({ digest, mediaType: z.string(), size: bytes, objects: z.array(artifactObject).min(1) })
    .nullable(),
  observations: z.array(observation).min(3),
  // for each worker on a VM
  signed: z
    .array(
      z.looseObject({
        worker: z.string(),
        by: hostKey.nullable(),
        objects: z.int().min(0),
        of: z.int().min(0),
        authorities: z.array(z.string().regex(/^(?:[0-9a-f]{64}|unknown)$/)),
        why: sentence.nullable(),
      }),
    )
    .optional(),
  differences: z.array(
    z.looseObject({
      at: sentence,
      path: z.array(step).min(1),
      expected: digest.nullable(),
      views: z.array(view).min(1),
    }),
  ),
  diagnosis: z
    .strictObject({
      class: z.enum(CLASSES),
      explanation: sentence,
      next: sentence,
      confidence: z.enum(["sure", "likely", "possible"]),
    })
    .nullable(),
  compared: z.array(
    z.looseObject({
      at: sentence,
      left: digest,
      right: digest,
      changes: z.array(change).max(20),
      more: z.int().min(0),
    }),
  ),
  policy: z.looseObject({
    distinct: z.array(z.enum(["machine", "network", "asn", "country"])),
    days: z.int().min(1),
    onChange: z.enum(["notice", "fail"]),
    met: z.boolean(),
  }),
  days: z.array(
    z.looseObject({
      day: z.iso.date(),
      digest: digest.nullable(),
      outcome: sentence,
      counts: z.boolean(),
      looks: z.array(z.looseObject({ worker: z.string(), digest: digest.nullable() })),
    }),
  ),
  history: history.nullable(),
  entered: z.looseObject({ entry: z.int().min(1), hash: z.string().regex(/^sha256:[0-9a-f]{64}$/) }).nullable(),
  // of a file of which somebody else says what its bytes are
  witnesses: z
    .array(
      z.looseObject({
        kind: z.enum(["sums", "github", "pypi", "repr-digest"]),
        source: sentence,
        digest: digest.nullable(),
        workers: z.array(z.string()),
        trouble: sentence.nullable(),
      }),
    )
    .min(1)
    .optional(),
  notices: z.array(sentence),
  released: z.looseObject({ format: z.string(), path: z.string() }).nullable(),
  // of exec alone
  command: z.looseObject({ started: z.boolean(), code: z.int().nullable(), signal: z.string().nullable() }).optional(),
  releaseError: fault.omit({ stage: true, choices: true }).nullable(),
  // not in reports of versions before 0.2, from which nothing can be judged again
  basis: basis.optional(),
});

/** An error that ended a command before there was a verdict, or anything to list. */
export const failure = z.looseObject({
  schemaVersion: z.literal(1),
  tool,
  outcome: z.null(),
  error: z.looseObject({
    code,
    message: z.string().min(1),
    hint: z.string().nullable(),
    choices: z.array(z.string()),
  }),
});

/** `config/tofu3-report.schema.json`: either of the two, told apart by `outcome`. */
export function reportSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(z.union([report, failure]), { target: "draft-7", io: "input" });
  return { $schema, title: "tofu3 verify --json", ...rest };
}
