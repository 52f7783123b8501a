import { basename, resolve } from "node:path";
import { quoted } from "../durable.ts";
import { Tofu3Error } from "../errors.ts";
import { nameInUrl } from "../file/name.ts";
import { parseSums, sumOf } from "../file/sums.ts";
import { isWebAddress, parseFileUrl } from "../file/url.ts";
import type { VerifyRequest } from "../coordinator/verify.ts";
import { isFile } from "../model/subject.ts";
import type { Digest } from "../oci/digest.ts";
import { readSmallFile } from "../smallfile.ts";
import type { Io } from "./io.ts";
import type { Named } from "./subject.ts";

/** What a person knows of a file, or wants others to be asked. */
export interface PinWishes {
  readonly pin: Digest | null;
  readonly sums: string | null;
  readonly mirrors: readonly string[];
  readonly witness: boolean;
  /** `-o`: of a file whose URL does not name it, the name that counts in a checksum file. */
  readonly destination: string | null;
}

/** `sums`: the URL of a checksum file, for all vantages to fetch. */
export type Pinned = Named & Pick<VerifyRequest, "witness" | "told" | "mirrors"> & { readonly sums: string | null };

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * What was named, held to what is known of it. Throws E_USAGE where that does not go with a reference, and for two pins
 * that differ; E_SUMS for a checksum file of this machine that does not name it.
 */
export async function pinnedBy(wishes: PinWishes, named: Named, io: Io): Promise<Pinned> {
  const { pin, sums, mirrors, witness } = wishes;
  const { subject } = named;
  if (!isFile(subject)) {
    if (pin !== null || sums !== null || witness) throw notForReferences(named.reference);
    if (mirrors.length > 0) throw mirrorsAreConfigured();
    return { ...named, sums: null, mirrors: undefined };
  }
  const held = withMirrors(withPin(named, pin), mirrors);
  const asked = { ...held, witness, sums: null };
  if (sums === null) return asked;
  if (isWebAddress(sums)) return { ...asked, sums: checkedUrl(sums) };
  const digest = await digestFrom(sums, nameOf(subject.url, wishes), io);
  const note = { kind: "sums", source: sums, digest, workers: [], trouble: null } as const;
  return { ...asked, ...withPin(held, digest), told: [note] };
}

function checkedUrl(text: string): string {
  const { url, pin } = parseFileUrl(text);
  return pin === null ? url : `${url}#${pin.replace(":", "=")}`;
}

function nameOf(url: string, { destination }: PinWishes): string {
  const name = nameInUrl(url);
  if (name.kind === "name") return name.name;
  return destination === null || destination.endsWith("/") ? "" : basename(destination.replace(/^file:/, ""));
}

async function digestFrom(file: string, name: string, { cwd }: Io): Promise<Digest> {
  const path = resolve(cwd, file);
  const what = `the checksum file ${quoted(file)}`;
  const bytes = await readSmallFile(path, { what, code: "E_SUMS", limit: MOST_BYTES });
  if (bytes === null) {
    throw new Tofu3Error("E_USAGE", `cannot read ${what}: there is no such file`, {
      hint: "--sums takes a file, or the https:// URL of one",
    });
  }
  return sumOf(parseSums(bytes, what), name, what);
}

function withPin(named: Named, pin: Digest | null): Named {
  const { subject } = named;
  if (pin === null || !isFile(subject)) return named;
  if (subject.pin !== null && subject.pin !== pin) {
    throw new Tofu3Error("E_USAGE", `the file is pinned to ${subject.pin}, and to ${pin} as well`, {
      hint: "leave out the one that is wrong",
    });
  }
  return { ...named, subject: { ...subject, pin } };
}

/** Throws E_REFERENCE for what is no URL, E_USAGE for one that is not another place. */
function withMirrors(named: Named, mirrors: readonly string[]): Named & Pick<VerifyRequest, "mirrors"> {
  const { subject } = named;
  if (mirrors.length === 0 || !isFile(subject)) return { ...named, mirrors: undefined };
  const parsed = mirrors.map((each) => parseFileUrl(each));
  const shown = parsed.map((each) => each.shown);
  if (new Set([subject.url, ...shown]).size <= shown.length) {
    throw new Tofu3Error("E_USAGE", "a mirror is given twice, or is the URL itself", { hint: "name other places" });
  }
  const pins = [...new Set(parsed.flatMap((each) => each.pin ?? []))];
  const held = pins.reduce<Named>((each, pin) => withPin(each, pin), named);
  const about = isFile(held.subject) ? held.subject : subject;
  return { ...held, subject: { ...about, mirrors: shown }, mirrors: parsed.map(({ url }) => url) };
}

function mirrorsAreConfigured(): Tofu3Error {
  return new Tofu3Error("E_USAGE", "--mirror is another URL of a file, and this is a reference of a registry", {
    hint: "other registries of an image stand in tofu3.yaml: mirrors: { docker.io: [mirror.example] }",
  });
}

function notForReferences(reference: string): Tofu3Error {
  return new Tofu3Error("E_USAGE", "a checksum of a file does not go with a reference of a registry", {
    hint: `a reference is pinned by its digest: ${reference}@sha256:…`,
  });
}
