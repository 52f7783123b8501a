import { Composer, Lexer, Parser, type Document } from "yaml";

/** Of one file: about two seconds of work, and more than two megabytes of manifests. */
const MOST_TOKENS = 1_000_000;
/** What a document costs beside its tokens, in tokens. */
const PER_DOCUMENT = 25;

/** What became of a text. */
export interface Parsed {
  /** One for each that the text has; null where it was not wanted. */
  readonly documents: readonly (Document.Parsed | null)[];
  /** The offset of the first thing that is no YAML; null if all of what was parsed is. */
  readonly brokenAt: number | null;
  /** Where the first document begins that is too long to be parsed; null if none is. Nothing behind it is parsed. */
  readonly cutAt: number | null;
  /** What this cost. */
  readonly tokens: number;
}

/** Parses those documents of a text that are wanted, with their offsets in it. At most `room` tokens are read. */
export function parseDocuments(text: string, isWanted: (document: string) => boolean, room: number): Parsed {
  const left = Math.min(room, MOST_TOKENS);
  const documents: (Document.Parsed | null)[] = [];
  let brokenAt: number | null = null;
  let tokens = 0;
  for (const { start, end } of stretchesOf(text)) {
    const own = text.slice(start, end);
    if (!isWanted(own)) {
      documents.push(null);
      continue;
    }
    const parsed = withoutStacks(() => parseStretch(own, start, left - tokens));
    if (parsed === null) return { documents, brokenAt, cutAt: start, tokens: left };
    tokens += parsed.tokens;
    for (const document of parsed.documents) {
      documents.push(document);
      for (const { pos } of document.errors) brokenAt = Math.min(brokenAt ?? Infinity, pos[0]);
    }
  }
  return { documents, brokenAt, cutAt: null, tokens };
}

/** Null if it has more than `most` tokens: half a document could say another thing than the whole. */
function parseStretch(
  text: string,
  start: number,
  most: number,
): { readonly documents: readonly Document.Parsed[]; readonly tokens: number } | null {
  const parser = new Parser();
  parser.offset = start;
  const composer = new Composer({
    schema: "failsafe",
    uniqueKeys: false,
    strict: false,
    // each would quote its whole line, which takes the square of a long line's length
    prettyErrors: false,
    logLevel: "silent",
  });
  const documents: Document.Parsed[] = [];
  let tokens = PER_DOCUMENT;
  for (const lexeme of new Lexer().lex(text)) {
    if (++tokens > most) return null;
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token));
  }
  for (const token of parser.end()) documents.push(...composer.next(token));
  documents.push(...composer.end());
  return { documents, tokens };
}

/** A text may have as many errors as characters, and a stack trace of each takes ten times as long as to parse it. */
function withoutStacks<T>(parse: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return parse();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** From one line that begins with `---` to the next. A directive stands in front of that line and means what is behind. */
function stretchesOf(text: string): readonly { readonly start: number; readonly end: number }[] {
  if (/^\ufeff?%/m.test(text)) return [{ start: 0, end: text.length }];
  const starts = [0];
  for (let at = text.indexOf("\n---"); at !== -1; at = text.indexOf("\n---", at + 1)) {
    if (/^[ \t\r\n]?$/.test(text.slice(at + 4, at + 5))) starts.push(at + 1);
  }
  // what only comments stand in front of is the first document
  if (isBare(text.slice(0, starts[1]))) starts.splice(1, 1);
  return starts.map((start, index) => ({ start, end: starts[index + 1] ?? text.length }));
}

/** Whether nothing is in it but comments. */
function isBare(text: string): boolean {
  return text.split("\n").every((line) => /^\ufeff?[ \t\r]*(?:#|$)/.test(line));
}
