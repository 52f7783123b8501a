import { visible } from "../../errors.ts";

/** At most this many characters of one text from outside. */
const LONGEST = 4000;

/** Markup that `html` made, and nothing else did. */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }

  static of(strings: TemplateStringsArray, values: readonly Part[]): Html {
    return new Html(strings.map((each, at) => each + partText(values[at])).join(""));
  }
}

/** What may stand in a template; text and numbers are escaped, whatever they are. */
export type Part = string | number | Html | readonly Html[];

/** The one way to write markup: what is interpolated is text, unless `html` made it. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return Html.of(strings, values);
}

export const NOTHING = html``;

function partText(part: Part | undefined): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.toString();
  return Array.isArray(part) ? part.map(partText).join("") : escaped(String(part));
}

/** For an element as well as for an attribute in quotes. */
function escaped(text: string): string {
  return visible(text, LONGEST).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
