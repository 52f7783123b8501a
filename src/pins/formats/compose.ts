import { fillVariables, part, type Filled } from "./filled.ts";
import { findIn, withWords, type Mentions } from "./collect.ts";
import { mentionsInDockerfile } from "./dockerfile.ts";
import type { Format } from "./format.ts";
import type { Block, Text } from "./scalars.ts";
import type { Node, Yaml } from "./yaml.ts";

/** The ways in which an image that is also built is pulled first. */
const PULLED = /^(?:always|missing|if_not_present|daily|weekly|every_.*)$/;
const IMAGE_CONTEXT = "docker-image://";
const OCI = "oci://";

export const compose: Format = {
  source: "compose",
  claims: ({ path, text }) =>
    /(?:^|\/)(?:docker-)?compose[^/]*\.ya?ml$/.test(path) ||
    (/\.ya?ml$/.test(path) && /^services:/m.test(text) && /^[ \t]+image:/m.test(text)),
  find: findIn("compose", withWords("image", "model", "include", "dockerfile_inline"), look),
};

function look(document: Yaml, mentions: Mentions): void {
  const { root } = document;
  for (const [, service] of document.entries(document.get(root, "services"))) readService(document, service, mentions);
  for (const [, model] of document.entries(document.get(root, "models"))) {
    mention(document.text(model, "model"), mentions);
  }
  for (const include of document.items(document.get(root, "include"))) {
    const path = document.text(include) ?? document.text(include, "path");
    for (const each of path === null ? document.items(document.get(include, "path")) : [include]) {
      prefixed(path ?? document.text(each), OCI, mentions);
    }
  }
}

function readService(document: Yaml, service: Node, mentions: Mentions): void {
  const build = document.get(service, "build");
  const built = document.text(service, "build") !== null || document.isMap(build);
  const policy = document.text(service, "pull_policy")?.value ?? "";
  if (!built || PULLED.test(policy)) mention(document.text(service, "image"), mentions);
  for (const volume of document.items(document.get(service, "volumes"))) {
    if (document.text(volume, "type")?.value === "image") mention(document.text(volume, "source"), mentions);
  }
  const contexts = document.get(build, "additional_contexts");
  for (const [, context] of document.entries(contexts)) prefixed(document.text(context), IMAGE_CONTEXT, mentions);
  for (const item of document.items(contexts)) {
    const text = document.text(item);
    if (text !== null) prefixed(part(text, text.value.indexOf("=") + 1), IMAGE_CONTEXT, mentions);
  }
  inlineDockerfile(document.block(document.get(build, "dockerfile_inline")), mentions);
}

function mention(text: Text | null, mentions: Mentions): void {
  if (text !== null) mentions.whole(text, filled(text));
}

/** A variable without a default is set from outside; `.env` files are not read. */
function filled(text: Text): Filled {
  return fillVariables(text, () => null);
}

function prefixed(text: Text | null, prefix: string, mentions: Mentions): void {
  if (text?.value.startsWith(prefix) === true) mention(part(text, prefix.length), mentions);
}

function inlineDockerfile(block: Block | null, mentions: Mentions): void {
  if (block === null) return;
  const { value, outer } = undoubled(block);
  const otherwise = { start: block.start, end: block.end };
  const { source, lines } = mentions;
  for (const each of mentionsInDockerfile(value, { source, file: mentions.file.path, lines, outer, otherwise })) {
    mentions.take(each);
  }
}

/** `$$` is a dollar sign in a Compose file, also within a Dockerfile. */
function undoubled({ value, outer }: Block): Pick<Block, "value" | "outer"> {
  const kept: number[] = [];
  let single = "";
  for (let at = 0; at < value.length; at++) {
    if (value.startsWith("$$", at)) at++;
    kept.push(at);
    single += value[at] ?? "";
  }
  return { value: single, outer: (offset) => outer(kept[offset] ?? value.length) };
}
