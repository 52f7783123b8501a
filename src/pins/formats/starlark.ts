/** A word, a string or a sign of a Starlark text. A comment is none. */
export interface Token {
  readonly kind: "word" | "string" | "sign";
  readonly start: number;
  readonly end: number;
  /** The word or sign; of a string what stands between its quotes, in the characters of the file. */
  readonly text: string;
  /** Where `text` begins. */
  readonly inner: number;
}

/** An argument that a call gives a name. */
export interface Argument {
  readonly start: number;
  readonly end: number;
  /** The one string that is its value; null if it is an expression. */
  readonly value: Token | null;
}

export interface Call {
  readonly name: Token;
  readonly args: ReadonlyMap<string, Argument>;
}

const WORD = /[A-Za-z_][\w.]*/y;

export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const character = text[at] ?? "";
    WORD.lastIndex = at;
    const word = WORD.exec(text)?.[0];
    if (character === "#") at = endOfLine(text, at);
    else if (character === '"' || character === "'") {
      const token = stringAt(text, at);
      tokens.push(token);
      at = token.end;
    } else if (word !== undefined) {
      // a prefix such as the r of r"…" is no word of its own
      const prefix = word.length <= 2 && /["']/.test(text[at + word.length] ?? "");
      if (!prefix) tokens.push({ kind: "word", start: at, end: at + word.length, text: word, inner: at });
      at += word.length;
    } else {
      if (character.trim() !== "") tokens.push({ kind: "sign", start: at, end: at + 1, text: character, inner: at });
      at++;
    }
  }
  return tokens;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

/** A string that is not closed ends with its line, or with the text if it is a long one. */
function stringAt(text: string, start: number): Token {
  const quote = text[start] ?? "";
  const long = text.startsWith(quote.repeat(3), start);
  const close = long ? quote.repeat(3) : quote;
  let at = start + close.length;
  while (at < text.length && !text.startsWith(close, at) && (long || text[at] !== "\n"))
    at += text[at] === "\\" ? 2 : 1;
  const stop = Math.min(at, text.length);
  const end = text.startsWith(close, stop) ? stop + close.length : stop;
  const inner = Math.min(start + close.length, stop);
  return { kind: "string", start, end, text: text.slice(inner, stop), inner };
}

/** The calls of these functions, with the arguments that stand directly in them. */
export function callsOf(tokens: readonly Token[], functions: ReadonlySet<string>): readonly Call[] {
  return tokens.flatMap((name, index) => {
    if (name.kind !== "word" || !functions.has(name.text) || !isSign(tokens[index + 1], "(")) return [];
    return tokens[index - 1]?.text === "def" ? [] : [{ name, args: argumentsFrom(tokens, index + 2, functions) }];
  });
}

/** To the closing parenthesis; another of the calls within this one ends it, since each token is read once. */
function argumentsFrom(
  tokens: readonly Token[],
  from: number,
  functions: ReadonlySet<string>,
): ReadonlyMap<string, Argument> {
  const args = new Map<string, Argument>();
  let depth = 0;
  let first = from;
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined || (functions.has(token.text) && token.kind === "word")) break;
    const closes = isSign(token, ")") || isSign(token, "]") || isSign(token, "}");
    if (depth === 0 && (closes || isSign(token, ","))) {
      addArgument(args, tokens.slice(first, at));
      first = at + 1;
      if (closes) break;
    } else if (closes) depth--;
    else if (isSign(token, "(") || isSign(token, "[") || isSign(token, "{")) depth++;
  }
  return args;
}

function addArgument(args: Map<string, Argument>, tokens: readonly Token[]): void {
  const [name, equals, value] = tokens;
  const last = tokens.at(-1);
  if (name?.kind !== "word" || !isSign(equals, "=") || last === undefined) return;
  const plain = tokens.length === 3 && value?.kind === "string" ? value : null;
  args.set(name.text, { start: name.start, end: last.end, value: plain });
}

function isSign(token: Token | undefined, sign: string): boolean {
  return token?.kind === "sign" && token.text === sign;
}
