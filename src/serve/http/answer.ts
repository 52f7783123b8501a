import type { Granted, Refusal, Refused } from "../../model/gate.ts";
import type { Digest } from "../../oci/digest.ts";
import { CHALLENGE } from "./auth.ts";
import type { Problem, ProblemCode } from "./route.ts";

/** A whole answer without an object: a refusal, a list, nothing. */
export interface Answer {
  readonly status: number;
  /** Printable ASCII, at most 200 characters; null for the usual phrase. */
  readonly reason: string | null;
  readonly headers: Readonly<Record<string, string | number | readonly string[]>>;
  readonly body: string;
}

/** What the client asked for; `tags` for a list. */
export type Asked = "manifest" | "blob" | "tags";

const MOST_REASON = 200;
/** distribution-spec 1.1, "Warnings": of all of them together. */
const MOST_WARNING = 4096;

/** Of every answer. The bytes are somebody else's: no browser guesses what they are. */
export const COMMON = {
  "Docker-Distribution-Api-Version": "registry/2.0",
  "X-Content-Type-Options": "nosniff",
} as const;

const MEANING: Readonly<Record<Refusal, readonly [status: number, code: ProblemCode]>> = {
  disagreed: [403, "DENIED"],
  moved: [403, "DENIED"],
  changed: [403, "DENIED"],
  indistinct: [403, "DENIED"],
  pending: [403, "DENIED"],
  unlisted: [403, "DENIED"],
  unfit: [403, "DENIED"],
  absent: [404, "MANIFEST_UNKNOWN"],
  verifying: [503, "UNAVAILABLE"],
  incomplete: [503, "UNAVAILABLE"],
  broken: [503, "UNAVAILABLE"],
  busy: [429, "TOOMANYREQUESTS"],
  full: [429, "TOOMANYREQUESTS"],
  impossible: [400, "NAME_INVALID"],
};

/** Asked again too soon, whoever gets a 503 or a 429 asks at once and for ever. */
const RETRY_AFTER = 10;

const UNKNOWN_CODE: Readonly<Record<Asked, ProblemCode>> = {
  manifest: "MANIFEST_UNKNOWN",
  blob: "BLOB_UNKNOWN",
  tags: "NAME_UNKNOWN",
};

/** distribution-spec 1.1, "Error Codes"; the sentence also stands in the reason phrase, which clients print. */
export function refusalAnswer(refused: Refused, asked: Asked): Answer {
  const { why, sentence, verdict } = refused;
  const [status, usual] = MEANING[why];
  const isLater = status === 503 || status === 429;
  const retryAfter = refused.retryAfter ?? (isLater ? RETRY_AFTER : null);
  return {
    status,
    reason: reasonOf(why, sentence),
    headers: { ...COMMON, ...ERROR, ...(retryAfter === null ? {} : { "Retry-After": retryAfter }) },
    body: errorBody(why === "absent" ? UNKNOWN_CODE[asked] : usual, sentence, { outcome: why, verdict }),
  };
}

const ERROR = { "Content-Type": "application/json", "Cache-Control": "no-store" } as const;

export function problemAnswer({ status, code, message }: Problem): Answer {
  const isLater = status === 503 || status === 429;
  return {
    status,
    reason: status === 401 ? null : reasonOf(null, message),
    headers: {
      ...COMMON,
      ...ERROR,
      ...(status === 401 ? { "WWW-Authenticate": CHALLENGE } : {}),
      ...(status === 405 ? { Allow: "GET, HEAD" } : {}),
      ...(isLater ? { "Retry-After": RETRY_AFTER } : {}),
    },
    body: errorBody(code, message, null),
  };
}

function errorBody(code: ProblemCode, message: string, detail: unknown): string {
  return `${JSON.stringify({ errors: [{ code, message, detail }] })}\n`;
}

function reasonOf(why: Refusal | null, sentence: string): string {
  const reason = ascii(`tofu3${why === null ? "" : ` ${why}`}: ${sentence}`);
  return reason.length > MOST_REASON ? `${reason.slice(0, MOST_REASON - 3)}...` : reason;
}

/** A field, or a reason phrase, is printable ASCII: RFC 9110 §5.5, RFC 9112 §4. */
function ascii(text: string): string {
  return text
    .replace(/…/g, "...")
    .replace(/[–—]/g, "-")
    .replace(/[^\x20-\x7e]/gu, "?");
}

export function etagOf(digest: Digest): string {
  return `"${digest}"`;
}

/** RFC 9110 §13.1.2, weak comparison; clients repeat what they were given. */
export function isUnchanged(ifNoneMatch: string | undefined, digest: Digest): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(",").some((each) => ["*", etagOf(digest)].includes(each.trim().replace(/^W\//, "")));
}

/** Headers of an object's answer, whole or in part, but for its length. */
export function objectHeaders(
  object: { readonly kind: "manifest" | "blob"; readonly digest: Digest; readonly mediaType: string },
  notices: Granted["notices"],
  namespace: string | null,
): Record<string, string | number | readonly string[]> {
  const warnings = warningsOf(notices);
  return {
    ...COMMON,
    "Content-Type": object.kind === "blob" ? "application/octet-stream" : object.mediaType,
    "Docker-Content-Digest": object.digest,
    ETag: etagOf(object.digest),
    ...(object.kind === "blob" ? { "Accept-Ranges": "bytes" } : {}),
    ...(namespace === null ? {} : { "OCI-Namespace": namespace }),
    ...(warnings.length === 0 ? {} : { Warning: warnings }),
  };
}

/** distribution-spec 1.1, "Warnings": `299 - "text"`; those that no longer fit are left out. */
export function warningsOf(notices: readonly string[]): readonly string[] {
  let left = MOST_WARNING;
  return notices.flatMap((notice) => {
    const text = ascii(notice).replace(/["\\]/g, "\\$&");
    const warning = `299 - "${text}"`;
    left -= warning.length;
    return left < 0 ? [] : [warning];
  });
}
