import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Blob } from "../lab/image.ts";
import type { Scripted } from "../lab/liar-answer.ts";
import type { Artifact, ArtifactName } from "./artifacts.ts";

/**
 * Bytes: text with placeholders, an object of the artifact (edited, or with one bit turned over), a repetition, or
 * several of these in a row.
 */
export type Bytes =
  | string
  | {
      readonly of: Place;
      readonly edit?: readonly (readonly [string, string])[];
      readonly flipAt?: number;
      readonly cutTo?: number;
    }
  | { readonly repeat: string; readonly times: number }
  | { readonly base64: string }
  | readonly Bytes[];

/** An answer of the liar as it stands in a case file; what it does not say, an honest registry would. */
export type CaseAnswer = Omit<Scripted, "body" | "raw" | "headers"> & {
  readonly body?: Bytes;
  readonly raw?: Bytes;
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
};

/** By place; the nth request gets the nth answer, the last again after that. */
export type Answers = Readonly<Record<string, CaseAnswer | readonly CaseAnswer[]>>;

/**
 * How it ends: exit code, and what the workers that were lied to report (`null`: no error; several: the engines call it
 * differently).
 */
export interface Expected {
  readonly exit: number;
  readonly code: string | null | readonly string[];
  /** Must stand in what a person reads. */
  readonly words?: string;
}

/**
 * What becomes of the vantage `sgp`, in every position; nothing of it: it is told the truth, also where the others are
 * all lied to.
 */
export interface Third {
  readonly instead?: ArtifactName;
  readonly answers?: Answers;
  /** Nobody answers where its VM should be. */
  readonly dead?: true;
}

/**
 * One hostile registry. Who is lied to is the position: this machine, one VM, or all (two, where the third has a fate
 * of its own). The others see
 * `artifact`. Places: `root`, `manifest`, `blob`, `blobs` (every layer), `entry0` (what the root names first), or
 * `host/path`.
 */
export interface AttackCase {
  readonly file: string;
  readonly title: string;
  /** What the tag leads to, by a name of artifacts.ts; an index with one image by default. */
  readonly artifact?: ArtifactName;
  /** Another artifact, complete and right in itself, for those that are lied to. */
  readonly instead?: ArtifactName;
  /** For those that are lied to, about `instead` where that is given. */
  readonly answers: Answers;
  /** For the others. */
  readonly others?: Answers;
  readonly third?: Third;
  /** The shells of the VMs end with status 1, after they have told everything. */
  readonly unclean?: true;
  /** With one liar, here or on a VM, and with the lie told to all. */
  readonly expect: Expected | { readonly one: Expected; readonly all: Expected };
  /** The most requests that one vantage may make at a place or at a host. */
  readonly requests?: Readonly<Record<string, number>>;
  /** `same`: where the exit code is 0, what is released are the bytes that all were told. */
  readonly released: "none" | "same";
  readonly secrets: "none";
  /** More arguments of the command line. */
  readonly flags?: readonly string[];
  /** Other limits of the configuration. */
  readonly limits?: Readonly<Record<string, number>>;
  /** It has to end sooner than others. */
  readonly seconds?: number;
  /** The most memory that it may take, where that is more than others take. */
  readonly megabytes?: number;
}

/** Of a place that has bytes. */
export type Place = "root" | "manifest" | "config" | "blob" | `entry${number}`;

/** An artifact and the repository that it stands in. */
export type Told = Artifact & { readonly repository: string };

const FOLDER = join(import.meta.dirname, "cases");

export function loadCases(): AttackCase[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((file) => ({ ...(JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Omit<AttackCase, "file">), file }));
}

export function expectedOf({ expect }: AttackCase, position: "here" | "fra" | "all"): Expected {
  if ("exit" in expect) return expect;
  return position === "all" ? expect.all : expect.one;
}

