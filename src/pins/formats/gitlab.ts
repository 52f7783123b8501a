import { findIn, withWords, type Mentions } from "./collect.ts";
import { asWritten, fillBetween, fillVariables, quoted, unknown, type Filled } from "./filled.ts";
import type { Format } from "./format.ts";
import { textsOf, Variables, type Texts } from "./variables.ts";
import type { Text } from "./scalars.ts";
import type { Node, Yaml } from "./yaml.ts";

/** Top-level keys that are no jobs. */
const NO_JOBS = new Set(["variables", "stages", "include", "workflow", "cache", "spec", "image", "services"]);

export const gitlab: Format = {
  source: "gitlab",
  claims: ({ path }) =>
    /(?:^|\/)[^/]*\.gitlab-ci\.ya?ml$/.test(path) || (/(?:^|\/)\.gitlab\//.test(path) && /\.ya?ml$/.test(path)),
  find: findIn("gitlab", withWords("image", "services", "spec"), look),
};

function look(document: Yaml, mentions: Mentions, documents: readonly Yaml[]): void {
  const { root } = document;
  const inputs = inputsOf(documents);
  const variables = textsOf(document, document.get(root, "variables"), "value");
  imagesOf(document, root, mentions, new Values(inputs, [variables]));
  for (const [key, job] of document.entries(root)) {
    if (NO_JOBS.has(key)) continue;
    imagesOf(
      document,
      job,
      mentions,
      new Values(inputs, [textsOf(document, document.get(job, "variables"), "value"), variables]),
    );
  }
}

function imagesOf(document: Yaml, job: Node | null, mentions: Mentions, values: Values): void {
  const image = document.get(job, "image");
  for (const each of [image, ...document.items(document.get(job, "services"))]) {
    const text = document.text(each) ?? document.text(each, "name");
    if (text !== null) mentions.whole(text, values.fill(text));
  }
}

/** The inputs with a default, of the header of a file that others include. */
function inputsOf([header]: readonly Yaml[]): Texts {
  return header === undefined ? new Map() : textsOf(header, header.get(header.root, "spec", "inputs"), "default");
}

/** What a job's texts are filled in from, its own variables first. */
class Values {
  readonly #inputs: Texts;
  readonly #variables: Variables;

  constructor(inputs: Texts, variables: readonly Texts[]) {
    this.#inputs = inputs;
    this.#variables = new Variables(...variables);
  }

  fill(text: Text): Filled {
    const filled = fillBetween(text, "$[[", "]]", (expression) => {
      const input = this.#inputs.get(expression.replace(/^inputs\./, ""));
      return input === undefined ? unknown(`$[[ ${quoted(expression)} ]] has no default`) : asWritten(input);
    });
    if (filled.kind === "unknown" || !filled.value.includes("$")) return filled;
    if (filled.from === null) return unknown("it is put together from inputs and variables");
    return fillVariables(filled.from, (name) => this.#variables.value(name));
  }
}
