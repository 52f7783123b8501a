import { visible } from "../errors.ts";

/** distribution-spec 1.1, "Error Codes". Both fields are printable and truncated. */
export interface RegistryError {
  /** `UNKNOWN` if the registry gives none. */
  readonly code: string;
  /** May be empty. */
  readonly message: string;
}

const MOST_BYTES = 65_536;
const MOST_ERRORS = 10;
const MOST_CODE = 80;
const MOST_MESSAGE = 300;

/**
 * The errors in a registry's response body, for people and for diagnosis; never part of a verdict. Empty if the body is
 * not JSON or has none. Also reads what token services write instead of `errors`: `error` and `error_description`,
 * `details`, `message`.
 */
export function parseRegistryErrors(bytes: Uint8Array): RegistryError[] {
  if (bytes.length > MOST_BYTES) return [];
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return [];
  }
  const errors = memberOf(body, "errors");
  if (Array.isArray(errors))
    return errors.slice(0, MOST_ERRORS).flatMap((each: unknown) => oneError(each, ["code"], ["message", "detail"]));
  return oneError(body, ["error", "code"], ["error_description", "details", "detail", "message"]);
}

function oneError(value: unknown, codes: readonly string[], messages: readonly string[]): RegistryError[] {
  const code = firstText(value, codes);
  const message = firstText(value, messages);
  if (code === null && message === null) return [];
  return [{ code: visible(code ?? "UNKNOWN", MOST_CODE), message: visible(message ?? "", MOST_MESSAGE) }];
}

function firstText(value: unknown, names: readonly string[]): string | null {
  for (const name of names) {
    const text = memberOf(value, name);
    if (typeof text === "string" && text !== "") return text;
  }
  return null;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/**
 * The 404 of ghcr.io, Harbor and distribution that means "I have it, but you did not accept its media type". As the
 * full Accept value was sent, something on the way removed it.
 */
export function isAcceptRefusal(errors: readonly RegistryError[]): boolean {
  return errors.some(({ message }) => /accept header does not support/i.test(message));
}
