import { findIn, withWords, type Mentions } from "./collect.ts";
import { asWritten, fillBetween, quoted, templated, unknown, type Filled } from "./filled.ts";
import type { Format, Found, TextFile } from "./format.ts";
import { targetOf } from "./mentions.ts";
import type { Text } from "./scalars.ts";
import type { Mapping, Node, Yaml } from "./yaml.ts";

/** Kinds whose texts are data or schemas. */
const NO_PODS = new Set(["ConfigMap", "Secret", "CustomResourceDefinition", "Kustomization", "Component"]);
const CONTAINERS = ["containers", "initContainers", "ephemeralContainers"];

const readManifests = findIn("kubernetes", hasPods, look);

export const tekton: Format = {
  source: "tekton",
  claims: (file) => file.text.includes("tekton.dev/") && isManifest(file),
  find: findManifests,
};

export const argo: Format = {
  source: "argo",
  claims: (file) => file.text.includes("argoproj.io/") && isManifest(file),
  find: findManifests,
};

export const kubernetes: Format = { source: "kubernetes", claims: isManifest, find: findManifests };

/** Both keys are somewhere in it, in whatever style; of JSON, which may be long, at the beginning. */
function isManifest({ path, text }: TextFile): boolean {
  if (/\.ya?ml$/.test(path)) return mayHave(text, "apiVersion") && mayHave(text, "kind");
  if (!path.endsWith(".json")) return false;
  const head = text.slice(0, 4096);
  return /^\ufeff?\s{0,100}\{/.test(head) && head.includes("apiVersion") && head.includes("kind");
}

/** A key may be written with escapes. */
function mayHave(text: string, key: string): boolean {
  return text.includes(key) || /\\[xuU]/.test(text);
}

/** What is no valid YAML is nothing that anybody could apply, unless it looks like a manifest. */
function findManifests(file: TextFile, room?: number): Found {
  const found = readManifests(file, room);
  if (found.mentions.length > 0 || looksLikeOne(file.text)) return found;
  return { ...found, unread: found.unread.filter(({ why }) => !why.includes("is no valid YAML")) };
}

function looksLikeOne(text: string): boolean {
  return /^\ufeff?["']?apiVersion["']?[ \t]*:/m.test(text) && /^\ufeff?["']?kind["']?[ \t]*:/m.test(text);
}

/** An object of an API. */
interface Owner {
  readonly group: string;
  readonly kind: string;
}

const hasWords = withWords("image", "bundle");

const SCHEMA = /^apiVersion: apiextensions\.k8s\.io\/v1(?:beta1)?\r?\nkind: CustomResourceDefinition\r?\n[ms]/m;

function hasPods(document: string): boolean {
  return hasWords(document) && !isPlainSchema(document);
}

/** A schema may be long, and is told from its first lines: any other line that could give the root a key is none. */
function isPlainSchema(document: string): boolean {
  if (!SCHEMA.test(document)) return false;
  const lines = document.split("\n").map((line) => line.trimEnd());
  const outer = lines.filter((line) => !/^(?:$|[ #]|---$)/.test(line));
  const [version, kind, ...others] = outer;
  return (
    version?.startsWith("apiVersion:") === true &&
    kind?.startsWith("kind:") === true &&
    others.every((line) => /^(?:metadata|spec|status):/.test(line))
  );
}

function look(document: Yaml, mentions: Mentions): void {
  const owners = new Map<Node, Owner>();
  for (const mapping of document.maps()) {
    const owner = ownerOf(document, mapping.node) ?? (mapping.up === null ? undefined : owners.get(mapping.up.node));
    if (owner === undefined) return;
    owners.set(mapping.node, owner);
    if (!NO_PODS.has(owner.kind)) readMapping(document, mapping, owner, mentions);
  }
}

function ownerOf(document: Yaml, node: Node): Owner | null {
  const kind = document.text(node, "kind");
  const version = kind === null ? null : document.text(node, "apiVersion");
  return kind === null || version === null
    ? null
    : { kind: kind.value, group: version.value.slice(0, Math.max(0, version.value.indexOf("/"))) };
}

function readMapping(document: Yaml, mapping: Mapping, { group }: Owner, mentions: Mentions): void {
  const { node } = mapping;
  const images = new Set<Text | null>();
  const listed = (key: string): void => {
    for (const item of document.items(document.get(node, key))) images.add(document.text(item, "image"));
  };
  CONTAINERS.forEach(listed);
  for (const volume of document.items(document.get(node, "volumes"))) {
    images.add(document.text(volume, "image", "reference"));
  }
  if (group === "tekton.dev") {
    ["steps", "sidecars"].forEach(listed);
    images.add(document.text(node, "stepTemplate", "image"));
    images.add(document.text(node, "taskRef", "bundle"));
    images.add(document.text(node, "pipelineRef", "bundle"));
    images.add(resolvedBundle(document, node));
    for (const image of images)
      if (image !== null) mentions.as("tekton").whole(image, withParameters(document, image, mapping));
    return;
  }
  if (group === "argoproj.io") {
    listed("sidecars");
    images.add(document.text(node, "container", "image"));
    images.add(document.text(node, "script", "image"));
  }
  if (isCustom(group)) images.add(taggedImage(document, node));
  const source = group === "argoproj.io" ? "argo" : "kubernetes";
  for (const image of images) if (image !== null) mentions.as(source).whole(image, templated(image));
}

/** A group that is none of Kubernetes' own. */
function isCustom(group: string): boolean {
  return group.includes(".") && !group.endsWith(".k8s.io");
}

/** An `image` of a custom resource may be anything; with a tag or a digest it is taken for a reference. */
function taggedImage(document: Yaml, node: Node): Text | null {
  const text = document.text(node, "image");
  if (text === null || !/[:@]/.test(text.value)) return null;
  const target = targetOf(text.value);
  if (target.kind !== "reference") return null;
  return target.reference.tag === undefined && target.reference.digest === undefined ? null : text;
}

function resolvedBundle(document: Yaml, node: Node): Text | null {
  if (document.text(node, "resolver")?.value !== "bundles") return null;
  const bundle = document
    .items(document.get(node, "params"))
    .find((parameter) => document.text(parameter, "name")?.value === "bundle");
  return document.text(bundle ?? null, "value");
}

/** A parameter's default is that of the nearest `params` around it. */
function withParameters(document: Yaml, image: Text, mapping: Mapping): Filled {
  return fillBetween(image, "$(", ")", (expression) => {
    const name = /^(?:inputs\.)?params(?:\.([^."'[\]]+)|\[["']([^"'[\]]+)["']\])$/.exec(expression);
    const wanted = name?.[1] ?? name?.[2];
    for (let at: Mapping | null = mapping; at !== null && wanted !== undefined; at = at.up) {
      const parameters = document.items(document.get(at.node, "params"));
      const own = parameters.find((parameter) => document.text(parameter, "name")?.value === wanted);
      const text = document.text(own ?? null, "default");
      if (text !== null) return asWritten(text);
    }
    return unknown(
      wanted === undefined
        ? `$(${quoted(expression)}) is known only when it runs`
        : `the parameter ${quoted(wanted)} has no default`,
    );
  });
}
