import { findIn, withWords, type Mentions } from "./collect.ts";
import { asWritten, fillBetween, quoted, unknown, type Filled } from "./filled.ts";
import type { Format } from "./format.ts";
import type { Text } from "./scalars.ts";
import type { Node, Yaml } from "./yaml.ts";

export const circleci: Format = {
  source: "circleci",
  claims: ({ path }) => /(?:^|\/)\.circleci\/[^/]*\.ya?ml$/.test(path),
  find: findIn("circleci", withWords("image"), look),
};

function look(document: Yaml, mentions: Mentions): void {
  const { root } = document;
  const orbs = document.entries(document.get(root, "orbs")).map(([, orb]) => orb);
  for (const scope of [root, ...orbs]) {
    for (const key of ["jobs", "executors"]) {
      for (const [, each] of document.entries(document.get(scope, key))) imagesOf(document, each, mentions);
    }
  }
}

/** The images of a job or an executor. */
function imagesOf(document: Yaml, job: Node, mentions: Mentions): void {
  for (const container of document.items(document.get(job, "docker"))) {
    const text = document.text(container, "image");
    if (text === null) continue;
    const filled = fillBetween(text, "<<", ">>", (name) => parameter(document, job, name));
    mentions.whole(text, filled);
  }
}

function parameter(document: Yaml, job: Node, name: string): Filled {
  const [scope, key] = name.startsWith("pipeline.parameters.")
    ? [document.root, name.slice("pipeline.parameters.".length)]
    : [job, name.replace(/^parameters\./, "")];
  const text: Text | null = document.text(scope, "parameters", key, "default");
  return text === null ? unknown(`<< ${quoted(name)} >> has no default`) : asWritten(text);
}
