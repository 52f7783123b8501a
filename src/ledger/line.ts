import { isUtf8 } from "node:buffer";
import { createHash, createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from "node:crypto";
import { z } from "zod";
import { Tofu3Error } from "../errors.ts";
import type { Entry, Verification } from "../model/record.ts";
import { fieldsOf as fieldsOfSubject } from "../model/subject.ts";
import type { Outcome } from "../model/verdict.ts";
import { isDigest, type Digest } from "../oci/digest.ts";

/** In bytes, without the newline; a longer line is broken. */
export const LONGEST_LINE = 256 * 1024;

/** What signs the lines of this coordinator. */
export interface LedgerKey {
  readonly secret: KeyObject;
  /** First 16 hex characters of the sha256 of the key's bytes. */
  readonly id: string;
}

/** Where in the chain a line stands. */
export interface Place {
  /** `sha256:…` of the bytes of the line before; null for the first. */
  readonly previous: string | null;
  /** From 1. */
  readonly entry: number;
}

/** Why a line does not hold; null if it does, and then whether this key signed it. */
export type Checked =
  | { readonly why: null; readonly own: boolean }
  /** `alien`: it is no line of any ledger. */
  | { readonly why: string; readonly alien: boolean };

/** The parts of every line that have a fixed place, so that a chain is checked without parsing JSON. */
const HEAD =
  /^\{"previous":(null|"sha256:[0-9a-f]{64}"),"entry":([1-9][0-9]{0,14}),"version":([0-9]{1,6}),"by":"([0-9a-f]{16})",/;
const LONGEST_HEAD = 200;
const ID_LENGTH = 16;
const VERSION = 1;
const MAC = /^,"mac":"([0-9a-f]{64})"\}$/;
const MAC_LENGTH = 74;

export function keyOf(bytes: Uint8Array): LedgerKey {
  return {
    secret: createSecretKey(bytes),
    id: createHash("sha256").update(bytes).digest("hex").slice(0, ID_LENGTH),
  };
}

/** What the next line's `previous` must be. */
export function hashOf(line: Uint8Array): string {
  return `sha256:${hash("sha256", line, "hex")}`;
}

/** What a line at this place begins with, up to the id of whoever wrote it. */
export function headOf(place: Place): string {
  return `{"previous":${previousOf(place)},"entry":${place.entry},"version":${VERSION},"by":"`;
}

function previousOf({ previous }: Place): string {
  return previous === null ? "null" : `"${previous}"`;
}

const digest = z.custom<Digest>(isDigest, { error: "is no digest" });
const repository = { registry: z.string(), repository: z.string() };
const OUTCOMES = [
  "agreed",
  "disagreed",
  "incomplete",
  "absent",
  "changed",
  "moved",
  "indistinct",
  "pending",
] as const satisfies readonly Outcome[];

/** Unknown fields are left out: a later version may add some. */
const verificationSchema = z.object({
  at: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/)
    .refine((at) => !Number.isNaN(Date.parse(at)), { error: "is no time" }),
  subject: z.union([
    z.object({ ...repository, tag: z.string(), pin: digest.nullable() }),
    z.object({ ...repository, digest }),
    z.object({ url: z.string(), pin: digest.nullable() }),
  ]),
  selection: z.object({
    platform: z.string().nullable(),
    osVersion: z.string().nullable(),
    bottle: z.string().nullable(),
  }),
  depth: z.literal("root").exactOptional(),
  outcome: z.enum(OUTCOMES),
  digest: digest.nullable(),
  looks: z.array(
    z.object({
      worker: z.string(),
      via: z.enum(["local", "ssh"]),
      outcome: z.enum(["saw", "refused", "failed"]),
      digest: digest.nullable(),
      hostKey: z.string().nullable(),
      country: z.string().nullable(),
      asn: z.string().nullable(),
    }),
  ),
  objects: z.array(
    z.object({
      role: z.enum(["index", "manifest", "config", "layer", "blob", "file"]),
      digest,
      parent: digest.nullable(),
      platform: z.string().nullable(),
    }),
  ),
  clocksAgree: z.boolean(),
});

