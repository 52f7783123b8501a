import { expand, type Value, type Variables } from "./dockerargs.ts";
import { sourceOf, wordAt, type Logical, type Word } from "./dockerline.ts";
import { flagsAt, type Flag } from "./dockerlines.ts";
import { byHand, fileTargetOf, OWN_PIN, shownUrl, unresolved, type Sighting } from "./mentions.ts";

const NONE: Variables = new Map();

/** The variables of one stage after the other. What a stage has from the one that it begins with is not known. */
export class StageVariables {
  readonly #known = new Map<string, Value>();
  /** ENV outranks ARG, wherever it stands. */
  readonly #env = new Set<string>();

  get known(): Variables {
    return this.#known;
  }

  open(): void {
    this.#known.clear();
    this.#env.clear();
  }

  /** An ARG without a value of its own has the one from before the first FROM. */
  arg(line: Logical, from: number, outside: Variables): void {
    for (const { name, value } of settingsIn(line, from)) {
      if (this.#env.has(name)) continue;
      const given = value === null ? outside.get(name) : expand(line, value, this.#known);
      if (given !== undefined) this.#known.set(name, given);
      else this.#known.delete(name);
    }
  }

  /** `ENV NAME=VALUE …`, by the variables in front of the line; or `ENV NAME VALUE`. */
  env(line: Logical, from: number): void {
    const settings = settingsIn(line, from);
    const isOld = settings[0]?.value === null;
    const values = (isOld ? settings.slice(0, 1) : settings).map(({ name, value }): readonly [string, Value] => {
      if (value !== null) return [name, expand(line, value, this.#known)];
      return [name, { why: `the variable ${name.slice(0, 100)} is set in a way that is not computed` }];
    });
    for (const [name, value] of values) {
      this.#known.set(name, value);
      this.#env.add(name);
    }
  }
}

/** The words of an ARG or an ENV; `value` is null without a `=`. */
function settingsIn(line: Logical, from: number): readonly { readonly name: string; readonly value: Word | null }[] {
  const settings: { name: string; value: Word | null }[] = [];
  for (let word = wordAt(line, from); word !== null; word = wordAt(line, word.end)) {
    const text = line.text.slice(word.start, word.end);
    const equals = text.indexOf("=");
    if (equals === -1) settings.push({ name: text, value: null });
    else settings.push({ name: text.slice(0, equals), value: { start: word.start + equals + 1, end: word.end } });
  }
  return settings;
}

/** The file of `ADD --checksum=sha256:HEX URL DEST`. What is no address on the web, or Git, is left to others. */
export function addedBy(line: Logical, from: number, known: Variables | null): readonly Sighting[] {
  const { flags, rest } = flagsAt(line, from);
  const flag = flags.findLast(({ text }) => text.startsWith("--checksum="));
  const source = sourceAt(line, rest);
  if (flag === undefined || source === null) return [];
  const variables = known ?? NONE;
  const url = expand(line, source, variables);
  const written = line.text.slice(source.start, source.end);
  if ("why" in url) return /https?:|\$/i.test(written) ? [sightingAt(line, source, shownUrl(written), url.why)] : [];
  if (!/^https?:\/\//i.test(url.text) || isGit(url.text)) return [];
  const checksum = checksumOf(line, flag, variables);
  if ("why" in checksum) return [sightingAt(line, source, shownUrl(url.text), checksum.why)];
  const found = sightingAt(line, source, shownUrl(url.text), null);
  return [{ ...found, target: fileTargetOf(url.text, checksum.text) }];
}

function sightingAt(line: Logical, word: Word, text: string, why: string | null): Sighting {
  const { start, end } = sourceOf(line, word.start, word.end);
  const spot = { start, end, text };
  if (why === null) return { spot, pinning: byHand(OWN_PIN), why };
  return { spot, pinning: byHand(why), why, target: unresolved(why) };
}

function checksumOf(line: Logical, { text, at }: Flag, known: Variables): Value {
  const value = text.slice("--checksum=".length);
  const first = at["--checksum=".length];
  const last = at.at(-1);
  if (!value.includes("$") || first === undefined || last === undefined) return { text: value, origin: null };
  return expand(line, { start: first, end: last + 1 }, known);
}

/** The only source: the first of two words, or of two texts in JSON. There may be no more with a checksum. */
function sourceAt(line: Logical, from: number): Word | null {
  const first = wordAt(line, from);
  if (first === null) return null;
  if (line.text[first.start] === "[") return sourceInJson(line, first.start);
  const second = wordAt(line, first.end);
  return second === null || wordAt(line, second.end) !== null ? null : first;
}

/** One that is written with escapes is no URL. */
function sourceInJson({ text }: Logical, from: number): Word | null {
  const found = /^\[\s{0,100}"([^"\\]{1,4096})"\s{0,100},\s{0,100}"[^"]{0,4096}"\s{0,100}\]/.exec(text.slice(from));
  if (found === null) return null;
  const start = from + found[0].indexOf('"') + 1;
  return { start, end: start + (found[1] ?? "").length };
}

/** As BuildKit tells a repository from a file: by the end of its path. */
function isGit(url: string): boolean {
  return /\.git$/.test(url.split(/[?#]/, 1).join(""));
}
