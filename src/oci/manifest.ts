import { Tofu3Error, visible } from "../errors.ts";
import { parseDescriptor, type Descriptor } from "./descriptor.ts";
import { digestOf, type Digest } from "./digest.ts";
import {
  annotationsAt,
  fieldsAt,
  listAt,
  namesOf,
  optionalAt,
  optionalTextAt,
  quoted,
  refuse,
  type Fields,
} from "./fields.ts";
import { parseJson, type JsonRules } from "./json.ts";
import {
  DOCKER_CONFIG,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
  kindOfMediaType,
  normaliseMediaType,
  type DocumentKind,
} from "./mediatype.ts";
import { parseSchema1, type Schema1Manifest, type UnreadableSchema1 } from "./schema1.ts";

interface Common {
  /** Without parameters, in lower case; if nothing states it, guessed from the document's shape. */
  readonly mediaType: string;
  /** sha256 of the bytes. */
  readonly digest: Digest;
  /** Exactly as given; never re-serialised. */
  readonly bytes: Uint8Array;
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** The descriptor of the manifest that this one refers to; never followed. */
  readonly subject: Descriptor | null;
}

/** image-spec 1.1, image-index.md; also the Docker manifest list. */
export interface Index extends Common {
  readonly kind: "index";
  readonly manifests: readonly Descriptor[];
}

/** image-spec 1.1, manifest.md; also Docker schema 2. */
export interface ImageManifest extends Common {
  readonly kind: "manifest";
  readonly config: Descriptor;
  /** The base layer first; may be empty. */
  readonly layers: readonly Descriptor[];
}

export type Manifest = Index | ImageManifest | Schema1Manifest;

const MOST_CHILDREN = 10_000;
const NAMES = namesOf(
  ...["schemaVersion", "mediaType", "manifests", "config", "layers", "fsLayers", "history", "signatures"],
  ...["artifactType", "annotations", "subject"],
);
const MARKS: readonly (readonly [kind: DocumentKind, names: readonly string[]])[] = [
  ["index", ["manifests"]],
  ["manifest", ["config", "layers"]],
  ["schema1", ["fsLayers", "history", "signatures"]],
];
const RULES: JsonRules = { what: "the manifest", freeMaps: new Set(["annotations"]) };

/**
 * Parses an index, a manifest or a Docker schema 1 manifest, checking every field. `mediaType` is the Content-Type or
 * the mediaType of the parent's descriptor; without it the document's own counts, failing that its shape. Refuses what
 * parsers read differently: two kinds in one document, a contradicting `mediaType`, one digest with two sizes, and all
 * that parseJson refuses. Throws E_MANIFEST (with the JSON path) and E_MEDIA_TYPE.
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string | null): Manifest | UnreadableSchema1 {
  const given = mediaType === undefined || mediaType === null ? null : knownMediaType(mediaType, "the registry says");
  if (given !== null && kindOfMediaType(given) === "schema1") return parseSchema1(bytes, given);
  const fields = fieldsAt(parseJson(bytes, RULES), "$", NAMES);
  const kind = kindOfShape(fields);
  const type = agreedMediaType(given, optionalTextAt(fields, "mediaType", "$"));
  if (type !== null && kindOfMediaType(type) !== kind)
    refuse("$", `it is said to be ${type}, but it is ${article(kind)}`);
  if (kind === "schema1") return parseSchema1(bytes, type);
  if (fields["schemaVersion"] !== 2) refuse("$.schemaVersion", `not 2: ${quoted(fields["schemaVersion"])}`);
  const content = kind === "index" ? parseIndexContent(fields) : parseManifestContent(fields);
  return {
    ...content,
    mediaType: type ?? guessMediaType(content),
    digest: digestOf(bytes),
    bytes,
    ...commonOf(fields),
  };
}

/** The same for whoever needs the content. Throws E_MANIFEST for schema 1 that has a digest and cannot be read. */
export function readManifest(bytes: Uint8Array, mediaType: string | null): Manifest {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind === "unreadable") throw manifest.fault;
  return manifest;
}

function knownMediaType(text: string, who: string): string {
  if (kindOfMediaType(text) !== null) return normaliseMediaType(text);
  throw new Tofu3Error(
    "E_MEDIA_TYPE",
    `${who} that the manifest is "${visible(text, 150)}", which is not a type that can be verified`,
    {
      hint: "only OCI and Docker indexes and manifests can be verified; a text or HTML page comes from something in front of the registry",
    },
  );
}

function agreedMediaType(given: string | null, own: string | null): string | null {
  if (own === null) return given;
  const type = knownMediaType(own, "the manifest says");
  if (given === null || given === type) return type;
  throw new Tofu3Error("E_MEDIA_TYPE", `the manifest says that it is ${type}, but it is served as ${given}`, {
    hint: "clients that trust one or the other see different artifacts, so the document is refused",
  });
}

function kindOfShape(fields: Fields): DocumentKind {
  const [first, ...others] = MARKS.filter(([, names]) => names.some((name) => Object.hasOwn(fields, name)));
  if (first === undefined)
    return refuse("$", "neither an index nor a manifest: it has no manifests, config, layers or fsLayers");
  if (others.length > 0)
    return refuse(
      "$",
      `two documents in one: it is ${[first, ...others].map(([kind]) => article(kind)).join(" and ")}`,
    );
  return first[0];
}

function article(kind: DocumentKind): string {
  return kind === "index" ? "an index" : kind === "manifest" ? "a manifest" : "a schema 1 manifest";
}

function parseIndexContent(fields: Fields): Pick<Index, "kind" | "manifests"> {
  const manifests = descriptorsAt(fields, "manifests");
  checkSizes(manifests);
  return { kind: "index", manifests };
}

function parseManifestContent(fields: Fields): Pick<ImageManifest, "kind" | "config" | "layers"> {
  const config = parseDescriptor(fields["config"], "$.config");
  const layers = descriptorsAt(fields, "layers");
  checkSizes([config, ...layers]);
  return { kind: "manifest", config, layers };
}

function descriptorsAt(fields: Fields, name: string): Descriptor[] {
  return listAt(fields[name], `$.${name}`, MOST_CHILDREN).map((value, index) =>
    parseDescriptor(value, `$.${name}[${index}]`),
  );
}

function checkSizes(descriptors: readonly Descriptor[]): void {
  const sizes = new Map<string, number | null>();
  for (const { digest, size } of descriptors) {
    const before = sizes.get(digest);
    if (before !== undefined && before !== size)
      refuse("$", `${digest} has the size ${String(before)} in one place and ${String(size)} in another`);
    sizes.set(digest, size);
  }
}

function guessMediaType(content: Pick<Index, "kind"> | Pick<ImageManifest, "kind" | "config">): string {
  if (content.kind === "index") return OCI_INDEX;
  return content.config.mediaType === DOCKER_CONFIG ? DOCKER_MANIFEST : OCI_MANIFEST;
}

function commonOf(fields: Fields): Pick<Common, "artifactType" | "annotations" | "subject"> {
  const subject = optionalAt(fields, "subject");
  return {
    artifactType: optionalTextAt(fields, "artifactType", "$"),
    annotations: annotationsAt(fields, "$"),
    subject: subject === null ? null : parseDescriptor(subject, "$.subject"),
  };
}
