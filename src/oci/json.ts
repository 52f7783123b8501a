import { Tofu3Error, visible, type ErrorCode } from "../errors.ts";

/** Options for one document; what is always refused is listed at `parseJson`. */
export interface JsonRules {
  /** What is being read, for messages: `the manifest`. */
  readonly what: string;
  readonly code?: ErrorCode;
  /** Members whose value is a map with free keys (annotations, labels): keys there may differ only by case. */
  readonly freeMaps?: ReadonlySet<string>;
  /** The most values, of all kinds; 250,000 unless it says otherwise. */
  readonly mostValues?: number;
  /** Only this member of the outermost object must be unique; its other members are not used. */
  readonly envelope?: string;
}

interface ListFrame {
  readonly list: unknown[];
  readonly object: null;
}

interface ObjectFrame {
  readonly list: null;
  readonly object: Record<string, unknown>;
  readonly seen: Map<string, string>;
  readonly free: boolean;
  key: string;
}

type Frame = ListFrame | ObjectFrame;

interface Scan {
  readonly text: string;
  readonly rules: JsonRules;
  readonly stack: Frame[];
  at: number;
  nodes: number;
}

const MOST_DEPTH = 64;
const MOST_NODES = 250_000;
const OPENED = Symbol("a container was opened");
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PLAIN_KEY = /^[^A-Z\x80-\uffff]*$/;
const LITERALS: readonly (readonly [text: string, value: unknown])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/**
 * Two keys with the same fold are one field to a parser that ignores case. Like Go, folds U+017F to `s` and U+212A to
 * `k`.
 */
export function foldKey(key: string): string {
  return PLAIN_KEY.test(key) ? key : key.toUpperCase().toLowerCase();
}

/**
 * JSON that every parser reads alike, otherwise an error that names the place. Refuses: anything but strict UTF-8
 * without a byte order mark, a repeated key (after unescaping), keys that differ only by case, `__proto__`, NUL, lone
 * surrogates, numbers that parsers read differently (beyond 2^53, `1.0`, `-0`), trailing text, more than 64 levels or
 * `mostValues`. Accepts a subset of what JSON.parse accepts, with the same values. Linear time, constant stack.
 */
export function parseJson(bytes: Uint8Array, rules: JsonRules): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Tofu3Error(rules.code ?? "E_MANIFEST", `cannot read ${rules.what}: it is not UTF-8`, { cause });
  }
  return parseJsonText(text, rules);
}

/** The same for JSON inside a string of another document. */
export function parseJsonText(text: string, rules: JsonRules): unknown {
  const scan: Scan = { text, rules, stack: [], at: 0, nodes: 0 };
  for (;;) {
    const value = readValue(scan);
    if (value === OPENED) continue;
    const end = closeContainers(scan, value);
    if (end !== OPENED) return end;
  }
}

function readValue(scan: Scan): unknown {
  const start = nextCharacter(scan);
  scan.nodes += 1;
  const most = scan.rules.mostValues ?? MOST_NODES;
  if (scan.nodes > most) return fail(scan, `it has more than ${most} values`);
  switch (start) {
    case "{":
    case "[":
      return openContainer(scan, start);
    case '"':
      return readString(scan);
    default:
      return readNumber(scan) ?? readLiteral(scan);
  }
}

/** The container if it is empty, OPENED if its first value comes next. */
function openContainer(scan: Scan, start: "{" | "["): unknown {
  if (scan.stack.length >= MOST_DEPTH) return fail(scan, `it is more than ${MOST_DEPTH} levels deep`);
  scan.at += 1;
  const within = scan.stack.at(-1);
  const free = within?.object != null && (scan.rules.freeMaps?.has(within.key) ?? false);
  const frame: Frame =
    start === "[" ? { list: [], object: null } : { list: null, object: {}, seen: new Map(), free, key: "" };
  if (nextCharacter(scan) === (start === "[" ? "]" : "}")) {
    scan.at += 1;
    return frame.list ?? frame.object;
  }
  scan.stack.push(frame);
  if (frame.object !== null) readKey(scan, frame);
  return OPENED;
}

/**
 * Stores a complete value and closes the containers that end after it. Returns the document, or OPENED if another value
 * comes next.
 */
