import { findIn, withWords, type Mentions } from "./collect.ts";
import { fillVariables } from "./filled.ts";
import type { Format } from "./format.ts";
import { textsOf, Variables } from "./variables.ts";
import type { Yaml } from "./yaml.ts";

export const cloudbuild: Format = {
  source: "cloudbuild",
  claims: ({ path }) => /(?:^|\/)[^/]*cloudbuild[^/]*\.(?:ya?ml|json)$/.test(path),
  find: findIn("cloudbuild", withWords("name"), look),
};

function look(document: Yaml, mentions: Mentions): void {
  const variables = new Variables(textsOf(document, document.get(document.root, "substitutions")));
  for (const step of document.items(document.get(document.root, "steps"))) {
    const text = document.text(step, "name");
    if (text !== null)
      mentions.whole(
        text,
        fillVariables(text, (name) => variables.value(name)),
      );
  }
}
