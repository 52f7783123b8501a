import Mustache from "mustache";
import { messageOf, Tofu3Error, visible } from "../errors.ts";

const HINT = "names and what they mean are in docs/json.md; {{#LIST}}…{{/LIST}} repeats what is inside";

/** Tabs and new lines may be written as in Go's templates of docker and skopeo. */
export function templateText(text: string): string {
  return text.replaceAll("\\n", "\n").replaceAll("\\t", "\t");
}

/** Throws E_USAGE for what is no template. */
export function checkTemplate(text: string): void {
  let partial: boolean;
  try {
    partial = hasPartial(Mustache.parse(templateText(text)));
  } catch (cause) {
    throw refusal(`--format is no template: ${visible(messageOf(cause), 300)}`, cause);
  }
  if (partial) throw refusal("--format is no template: there are no partials");
}

/** Tokens are arrays that begin with their kind; `>` is another template. */
function hasPartial(token: unknown): boolean {
  return Array.isArray(token) && (token[0] === ">" || token.some(hasPartial));
}

/**
 * The template with the fields of a JSON value. A field that is null is empty, a list or an object is JSON on one line;
 * no text can move a cursor. Throws E_USAGE for a field that is nowhere.
 */
export function renderTemplate(text: string, value: unknown): string {
  const rendered = new Writer().render(templateText(text), new Fields(value));
  return rendered.endsWith("\n") ? rendered : `${rendered}\n`;
}

/** Looks up own fields only: `constructor` is none. */
class Fields extends Mustache.Context {
  readonly #value: unknown;
  readonly #outer: Fields | null;

  constructor(value: unknown, outer: Fields | null = null) {
    super(value, outer ?? undefined);
    this.#value = value;
    this.#outer = outer;
  }

  override push(value: unknown): Fields {
    return new Fields(value, this);
  }

  override lookup(name: string): unknown {
    if (name === ".") return this.#value;
    const [first = "", ...rest] = name.split(".");
    let found = this.#find(first);
    for (const each of rest) if (found !== null && found !== undefined) found = fieldOf(found, each);
    if (found !== undefined) return found;
    throw refusal(`--format: there is no field ${JSON.stringify(visible(name, 100))}`);
  }

  /** Here, or around it. */
  #find(name: string): unknown {
    if (has(this.#value, name)) return this.#value[name];
    return this.#outer === null ? undefined : this.#outer.#find(name);
  }
}

function has(value: unknown, name: string): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name);
}

function fieldOf(value: unknown, name: string): unknown {
  return has(value, name) ? value[name] : undefined;
}

class Writer extends Mustache.Writer {
  override escapedValue([, name = ""]: string[], context: Mustache.Context): string {
    return printed(context.lookup(name));
  }

  override unescapedValue([, name = ""]: string[], context: Mustache.Context): string {
    return printed(context.lookup(name));
  }
}

function printed(value: unknown): string {
  if (value === null) return "";
  return visible(typeof value === "string" ? value : JSON.stringify(value), Infinity);
}

function refusal(message: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_USAGE", message, { hint: HINT, cause });
}
