import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Blob, Image } from "../lab/image.ts";
import type { Scripted } from "../lab/liar-answer.ts";

/** Bytes: text with placeholders, an object of the artifact (edited, or with one bit turned over), a repetition, or several of these in a row. */
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

/** How it ends: exit code, and what the workers that were lied to report (`null`: no error; several: the engines call it differently). */
export interface Expected {
  readonly exit: number;
  readonly code: string | null | readonly string[];
  /** Must stand in what a person reads. */
  readonly words?: string;
}

export interface AttackCase {
  readonly file: string;
  readonly title: string;
  /** What the tag leads to: an index with one image (default), or the image itself. */
  readonly artifact?: "index" | "image";
  /** By place: `root`, `manifest`, `blob`, or `host/path`. The nth request gets the nth answer, the last again after that. */
  readonly answers: Readonly<Record<string, CaseAnswer | readonly CaseAnswer[]>>;
  /** With one liar, here or on a VM, and with the lie told to all. */
  readonly expect: Expected | { readonly one: Expected; readonly all: Expected };
  /** The most requests that one vantage may make at a place or at a host. */
  readonly requests?: Readonly<Record<string, number>>;
  /** `same`: where the exit code is 0, what is released are the honest bytes. */
  readonly released: "none" | "same";
  readonly secrets: "none";
  /** More arguments of the command line. */
  readonly flags?: readonly string[];
}

export type Place = "root" | "manifest" | "config" | "blob";

export interface Artifact {
  readonly repository: string;
  readonly root: Blob;
  readonly image: Image;
  readonly layer: Blob;
}

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

function objectAt(place: Place, { root, image, layer }: Artifact): Blob {
  return { root, manifest: image.manifest, config: image.config, blob: layer }[place];
}

/** Placeholders such as `{repository}` and `{blob}` (a digest) filled in. */
export function filled(text: string, artifact: Artifact, words: Readonly<Record<string, string>>): string {
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

export function bytesOf(spec: Bytes, artifact: Artifact, words: Readonly<Record<string, string>>): Buffer {
  if (typeof spec === "string") return Buffer.from(filled(spec, artifact, words));
  if ("repeat" in spec) return Buffer.from(spec.repeat.repeat(spec.times));
  if ("base64" in spec) return Buffer.from(spec.base64, "base64");
  if (!("of" in spec)) return Buffer.concat(spec.map((part) => bytesOf(part, artifact, words)));
  let bytes = Buffer.from(objectAt(spec.of, artifact).bytes);
  for (const [from, to] of spec.edit ?? []) {
    const text = bytes.toString("utf8");
    if (!text.includes(from)) throw new Error(`there is no ${from} to edit`);
    bytes = Buffer.from(text.replace(from, () => filled(to, artifact, words)));
  }
  if (spec.flipAt !== undefined) bytes.writeUInt8(bytes.readUInt8(spec.flipAt) ^ 1, spec.flipAt);
  return spec.cutTo === undefined ? bytes : bytes.subarray(0, spec.cutTo);
}

/** The answer with every placeholder filled in; at a place of the artifact it has the honest body and type unless it says others. */
export function answerOf(answer: CaseAnswer, place: string, artifact: Artifact, words: Readonly<Record<string, string>>): Scripted {
  const { body, raw, headers, ...rest } = answer;
  const known = ["root", "manifest", "blob"].includes(place) ? objectAt(place as Place, artifact) : null;
  const given = (Array.isArray(headers) ? headers : Object.entries(headers ?? {})) as readonly (readonly [string, string])[];
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
