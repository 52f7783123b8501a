import { guard, type Guard } from "./guard.ts";

const WALK = "test/worker/walk/look.test.ts";
const BLOB = "test/worker/fetch/blob.test.ts";
const AUTH = "test/worker/fetch/auth.test.ts";

export const WORKER_GUARDS: readonly Guard[] = [
  ...guard(
    "every body is checked against the digest and the size",
    {
      file: "src/worker/walk/document.ts",
      from: "expected !== null && computed !== expected",
      to: "expected === null && computed !== expected",
      test: `${WALK} › other bytes than were asked for › another manifest for an entry`,
    },
    {
      file: "src/worker/walk/document.ts",
      from: "if (descriptor.size !== size)",
      to: "if (false)",
      test: `${WALK} › a descriptor with the right digest and another size`,
    },
    {
      file: "src/worker/fetch/blob.ts",
      from: "const same = seen.computed === wanted.digest &&",
      to: "const same =",
      test: `${WALK} › other bytes than were asked for › a layer with a flipped bit`,
    },
    {
      file: "src/worker/fetch/blob.ts",
      from: "(wanted.size === null || wanted.size === seen.size)",
      to: "true",
      test: `${WALK} › a layer with the right digest and fewer bytes than its descriptor says`,
    },
    {
      file: "src/worker/fetch/content.ts",
      from: "if (answer.status === 200) return",
      to: "if (answer.status < 300) return",
      test: `${BLOB} › the right bytes under %i are not taken`,
    },
    {
      file: "src/worker/fetch/exchange.ts",
      from: "if (answer.status !== 200) throw",
      to: "if (answer.status > 299) throw",
      test: `${WALK} › how it ends › 206 that nobody asked for is E_STATUS`,
    },
    {
      file: "src/worker/walk/ending.ts",
      from: 'if (fault?.code === "E_MISMATCH") return fault;',
      to: "",
      test: `${WALK} › it outranks that the time is over`,
    },
  ),
  ...guard(
    "a body that was cut and resumed counts only",
    {
      file: "src/worker/fetch/content.ts",
      from: "first.joined && !right(first)",
      to: "false",
      test: `${BLOB} › and made of parts that do not match is fetched whole before it counts`,
    },
    {
      file: "src/worker/fetch/content.ts",
      from: 'valueOf(content.headers, "etag") === start.etag)',
      to: "true)",
      test: `${BLOB} › a body that was cut › has another ETag by then: from the start`,
    },
    {
      file: "src/worker/fetch/content.ts",
      from: "range?.first === start.size &&",
      to: "range !== null &&",
      test: `${BLOB} › a body that was cut › is answered with other bytes than asked for: from the start`,
    },
    {
      file: "src/worker/fetch/content.ts",
      from: "content.status === 206 && isRest",
      to: "isRest",
      test: `${BLOB} › a body that was cut › is answered with 200 that says it is the rest: from the start`,
    },
    {
      file: "src/worker/fetch/content.ts",
      from: '/^"[\\x21\\x23-\\x7e]*"$/.test(etag)',
      to: '/^(W.)?"[\\x21\\x23-\\x7e]*"$/.test(etag)',
      test: `${BLOB} › a body that was cut › has a weak ETag: from the start`,
    },
  ),
  ...guard(
    "retries repair transport faults",
    {
      file: "src/worker/fetch/retry.ts",
      from: "new Set<ErrorCode>([",
      to: 'new Set<ErrorCode>(["E_TLS", "E_FRAMING", "E_HOST_KEY",',
      test: `${BLOB} › what is tried again › not $what`,
    },
    {
      file: "src/worker/fetch/retry.ts",
      from: "number > retries ||",
      to: "number > retries + 1 ||",
      test: `${BLOB} › what is tried again › a server that never recovers: limits.retries`,
    },
    {
      file: "src/worker/fetch/retry.ts",
      from: "patience -= retryAfter ?? 0;",
      to: "",
      test: `${BLOB} › Retry-After: a minute in all`,
    },
  ),
  ...guard(
    "what one vantage is sent is bounded",
    {
      file: "src/worker/fetch/blob.ts",
      from: "wanted.size > limits.blobBytes",
      to: "false",
      test: `${BLOB} › no more than is declared, and no more than is allowed`,
    },
    {
      file: "src/worker/walk/expand.ts",
      from: "if (depth >= DEEPEST)",
      to: "if (depth >= DEEPEST + 1)",
      test: `${WALK} › documents that are not walked › indexes five deep`,
    },
    {
      file: "src/worker/walk/reading.ts",
      from: "const MOST_ENTRIES = 10_000;",
      to: "const MOST_ENTRIES = 12_000;",
      test: `${WALK} › documents that are not walked › indexes with more than 10,000 entries together`,
    },
    {
      file: "src/worker/fetch/exchange.ts",
      from: "(renewed && !isOver(session, pass)) || round > MOST_ROUNDS",
      to: "round > MOST_ROUNDS",
      test: `${AUTH} › that is refused when it is fresh: E_AUTH after one retry`,
    },
  ),
];
