import { findIn, withWords, type Mentions } from "./collect.ts";
import { asWritten, fillVariables } from "./filled.ts";
import type { Format } from "./format.ts";
import { matrixOf } from "./matrix.ts";
import type { Text } from "./scalars.ts";
import type { Yaml } from "./yaml.ts";

/** Drone and Woodpecker, which grew out of it. */
export const drone: Format = {
  source: "drone",
  claims: ({ path }) =>
    /(?:^|\/)\.(?:drone|woodpecker)\.ya?ml$/.test(path) || /(?:^|\/)\.woodpecker\/[^/]*\.ya?ml$/.test(path),
  find: findIn("drone", withWords("image"), look),
};

function look(document: Yaml, mentions: Mentions): void {
  for (const key of ["clone", "steps", "pipeline", "services"]) {
    const steps = document.get(document.root, key);
    // older files have a mapping by name
    for (const step of [...document.items(steps), ...document.entries(steps).map(([, each]) => each)]) {
      const text = document.text(step, "image");
      if (text !== null) imageOf(document, text, mentions);
    }
  }
}

/** One mention for each job of a Woodpecker matrix. */
function imageOf(document: Yaml, image: Text, mentions: Mentions): void {
  const jobs = image.value.includes("$") ? matrixOf(document, document.get(document.root, "matrix")) : [null];
  document.spend(jobs.length * 32);
  for (const job of jobs) {
    const value = (name: string): Text | null => document.text(job?.values.get(name) ?? null);
    mentions.whole(
      image,
      fillVariables(image, (name) => {
        const text = value(name);
        return text === null ? null : asWritten(text);
      }),
    );
  }
}