function closeContainers(scan: Scan, complete: unknown): unknown {
  let value = complete;
  for (;;) {
    const frame = scan.stack.at(-1);
    const next = frame === undefined ? null : store(frame, value);
    const character = nextCharacter(scan);
    if (frame === undefined) return character === "" ? value : fail(scan, "something follows the end of the document");
    scan.at += 1;
    if (character === ",") {
      if (frame.object !== null) readKey(scan, frame);
      return OPENED;
    }
    if (character !== next) {
      scan.at -= 1;
      return fail(scan, unexpected(character));
    }
    value = frame.list ?? frame.object;
    scan.stack.pop();
  }
}

/** Returns the character that closes the container. */
function store(frame: Frame, value: unknown): "]" | "}" {
  if (frame.object === null) {
    frame.list.push(value);
    return "]";
  }
  frame.object[frame.key] = value;
  return "}";
}

function readKey(scan: Scan, frame: ObjectFrame): void {
  const character = nextCharacter(scan);
  if (character !== '"') fail(scan, unexpected(character));
  const key = readString(scan);
  frame.key = key;
  if (nextCharacter(scan) !== ":") fail(scan, "a key has no value");
  scan.at += 1;
  if (key === "__proto__") fail(scan, 'the key "__proto__" is not accepted');
  const { envelope } = scan.rules;
  const fold = foldKey(key);
  if (envelope !== undefined && scan.stack.length === 1 && fold !== foldKey(envelope)) return;
  const mark = frame.free ? key : fold;
  const before = frame.seen.get(mark);
  if (before === key) fail(scan, "the key occurs twice");
  if (before !== undefined) fail(scan, `the key differs only by case from "${visible(before, 80)}"`);
  frame.seen.set(mark, key);
}

function readString(scan: Scan): string {
  const { text, at: start } = scan;
  let escaped = false;
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      scan.at = at + 1;
      return escaped ? unescape(scan, text.slice(start, at + 1)) : text.slice(start + 1, at);
    }
    if (code < 0x20) return fail(scan, "a string has a control character");
    if (code === 0x5c) {
      escaped = true;
      at += 1;
    }
  }
  return fail(scan, "a string does not end");
}

function unescape(scan: Scan, quoted: string): string {
  let text: unknown;
  try {
    text = JSON.parse(quoted);
  } catch {
    return fail(scan, "a string has an escape that is not JSON");
  }
  if (typeof text !== "string" || /[\0\p{Cs}]/u.test(text))
    return fail(scan, "a string has a NUL or half of a surrogate pair");
  return text;
}

function readNumber(scan: Scan): number | null {
  NUMBER.lastIndex = scan.at;
  const token = NUMBER.exec(scan.text)?.[0];
  if (token === undefined) return null;
  const value = Number(token);
  const plain = /^-?[0-9]+$/.test(token);
  const same = plain
    ? Number.isSafeInteger(value) && !Object.is(value, -0)
    : Number.isFinite(value) && !Number.isInteger(value);
  if (!same) return fail(scan, `parsers read the number ${token.slice(0, 40)} differently`);
  scan.at += token.length;
  return value;
}

function readLiteral(scan: Scan): unknown {
  const literal = LITERALS.find(([text]) => scan.text.startsWith(text, scan.at));
  if (literal === undefined) return fail(scan, unexpected(scan.text.charAt(scan.at)));
  scan.at += literal[0].length;
  return literal[1];
}

/** The next character after white space; empty at the end. */
function nextCharacter(scan: Scan): string {
  while (" \t\n\r".includes(scan.text.charAt(scan.at)) && scan.at < scan.text.length) scan.at += 1;
  return scan.text.charAt(scan.at);
}

function unexpected(character: string): string {
  return character === "" ? "it ends too early" : `unexpected character "${visible(character)}"`;
}

function fail(scan: Scan, reason: string): never {
  const path = scan.stack
    .map((frame) => (frame.object === null ? `[${frame.list.length}]` : `.${visible(frame.key, 80)}`))
    .join("");
  const place = `$${visible(path, 300)}, character ${scan.at}`;
  throw new Tofu3Error(scan.rules.code ?? "E_MANIFEST", `cannot read ${scan.rules.what}: ${reason} (${place})`, {
    hint: "documents that parsers may read differently are refused; tofu3 inspect --raw REFERENCE prints the exact bytes",
  });
}
