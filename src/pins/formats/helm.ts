import { findIn, pinTag, pinText, withWords, type Mentions } from "./collect.ts";
import { templated } from "./filled.ts";
import type { Format } from "./format.ts";
import { byHand } from "./mentions.ts";
import type { Pinning } from "../../model/mention.ts";
import type { Text } from "./scalars.ts";
import type { Mapping, Node, Yaml } from "./yaml.ts";

const APP_VERSION = "the tag is the chart's appVersion, which only the chart knows";
const IMAGE_KEY = /(?:^i|I|_i)mage$/;

export const helm: Format = {
  source: "helm",
  claims: ({ path }) => /(?:^|\/)(?:[^/]*[-._])?values[^/]*\.ya?ml$/.test(path),
  find: findIn("helm", withWords("mage", "repository"), look),
};

function look(document: Yaml, mentions: Mentions): void {
  for (const mapping of document.maps()) {
    const repository = document.text(mapping.node, "repository");
    if (repository !== null && isSplit(document, mapping, repository))
      splitImage(document, mapping.node, repository, mentions);
    for (const [key, value] of document.entries(mapping.node)) {
      const text = IMAGE_KEY.test(key) ? document.text(value) : null;
      if (text !== null) imageText(document, mapping.node, key, text, mentions);
    }
  }
}

/** A `repository` may also be one of Git or of charts. */
function isSplit(document: Yaml, { node, key }: Mapping, repository: Text): boolean {
  if (repository.value === "" || repository.value.includes("://")) return false;
  return /image$/i.test(key ?? "") || ["registry", "tag", "digest"].some((each) => document.get(node, each) !== null);
}

function splitImage(document: Yaml, node: Node, repository: Text, mentions: Mentions): void {
  const [registry, tag, digest] = [
    document.filledText(node, "registry"),
    document.filledText(node, "tag"),
    document.filledText(node, "digest"),
  ];
  const named = /[@:]/.test(repository.value.slice(repository.value.lastIndexOf("/") + 1));
  if (tag === null && digest === null && !named) {
    mentions.unknown(repository, APP_VERSION);
    return;
  }
  mentions.split({
    registry: registry === null ? null : templated(registry),
    repository: templated(repository),
    tag: tag === null ? null : templated(tag),
    digest: digest === null ? null : templated(digest),
    place: repository,
    remark: digest ?? tag ?? repository,
    pinning: pinningOf(document, node, tag),
  });
}

/** A chart that has a key for the digest uses it before the tag. */
function pinningOf(document: Yaml, node: Node, tag: Text | null): Pinning {
  const digest = document.text(node, "digest");
  if (digest !== null) return pinText(digest);
  const gap = document.gap(node, "digest");
  if (gap !== null) return { kind: "edits", edits: [{ ...gap, before: gap.start === gap.end ? " " : "", after: "" }] };
  return tag === null ? byHand("it has neither a tag nor a key for the digest") : pinTag(tag);
}

function imageText(document: Yaml, node: Node, key: string, text: Text, mentions: Mentions): void {
  const { value } = text;
  const tag = document.filledText(node, "tag") ?? document.filledText(node, "imageTag");
  const bare = !/[@:]/.test(value.slice(value.lastIndexOf("/") + 1));
  if (key === "image" && bare && tag !== null && value !== "") {
    const [repository, written] = [templated(text), templated(tag)];
    mentions.split({ repository, tag: written, digest: null, place: text, remark: tag, pinning: pinTag(tag) });
  } else if (isImage(key, value)) mentions.whole(text, templated(text));
}

/** A chart may have any text under such a key: a switch, a picture, the name of a machine's image. */
function isImage(key: string, value: string): boolean {
  if (/\s/.test(value.replace(/\{\{.{0,200}?\}\}/g, "")) || value.includes("://")) return false;
  if (/\.(?:png|svg|jpe?g|gif|ico|webp)$/i.test(value) || /^(?:true|false|yes|no|on|off|\d+)$/i.test(value))
    return false;
  return key === "image" || /[/:]/.test(value);
}
