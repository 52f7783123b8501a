import { resolve } from "node:path";
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
  readonly witness: boolean;
}

/** `sums`: the URL of a checksum file, for all vantages to fetch. */
export type Pinned = Named & Pick<VerifyRequest, "witness" | "told"> & { readonly sums: string | null };

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * What was named, held to what is known of it. Throws E_USAGE where that does not go with a reference, and for two pins
 * that differ; E_SUMS for a checksum file of this machine that does not name it.
 */
export async function pinnedBy({ pin, sums, witness }: PinWishes, named: Named, io: Io): Promise<Pinned> {
  const { subject } = named;
  if (!isFile(subject)) {
    if (pin !== null || sums !== null || witness) throw notForReferences(named.reference);
    return { ...named, sums: null };
  }
  const held = withPin(named, pin);
  const asked = { ...held, witness, sums: null };
  if (sums === null) return asked;
  if (isWebAddress(sums)) return { ...asked, sums: checkedUrl(sums) };
  const digest = await digestFrom(sums, subject.url, io);
  const note = { kind: "sums", source: sums, digest, workers: [], trouble: null } as const;
  return { ...asked, ...withPin(held, digest), told: [note] };
}

function checkedUrl(text: string): string {
  const { url, pin } = parseFileUrl(text);
  return pin === null ? url : `${url}#${pin.replace(":", "=")}`;
}

async function digestFrom(file: string, url: string, { cwd }: Io): Promise<Digest> {
  const path = resolve(cwd, file);
  const what = `the checksum file ${quoted(file)}`;
  const bytes = await readSmallFile(path, { what, code: "E_SUMS", limit: MOST_BYTES });
  if (bytes === null) {
    throw new Tofu3Error("E_USAGE", `cannot read ${what}: there is no such file`, {
      hint: "--sums takes a file, or the https:// URL of one",
    });
  }
  const name = nameInUrl(url);
  return sumOf(parseSums(bytes, what), name.kind === "name" ? name.name : "", what);
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

function notForReferences(reference: string): Tofu3Error {
  return new Tofu3Error("E_USAGE", "a checksum of a file does not go with a reference of a registry", {
    hint: `a reference is pinned by its digest: ${reference}@sha256:…`,
  });
}
