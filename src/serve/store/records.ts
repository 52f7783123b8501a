import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { z } from "zod";
import { errnoOf } from "../../durable.ts";
import type { Hold, Stored, StoredTag } from "../../model/gate.ts";
import { isDigest, type Digest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/reference.ts";
import { diskFault } from "./faults.ts";

/**
 * The small files of a store. Each says what it is about, so that one that was moved or copied to another place gives
 * nothing out there.
 */

const digest = z.custom<Digest>(isDigest);
const time = z.iso.datetime();
const verdict = z
  .string()
  .regex(/^[0-9A-Za-z-]{1,64}$/)
  .nullable();
const repository = { registry: z.string(), repository: z.string() };

const right = z.object({
  ...repository,
  digest,
  kind: z.enum(["manifest", "blob"]),
  size: z.int().min(0),
  mediaType: z.string(),
  agreedAt: time,
  verdict,
});

const tag = z.object({
  ...repository,
  tag: z.string(),
  digest,
  agreedAt: time,
  checkedAt: time,
  previous: z.object({ digest, until: time }).nullable(),
});

const hold = z.object({
  ...repository,
  name: z.string(),
  outcome: z.enum(["disagreed", "moved"]),
  sentence: z.string(),
  verdict,
  since: time,
});

/** How the small files are read and written. Exact keys of each: the noun, and what it is about. */
export interface Records {
  readonly right: Repository & Stored;
  readonly tag: Repository & { readonly tag: string } & StoredTag;
  readonly hold: Repository & { readonly name: string } & Hold;
}

const SCHEMAS: { readonly [K in keyof Records]: z.ZodType<Records[K]> } = { right, tag, hold };

/** In bytes. */
const LARGEST = 64 * 1024;

export type Read<T> =
  | { readonly kind: "there"; readonly record: T }
  | { readonly kind: "missing" }
  /** Torn, foreign, a link, a folder: anything but what belongs there. */
  | { readonly kind: "unreadable" };

/** Throws E_DISK or E_STORE only where the disk or the system fails. */
export async function readRecord<K extends keyof Records>(path: string, kind: K): Promise<Read<Records[K]>> {
  const bytes = await readPlainFile(path, LARGEST);
  if (bytes === "missing") return { kind: "missing" };
  if (bytes === "odd") return { kind: "unreadable" };
  const parsed = SCHEMAS[kind].safeParse(parseJson(bytes));
  return parsed.success ? { kind: "there", record: parsed.data } : { kind: "unreadable" };
}

/** Undefined for what is no JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The bytes of a regular file; `odd` if it is no such file, a link to one, or larger than `most` bytes. */
export async function readPlainFile(path: string, most: number): Promise<Uint8Array | "missing" | "odd"> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      return stat.isFile() && stat.size <= most ? await handle.readFile() : "odd";
    } finally {
      await handle.close();
    }
  } catch (error) {
    const errno = errnoOf(error) ?? "";
    if (errno === "ENOENT") return "missing";
    if (["ELOOP", "ENOTDIR", "EISDIR", "ENXIO"].includes(errno)) return "odd";
    throw diskFault("read", path, error);
  }
}

export function writeRecord<K extends keyof Records>(kind: K, record: Records[K]): string {
  return `${JSON.stringify(SCHEMAS[kind].parse(record))}\n`;
}

/** Whether the record is about this repository. */
export function isOf(record: Repository, { registry, repository: name }: Repository): boolean {
  return record.registry === registry && record.repository === name;
}