/** The object at a place; null where the place is none of the artifact. */
function objectAt(place: string, { root, image, layer, entries }: Told): Blob | null {
  const [, entry] = /^entry([0-9]+)$/.exec(place) ?? [];
  if (entry !== undefined) return entries[Number(entry)] ?? null;
  return (
    new Map(Object.entries({ root, manifest: image.manifest, config: image.config, blob: layer })).get(place) ?? null
  );
}

/** Paths of a place in the liar's registry; empty for a host. */
export function pathsOf(place: string, artifact: Told): string[] {
  const { repository, image, layer } = artifact;
  if (place === "root") return [`/v2/${repository}/manifests/v1`];
  if (place === "rootByDigest") return [`/v2/${repository}/manifests/${artifact.root.digest}`];
  if (place === "blobs") return image.layers.map(({ digest }) => `/v2/${repository}/blobs/${digest}`);
  if (place === "config") return [`/v2/${repository}/blobs/${image.config.digest}`];
  if (place === "blob") return [`/v2/${repository}/blobs/${layer.digest}`];
  const document = objectAt(place, artifact);
  return document === null ? [] : [`/v2/${repository}/manifests/${document.digest}`];
}

/** Placeholders such as `{repository}` and `{blob}` (a digest) filled in. */
export function filled(text: string, artifact: Told, words: Readonly<Record<string, string>>): string {
  const { repository, root, image, layer } = artifact;
  const known: Readonly<Record<string, string>> = {
    ...words,
    repository,
    root: root.digest,
    manifest: image.manifest.digest,
    config: image.config.digest,
    blob: layer.digest,
    rootSize: String(root.size),
    blobSize: String(layer.size),
  };
  return text.replace(/\{([a-zA-Z]+)\}/g, (whole, name: string) => known[name] ?? whole);
}

export function bytesOf(spec: Bytes, artifact: Told, words: Readonly<Record<string, string>>): Buffer {
  if (typeof spec === "string") return Buffer.from(filled(spec, artifact, words));
  if ("repeat" in spec) return Buffer.from(spec.repeat.repeat(spec.times));
  if ("base64" in spec) return Buffer.from(spec.base64, "base64");
  if (!("of" in spec)) return Buffer.concat(spec.map((part) => bytesOf(part, artifact, words)));
  let bytes = Buffer.from(objectAt(spec.of, artifact)?.bytes ?? "");
  for (const [from, to] of spec.edit ?? []) {
    const text = bytes.toString("utf8");
    if (!text.includes(from)) throw new Error(`there is no ${from} to edit`);
    bytes = Buffer.from(text.replace(from, () => filled(to, artifact, words)));
  }
  if (spec.flipAt !== undefined) bytes.writeUInt8(bytes.readUInt8(spec.flipAt) ^ 1, spec.flipAt);
  return spec.cutTo === undefined ? bytes : bytes.subarray(0, spec.cutTo);
}

/**
 * The answer with every placeholder filled in; at a place of the artifact it has the honest body and type unless it
 * says others.
 */
export function answerOf(
  answer: CaseAnswer,
  place: string,
  artifact: Told,
  words: Readonly<Record<string, string>>,
): Scripted {
  const { body, raw, headers, ...rest } = answer;
  const known = objectAt(place, artifact);
  const given = (Array.isArray(headers) ? headers : Object.entries(headers ?? {})) as readonly (readonly [
    string,
    string,
  ])[];
  const pairs = given.map(([name, value]) => [name, filled(value, artifact, words)] as const);
  const typed = pairs.some(([name]) => name.toLowerCase() === "content-type");
  const type = typed || known === null ? [] : [["Content-Type", known.mediaType] as const];
  const content = body === undefined ? (known?.bytes ?? Buffer.alloc(0)) : bytesOf(body, artifact, words);
  return {
    ...rest,
    headers: [...type, ...pairs],
    body: content,
    ...(raw === undefined ? {} : { raw: bytesOf(raw, artifact, words) }),
  };
}