/** In the order of the line. */
function fieldsOf(verification: Verification): Verification {
  const { at, subject, selection, depth, outcome, digest, looks, objects, clocksAgree } = verification;
  return {
    at,
    subject: fieldsOfSubject(subject),
    selection: { platform: selection.platform, osVersion: selection.osVersion, bottle: selection.bottle },
    ...(depth === undefined ? {} : { depth }),
    outcome,
    digest,
    looks: looks.map(({ worker, via, outcome: saw, digest: root, hostKey, country, asn }) => {
      return { worker, via, outcome: saw, digest: root, hostKey, country, asn };
    }),
    objects: objects.map(({ role, digest: object, parent, platform }) => ({ role, digest: object, parent, platform })),
    clocksAgree,
  };
}

/**
 * One line, without its newline. Leaves out objects from the end if it would be too long. `recovered`: bytes of a torn
 * line that stood in its place.
 */
export function writeLine(verification: Verification, place: Place, key: LedgerKey, recovered: number): Buffer {
  const fields = fieldsOf(verificationSchema.parse(verification));
  const note = recovered === 0 ? "" : `,"recovered":${recovered}`;
  for (let most = fields.objects.length; ; most = Math.floor(most / 2)) {
    const body = JSON.stringify({ ...fields, objects: fields.objects.slice(0, most) }).slice(1, -1);
    const text = `${headOf(place)}${key.id}",${body}${note}`;
    const line = Buffer.from(`${text},"mac":"${macOf(Buffer.from(text), key).toString("hex")}"}`);
    if (line.length <= LONGEST_LINE) return line;
    if (most === 0) throw new Tofu3Error("E_BUG", "a verification is too long for one line of the ledger");
  }
}

function macOf(text: Uint8Array, key: LedgerKey): Buffer {
  return createHmac("sha256", key.secret).update(text).digest();
}

/** Whether the line stands where it belongs, and whether it is what this key signed. What it says is not read. */
export function checkLine(line: Buffer, place: Place, key: LedgerKey | null): Checked {
  const head = HEAD.exec(line.toString("latin1", 0, LONGEST_HEAD));
  const broken = (why: string): Checked => ({ why, alien: head === null });
  if (line.length > LONGEST_LINE) return broken(`it is longer than ${LONGEST_LINE} bytes`);
  if (head === null) return broken("it is not a line of a ledger");
  const [, previous = "", entry = "", version = "", by = ""] = head;
  if (version !== String(VERSION))
    return broken(`it is of version ${version}, and this tofu3 knows version ${VERSION}`);
  if (entry !== String(place.entry))
    return broken(`it is entry ${entry} where entry ${place.entry} belongs: lines were removed, repeated or moved`);
  if (previous !== previousOf(place)) return broken("it does not fit the line before: one of the two was changed");
  const mac = MAC.exec(line.toString("latin1", Math.max(0, line.length - MAC_LENGTH)))?.[1];
  if (mac === undefined) return broken(endOf(line));
  if (by !== key?.id) return { why: null, own: false };
  const real = macOf(line.subarray(0, line.length - MAC_LENGTH), key);
  if (timingSafeEqual(real, Buffer.from(mac, "hex"))) return { why: null, own: true };
  return broken("it was changed after it was written: its mac is another");
}

/** As every whole line does. */
export function endsInMac(line: Buffer): boolean {
  return MAC.test(line.toString("latin1", Math.max(0, line.length - MAC_LENGTH)));
}

function endOf(line: Buffer): string {
  return line.at(-1) === 0x0d
    ? "it ends in a carriage return: an editor or git changed the line endings"
    : "it does not end in a mac";
}

/** What a line that holds says; if it says no verification, a sentence about it. */
export function readLine(line: Buffer, entry: number, own: boolean): Entry | string {
  const value = valueOf(line);
  if (value === undefined) return NO_JSON;
  const parsed = verificationSchema.safeParse(value);
  if (parsed.success) return { ...parsed.data, entry, own };
  const path = parsed.error.issues[0]?.path.map(String).join(".");
  return path === undefined || path === "" ? "it is no verification" : `its ${path} cannot be read`;
}

export const NO_JSON = "it is not JSON";

/** For a line of another key that nobody wants to read. */
export function isJson(line: Buffer): boolean {
  return valueOf(line) !== undefined;
}

function valueOf(line: Buffer): unknown {
  if (!isUtf8(line)) return undefined;
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
}
