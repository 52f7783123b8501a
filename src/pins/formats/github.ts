import { findIn, withWords, type Mentions } from "./collect.ts";
import { asWritten, fillBetween, part, quoted, unknown, type Filled } from "./filled.ts";
import type { Format } from "./format.ts";
import { gitTargetOf } from "./gittarget.ts";
import { matrixOf, type Combination } from "./matrix.ts";
import type { Text } from "./scalars.ts";
import type { Node, Yaml } from "./yaml.ts";

const DOCKER = "docker://";
/** What a mention costs, in looks at a node: a few lines can make hundreds of them. */
const COST = 32;

export const github: Format = {
  source: "github",
  claims: ({ path }) =>
    /(?:^|\/)\.(?:github|gitea|forgejo)\/workflows\/[^/]*\.ya?ml$/.test(path) || /(?:^|\/)action\.ya?ml$/.test(path),
  find: findIn("github", withWords("container", "image", "uses"), look),
};

function look(document: Yaml, mentions: Mentions): void {
  const { root } = document;
  const runs = document.get(root, "runs");
  stepsOf(document, runs, mentions);
  docker(document.text(runs, "image"), mentions);
  for (const [, job] of document.entries(document.get(root, "jobs"))) readJob(document, job, mentions);
}

function readJob(document: Yaml, job: Node, mentions: Mentions): void {
  stepsOf(document, job, mentions);
  uses(document.text(job, "uses"), mentions);
  const container = document.text(job, "container") ?? document.text(job, "container", "image");
  const services = document.entries(document.get(job, "services"));
  const images = [container, ...services.map(([, service]) => document.text(service, "image"))];
  const combinations = images.some((image) => image?.value.includes("matrix") === true)
    ? matrixOf(document, document.get(job, "strategy", "matrix"))
    : null;
  for (const image of images) if (image !== null) imageOf(document, image, combinations, mentions);
}

/** One mention for each image that the job's matrix makes of a text. */
function imageOf(document: Yaml, image: Text, combinations: readonly Combination[] | null, mentions: Mentions): void {
  const used = combinations === null || !image.value.includes("matrix") ? [null] : combinations;
  document.spend(used.length * COST);
  for (const combination of used) {
    const filled = fillBetween(image, "${{", "}}", (expression) => valueOf(document, expression, combination));
    mentions.whole(image, withoutScheme(filled));
  }
}

function valueOf(document: Yaml, expression: string, combination: Combination | null): Filled {
  const [matrix, ...keys] = expression.split(".").map((each) => each.trim());
  const known = matrix === "matrix" && keys.length > 0 && combination !== null;
  if (!known || !keys.every((key) => /^[\w-]+$/.test(key))) {
    return atRuntime(expression);
  }
  const [first = "", ...rest] = keys;
  const text = document.text(combination.values.get(first) ?? null, ...rest);
  if (text === null && !combination.dynamic) return { kind: "known", value: "", from: null };
  return text === null || text.value.includes("${{") ? atRuntime(expression) : asWritten(text);
}

function atRuntime(expression: string): Filled {
  return unknown(`\${{ ${quoted(expression)} }} is known only when the workflow runs`);
}

/** The runner takes `docker://` before a container's image as well. */
function withoutScheme(filled: Filled): Filled {
  if (filled.kind === "unknown" || !filled.value.startsWith(DOCKER)) return filled;
  const { value, from } = filled;
  return { kind: "known", value: value.slice(DOCKER.length), from: from === null ? null : part(from, DOCKER.length) };
}

function stepsOf(document: Yaml, job: Node | null, mentions: Mentions): void {
  for (const step of document.items(document.get(job, "steps"))) uses(document.text(step, "uses"), mentions);
}

/** An image, or an action or a workflow of a Git repository. What begins with `./` stands in this one. */
function uses(text: Text | null, mentions: Mentions): void {
  if (text === null || text.value.startsWith("./")) return;
  if (text.value.startsWith(DOCKER)) docker(text, mentions);
  else mentions.names(text, gitTargetOf(text.value, mentions.file.path));
}

function docker(text: Text | null, mentions: Mentions): void {
  if (text?.value.startsWith(DOCKER) !== true) return;
  const image = part(text, DOCKER.length);
  mentions.whole(image, fillBetween(image, "${{", "}}", atRuntime));
}
