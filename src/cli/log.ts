import { pino } from "pino";
import { prettyFactory } from "pino-pretty";
import { visible } from "../errors.ts";
import type { Output } from "./io.ts";
import type { LogFormat, LogLevel } from "./argv/settings.ts";

export type Log = (
  level: "error" | "warn" | "info" | "debug",
  message: string,
  details?: Readonly<Record<string, unknown>>,
) => void;

/**
 * Logs to stderr synchronously (no worker thread: the last line before a crash is the one that matters). Everything
 * goes through `scrub`, so a careless caller still leaks nothing.
 */
export function makeLog(stderr: Output, level: LogLevel, format: LogFormat, color: boolean): Log {
  const prettify =
    format === "pretty"
      ? prettyFactory({ colorize: color, translateTime: false, singleLine: true, ignore: "exchange" })
      : null;
  const sink = {
    write(line: string): void {
      stderr.write(prettify === null ? line : prettify(line));
    },
  };
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink);
  return (at, message, details = {}) => {
    if (logger.isLevelEnabled(at)) logger[at](scrub(details), scrubText(message));
  };
}

const SECRET_KEY = /authorization|cookie|password|passphrase|secret|token|credential|privatekey/i;
const DEPTH = 8;

/**
 * A copy for the log: removes secrets by name and by shape, escapes control and bidi characters, replaces errors by
 * their messages.
 */
export function scrub(value: unknown, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>).map(([key, each]) => [
      key,
      SECRET_KEY.test(key) ? "[secret]" : scrubValue(each, depth + 1),
    ]),
  );
}

function scrubValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return scrubText(value);
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Error) return scrubText(value.message);
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (depth > DEPTH) return "[deep]";
  if (Array.isArray(value)) return value.map((each) => scrubValue(each, depth + 1));
  if ("toJSON" in value && typeof value.toJSON === "function")
    return scrubValue((value.toJSON as () => unknown).call(value), depth + 1);
  return scrub(value, depth);
}

function withoutQuery(url: string): string {
  const at = url.indexOf("?") + 1;
  return at === 0 || at === url.length ? url : `${url.slice(0, at)}[query]`;
}

/**
 * Removes userinfo and query from URLs (signed blob URLs carry their signature there), and whatever follows an HTTP
 * authentication scheme.
 */
function scrubText(text: string): string {
  return visible(
    text
      .replace(/\b(https?|socks5h?):\/\/[^\s/@]*@/gi, "$1://[secret]@")
      .replace(/\bhttps?:\/\/[^\s"']+/gi, withoutQuery)
      .replace(/\b(bearer|basic)\s+[\w+/.~=-]{8,}/gi, "$1 [secret]"),
    4000,
  );
}
