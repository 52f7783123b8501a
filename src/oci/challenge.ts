import { Tofu3Error, visible } from "../errors.ts";

/** RFC 9110 §11.3. Parameter names are in lower case; the scheme is as received. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

interface Cursor {
  readonly text: string;
  at: number;
}

const MOST_CHARACTERS = 65_536;
const MOST_CHALLENGES = 32;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const SPACE = /[ \t]*/y;
const COMMAS = /[ \t,]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
// wider than a token: registries leave URLs unquoted
const BARE = /[^\s,"=\\][^\s,"\\]*/y;
const PLAIN = /[^"\\]*/y;

/**
 * All challenges of one WWW-Authenticate value; several values joined by a comma parse the same. `[]` for an empty one.
 * A truncated last parameter is dropped if its challenge has others before it. Throws E_CHALLENGE on anything else
 * outside the grammar, and on a repeated parameter.
 */
export function parseChallenges(header: string): Challenge[] {
  const cursor: Cursor = { text: header, at: 0 };
  if (header.length > MOST_CHARACTERS) refuse(cursor, `it is longer than ${MOST_CHARACTERS} characters`);
  if (/[^\t\x20-\x7e\x80-\uffff]/.test(header)) refuse(cursor, "it has a control character");
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (take(cursor, COMMAS); cursor.at < header.length;) {
    const current = challenges.at(-1);
    if (current === undefined || !readParameter(cursor, current.parameters)) {
      const parameters = new Map<string, string>();
      if (challenges.length === MOST_CHALLENGES) refuse(cursor, `it has more than ${MOST_CHALLENGES} challenges`);
      challenges.push({ scheme: take(cursor, TOKEN) ?? refuse(cursor, "a scheme is expected"), parameters });
      if (take(cursor, SPACE) !== "" && take(cursor, TOKEN68) === null) readParameter(cursor, parameters);
    }
    take(cursor, SPACE);
    if (cursor.at < header.length && header.charAt(cursor.at) !== ",") refuse(cursor, "a comma is expected");
    take(cursor, COMMAS);
  }
  return challenges.map(({ scheme, parameters }) => ({ scheme, parameters: Object.fromEntries(parameters) }));
}

/** False, with nothing consumed, if no parameter comes next. */
function readParameter(cursor: Cursor, parameters: Map<string, string>): boolean {
  const start = cursor.at;
  const name = take(cursor, TOKEN)?.toLowerCase();
  if (name === undefined || take(cursor, EQUALS) === null) {
    cursor.at = start;
    return false;
  }
  const value = readValue(cursor);
  if (value === null && parameters.size === 0) refuse(cursor, `the parameter "${visible(name, 80)}" is cut off`);
  if (parameters.has(name)) refuse(cursor, `the parameter "${visible(name, 80)}" occurs twice`);
  if (value !== null) parameters.set(name, value);
  return true;
}

/** Null if the header ends before the value does. */
function readValue(cursor: Cursor): string | null {
  if (cursor.at === cursor.text.length) return null;
  if (cursor.text.charAt(cursor.at) !== '"') return take(cursor, BARE) ?? refuse(cursor, "a value is expected");
  cursor.at += 1;
  const parts: string[] = [];
  for (;;) {
    parts.push(take(cursor, PLAIN) ?? "");
    const character = cursor.text.charAt(cursor.at);
    cursor.at += 1;
    if (character === '"') return parts.join("");
    if (character === "" || cursor.at >= cursor.text.length) {
      cursor.at = cursor.text.length;
      return null;
    }
    parts.push(cursor.text.charAt(cursor.at));
    cursor.at += 1;
  }
}

function take(cursor: Cursor, shape: RegExp): string | null {
  shape.lastIndex = cursor.at;
  const taken = shape.exec(cursor.text)?.[0] ?? null;
  cursor.at += taken?.length ?? 0;
  return taken;
}

function refuse(cursor: Cursor, reason: string): never {
  const near = visible(cursor.text.slice(Math.max(0, cursor.at - 20), cursor.at + 20), 120);
  throw new Tofu3Error(
    "E_CHALLENGE",
    `the registry asks for credentials in a way that cannot be read: ${reason} near "${near}"`,
    {
      stage: "auth",
      hint: "the WWW-Authenticate header is not RFC 9110; something between this worker and the registry may have changed it",
    },
  );
}
