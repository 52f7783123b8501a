import { findIn, pinTag, pinText, withWords, type Mentions } from "./collect.ts";
import { asWritten, templated } from "./filled.ts";
import type { Format } from "./format.ts";
import type { Node, Yaml } from "./yaml.ts";

export const kustomize: Format = {
  source: "kustomize",
  claims: ({ path }) => /(?:^|\/)(?:kustomization\.ya?ml|Kustomization)$/.test(path),
  find: findIn("kustomize", withWords("image"), look),
};

function look(document: Yaml, mentions: Mentions): void {
  for (const image of document.items(document.get(document.root, "images"))) readImage(document, image, mentions);
}

/** What the manifests' images of a name become. */
function readImage(document: Yaml, image: Node, mentions: Mentions): void {
  const renamed = document.filledText(image, "newName");
  const place = renamed ?? document.filledText(image, "name");
  if (place === null) return;
  const [tag, digest] = [document.filledText(image, "newTag"), document.filledText(image, "digest")];
  const pinned = digest ?? tag;
  if (pinned === null) {
    const changes = renamed !== null || document.text(image, "tagSuffix") !== null;
    if (changes) mentions.unknown(place, "its tag is that of the manifests it changes");
    return;
  }
  mentions.split({
    repository: templated(place),
    tag: tag === null ? null : templated(tag),
    digest: digest === null ? null : asWritten(digest),
    place,
    remark: pinned,
    pinning: digest === null ? pinTag(pinned) : pinText(digest),
  });
}
