import type { Descriptor } from "./descriptor.ts";
import { digestOf, isDigest, type Digest } from "./digest.ts";
import { fieldsAt, listAt, namesOf, optionalAt, optionalTextAt, quoted, refuse, type Fields } from "./fields.ts";
import { parseJson, parseJsonText, type JsonRules } from "./json.ts";
import { payloadOf } from "./jws.ts";
import { SCHEMA1_LAYER, SCHEMA1_SIGNED, SCHEMA1_UNSIGNED } from "./mediatype.ts";

/** One entry of `history`; stands at the same place as its layer, the top one first. */
export interface HistoryEntry {
  /** The v1 image JSON, exactly as it stands in the manifest. */
  readonly v1Compatibility: string;
  /** 64 hex characters. */
  readonly id: string;
  /** The id of the next entry; null for the last one. */
  readonly parent: string | null;
  /** The layer is empty and carries a command only. */
  readonly throwaway: boolean;
}

/** Docker image manifest version 2, schema 1. */
export interface Schema1Manifest {
  readonly kind: "schema1";
  readonly mediaType: string;
  /** sha256 of the payload: the signatures around it may differ from one answer to the next. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  /** What is signed, and all that is parsed; the bytes themselves where nothing is signed. */
  readonly payload: Uint8Array;
  readonly config: null;
  /** As `fsLayers` has them, the top one first; sizes are not known. */
  readonly layers: readonly Descriptor[];
  readonly history: readonly HistoryEntry[];
  readonly artifactType: null;
  readonly subject: null;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A signed payload that is not JSON: its digest is defined, its content is not. */
export interface UnreadableSchema1 extends Pick<Schema1Manifest, "mediaType" | "digest" | "bytes" | "payload"> {
  readonly kind: "unreadable";
  /** E_MANIFEST */
  readonly fault: Error;
}

const MOST_LAYERS = 10_000;
const ID = /^[0-9a-f]{64}$/;
const NAMES = namesOf(
  "schemaVersion",
  "name",
  "tag",
  "architecture",
  "fsLayers",
  "history",
  "signatures",
  "mediaType",
  "manifests",
  "layers",
  "config",
);
const LAYER_NAMES = namesOf("blobSum");
const HISTORY_NAMES = namesOf("v1Compatibility");
const V1_NAMES = namesOf("id", "parent", "throwaway");
const RULES: JsonRules = { what: "the payload of the schema 1 manifest" };
const V1_RULES: JsonRules = { what: "a v1Compatibility", freeMaps: new Set(["Labels", "Volumes", "ExposedPorts"]) };

/**
 * `mediaType` is one of the two of schema 1, or null where nobody says it. A signature is not verified: its key is in
 * the document, and the digest says more. `schemaVersion` is 1, or 2 as some registries write it: what the document is,
 * its media type and `fsLayers` say.
 */
export function parseSchema1(bytes: Uint8Array, mediaType: string | null): Schema1Manifest | UnreadableSchema1 {
  const signed = payloadOf(bytes);
  if (signed === null && mediaType === SCHEMA1_SIGNED)
    refuse("$.signatures", "missing in a manifest that is said to be signed");
  const payload = signed ?? bytes;
  const common = {
    mediaType: mediaType ?? (signed === null ? SCHEMA1_UNSIGNED : SCHEMA1_SIGNED),
    digest: digestOf(payload),
    bytes,
    payload,
  };
  const document = readPayload(payload);
  if ("fault" in document) return { ...common, kind: "unreadable", fault: document.fault };
  const content = parseContent(fieldsAt(document.value, "$", NAMES));
  return { ...common, ...content, kind: "schema1", config: null, artifactType: null, subject: null, annotations: {} };
}

function readPayload(payload: Uint8Array): { readonly value: unknown } | { readonly fault: Error } {
  try {
    return { value: parseJson(payload, RULES) };
  } catch (fault) {
    if (!(fault instanceof Error) || isJson(payload)) throw fault;
    return { fault };
  }
}

function isJson(payload: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(payload));
    return true;
  } catch {
    return false;
  }
}

function parseContent(fields: Fields): Pick<Schema1Manifest, "layers" | "history"> {
  for (const name of ["signatures", "manifests", "layers", "config"]) {
    if (Object.hasOwn(fields, name)) refuse(`$.${name}`, "has no place in what a schema 1 manifest signs");
  }
  if (fields["schemaVersion"] !== 1 && fields["schemaVersion"] !== 2)
    refuse("$.schemaVersion", `not 1: ${quoted(fields["schemaVersion"])}`);
  const layers = listAt(fields["fsLayers"], "$.fsLayers", MOST_LAYERS).map(parseLayer);
  const history = listAt(fields["history"], "$.history", MOST_LAYERS).map(parseHistory);
  if (layers.length === 0) refuse("$.fsLayers", "empty");
  if (layers.length !== history.length) refuse("$.history", `${history.length} entries for ${layers.length} layers`);
  checkChain(layers, history);
  return { layers, history };
}

function parseLayer(value: unknown, index: number): Descriptor {
  const path = `$.fsLayers[${index}]`;
  const digest = fieldsAt(value, path, LAYER_NAMES)["blobSum"];
  if (!isDigest(digest)) return refuse(`${path}.blobSum`, `not a sha256 or sha512 digest: ${quoted(digest)}`);
  return { mediaType: SCHEMA1_LAYER, digest, size: null, platform: null, artifactType: null, annotations: {} };
}

function parseHistory(value: unknown, index: number): HistoryEntry {
  const path = `$.history[${index}].v1Compatibility`;
  const text = fieldsAt(value, `$.history[${index}]`, HISTORY_NAMES)["v1Compatibility"];
  if (typeof text !== "string") return refuse(path, `not a string: ${quoted(text)}`);
  const fields = fieldsAt(parseJsonText(text, { ...V1_RULES, what: path }), path, V1_NAMES);
  const { id, parent, throwaway } = {
    id: fields["id"],
    parent: optionalTextAt(fields, "parent", path),
    throwaway: optionalAt(fields, "throwaway"),
  };
  if (typeof id !== "string" || !ID.test(id)) return refuse(`${path}.id`, `not 64 hex characters: ${quoted(id)}`);
  if (throwaway !== null && typeof throwaway !== "boolean")
    return refuse(`${path}.throwaway`, `not true or false: ${quoted(throwaway)}`);
  return { v1Compatibility: text, id, parent, throwaway: throwaway === true };
}

/** Each entry names the next one as its parent; old Docker wrote an entry twice, which is one entry. */
function checkChain(layers: readonly Descriptor[], history: readonly HistoryEntry[]): void {
  const seen = new Set<string>();
  history.forEach((entry, index) => {
    const next = history[index + 1];
    const repeats = next?.id === entry.id;
    const twin = next?.v1Compatibility === entry.v1Compatibility && layers[index + 1]?.digest === layers[index]?.digest;
    if (repeats && twin) return;
    const path = `$.history[${index}]`;
    if (repeats || seen.has(entry.id)) refuse(path, `the id ${entry.id} stands for different layers`);
    seen.add(entry.id);
    if (entry.parent !== (next?.id ?? null))
      refuse(path, `its parent is ${quoted(entry.parent)}, the next entry is ${quoted(next?.id ?? null)}`);
  });
}
