import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type YAMLError,
} from "yaml";

export type Path = readonly (string | number)[];

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One mistake in the file. `path` is `workers[1].host`; empty for a syntax error. */
export interface Mistake extends Position {
  readonly path: string;
  readonly message: string;
}

/** The parsed value, with source positions. */
export interface ConfigDocument {
  readonly value: unknown;
  /** Position of the value at this path; if there is none, of the nearest enclosing value. */
  positionOf(path: Path): Position;
  /** Position of the last key of this path. */
  positionOfKey(path: Path): Position;
}

/** The parser's own messages quote the text, which may hold a password; these do not. */
const WORDS: Readonly<Record<YAMLError["code"], string>> = {
  ALIAS_PROPS: "an alias cannot have a tag or an anchor",
  BAD_ALIAS: "bad alias; an anchor has to come before its alias",
  BAD_COLLECTION_TYPE: "the tag does not fit what it stands before",
  BAD_DIRECTIVE: "unknown % directive",
  BAD_DQ_ESCAPE: "bad escape in a double-quoted text; write a backslash twice, or use single quotes",
  BAD_INDENT:
    "bad indentation; entries of one list or mapping start in the same column, and a [ or { ends with its ] or }",
  BAD_PROP_ORDER: "a tag or an anchor stands before the value, after the dash",
  BAD_SCALAR_START: "a plain text cannot start with this character; put it into quotes",
  BLOCK_AS_IMPLICIT_KEY:
    'two "key: value" on one line, or wrong indentation; one to a line, and quotes around a text that has ": " in it',
  BLOCK_IN_FLOW: "an indented list or mapping cannot stand inside [ ] or { }",
  DUPLICATE_KEY: "this key is here twice; each may be there once",
  IMPOSSIBLE: "not valid YAML",
  KEY_OVER_1024_CHARS: "a key of more than 1024 characters",
  MISSING_CHAR: 'something is missing here: a closing quote, a comma, or the ":" after a key',
  MULTILINE_IMPLICIT_KEY: "a key has to be on one line",
  MULTIPLE_ANCHORS: "a value can have one anchor",
  MULTIPLE_DOCS: 'a second document starts here ("---"); the file holds one',
  MULTIPLE_TAGS: "a value can have one tag",
  NON_STRING_KEY: "a key has to be a text",
  RESOURCE_EXHAUSTION: "nested too deeply",
  TAB_AS_INDENT: "a tab cannot indent; use spaces",
  TAG_RESOLVE_FAILED: "unknown tag, or a value that does not fit its tag",
  UNEXPECTED_TOKEN: "did not expect this here; check quotes and indentation",
};

function nodeAt(document: Document.Parsed, path: Path): { offset: number; keyOffset: number } {
  let node: unknown = document.contents;
  let [offset, keyOffset] = [0, 0];
  for (const step of [null, ...path]) {
    if (isAlias(node)) node = node.resolve(document);
    if (step !== null) {
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
        keyOffset = isScalar(pair?.key) ? (pair.key.range?.[0] ?? offset) : offset;
        node = pair?.value;
      } else {
        node = isSeq(node) && typeof step === "number" ? node.items[step] : undefined;
        keyOffset = offset;
      }
    }
    if (node === undefined || node === null) return { offset: step === null ? 0 : keyOffset, keyOffset };
    const range = (node as { range?: readonly number[] | null }).range;
    const empty = isScalar(node) && node.value === null && node.source === "";
    offset = empty ? keyOffset : (range?.[0] ?? keyOffset);
  }
  return { offset, keyOffset };
}

/** Validators of JavaScript objects skip `__proto__`, so it is refused before they run. */
function trapKeys(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Pair(_, pair) {
      if (isScalar(pair.key) && pair.key.value === "__proto__") offsets.push(pair.key.range?.[0] ?? 0);
    },
  });
  return offsets;
}

/** Parses YAML 1.2 (and so JSON): the value with its positions, or every mistake in the text. */
export function readDocument(text: string): ConfigDocument | readonly Mistake[] {
  const counter = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: true,
  });
  const mistakes = [...document.errors, ...document.warnings].map(({ pos, code }) => ({
    ...at(pos[0]),
    path: "",
    message: WORDS[code],
  }));
  for (const offset of trapKeys(document))
    mistakes.push({ ...at(offset), path: "", message: 'unknown key "__proto__"' });
  if (mistakes.length > 0) return mistakes;
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    return [{ ...at(0), path: "", message: "an alias without its anchor, or more aliases than a configuration needs" }];
  }
  return {
    value,
    positionOf: (path) => at(nodeAt(document, path).offset),
    positionOfKey: (path) => at(nodeAt(document, path).keyOffset),
  };
}

/** `workers[1].host`, `registries["registry.lab:5000"].caFile` */
export function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (/^[A-Za-z$_][A-Za-z0-9$_]*$/.test(step)) return index === 0 ? step : `.${step}`;
      return step.includes("@") || step.includes("://") ? "[…]" : `[${JSON.stringify(step)}]`;
    })
    .join("");
}
