/**
 * The one error class. A message is lower case without a full stop, and says what was being done and what happened;
 * values are quoted. The hint says what to do next and is a command where one exists. Text from a registry or a VM goes
 * through `visible`.
 */

/** The stage of an exchange at which a fault happened; `null` for faults outside any exchange. */
export type Stage = "ssh" | "dns" | "connect" | "tls" | "auth" | "http" | "body" | "digest";

/** The user's input is wrong, or matches nothing: exit code 2. */
export const USAGE_CODES = [
  "E_USAGE",
  "E_REFERENCE",
  "E_PLATFORM",
  "E_SELECTION",
  "E_CONFIG",
  "E_CREDENTIALS",
  "E_DESTINATION",
  "E_REPORT",
  "E_SUMS",
  "E_KEY",
] as const;

/** What one worker ran into. These end up in an observation, not on the screen as a failure of the program. */
export const WORKER_CODES = [
  // the way to the VM
  "E_HOST_KEY",
  "E_SSH",
  "E_SSH_AUTH",
  "E_VM_TOOL",
  "E_VM_SCRIPT",
  "E_VM_REPLY",
  "E_VM_DISK",
  // one exchange
  "E_DNS",
  "E_CONNECT",
  "E_TLS",
  "E_TIMEOUT",
  "E_CUT",
  "E_FRAMING",
  "E_ENCODING",
  "E_TOO_LARGE",
  "E_ADDRESS",
  "E_PROXY",
  // what the registry answered
  "E_REDIRECT",
  "E_REALM",
  "E_AUTH",
  "E_DENIED",
  "E_NOT_FOUND",
  "E_RATE_LIMIT",
  "E_STATUS",
  "E_TOKEN",
  // what was in the answer
  "E_DIGEST",
  "E_MEDIA_TYPE",
  "E_NOT_CONTENT",
  "E_MANIFEST",
  "E_CHALLENGE",
  "E_LINK",
  "E_LIMIT",
  "E_MISMATCH",
  "E_STOPPED",
] as const;

/** Failures of what is kept: the artifact, the ledger, the files with references, the gate's store, signed evidence. */
export const RELEASE_CODES = ["E_DISK", "E_RELEASE", "E_LEDGER", "E_PIN", "E_STORE", "E_EVIDENCE"] as const;

export type ErrorCode =
  | (typeof USAGE_CODES)[number]
  | (typeof WORKER_CODES)[number]
  | (typeof RELEASE_CODES)[number]
  | "E_INTERRUPTED"
  | "E_BUG";

/** The request or the configuration is at fault, nothing else. */
export function isUsage(code: ErrorCode): boolean {
  return USAGE_CODES.some((each) => each === code);
}

export interface ErrorDetails {
  readonly hint?: string | undefined;
  readonly stage?: Stage | undefined;
  /** What there is to choose from instead; printable. */
  readonly choices?: readonly string[] | undefined;
  readonly cause?: unknown;
}

export class Tofu3Error extends Error {
  override readonly name = "Tofu3Error";
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly stage: Stage | null;
  /** Empty where nothing was to be chosen. */
  readonly choices: readonly string[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint ?? null;
    this.stage = details.stage ?? null;
    this.choices = details.choices ?? [];
  }
}

/** For a full disk, both when fetching and when releasing. */
export const FULL_DISK_HINT = "free some space on that file system, or choose a destination on another one";

/**
 * Text of unknown origin, with every control, format, bidi and line-breaking character written as `\u{…}`, cut at
 * `limit` characters.
 */
export function visible(text: string, limit = 1000): string {
  const escaped = text
    .slice(0, limit + 1)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  return escaped.length > limit ? `${escaped.slice(0, limit)}…` : escaped;
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * Anything other than a Tofu3Error is a bug or the reason of an abort signal; whoever holds that signal recognises its
 * reason first.
 */
export function asError(thrown: unknown): Tofu3Error {
  return thrown instanceof Tofu3Error ? thrown : new Tofu3Error("E_BUG", messageOf(thrown), { cause: thrown });
}

/** Ends a switch over a closed union: a new member breaks the build, not the user's run. */
export function assertNever(value: never): never {
  throw new Tofu3Error("E_BUG", `unexpected value: ${JSON.stringify(value)}`);
}
