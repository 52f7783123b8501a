import ssh2 from "ssh2";
import { asError, Tofu3Error } from "../../errors.ts";
import { readSmallFile } from "../../smallfile.ts";
import type { SshTarget } from "./target.ts";

/** What one identity file holds. */
export interface Identity {
  readonly file: string;
  /** The private key as it stands there; null where only the public one is at hand, as for a key that lives in an agent. */
  readonly key: string | null;
  readonly locked: boolean;
  /** As SSH writes it on the wire; null where it cannot be known without the passphrase. */
  readonly publicKey: Buffer | null;
}

/** What a file was not, and why; nothing of it is quoted. */
export interface Unusable {
  readonly file: string;
  readonly why: string;
  readonly hint: string;
}

const MOST_BYTES = 256 * 1024;
const MAGIC = Buffer.from("openssh-key-v1\0");

async function readText(file: string): Promise<string | null> {
  const bytes = await readSmallFile(file, { what: "the key", code: "E_SSH_AUTH", limit: MOST_BYTES });
  return bytes?.toString("utf8") ?? null;
}

/** The public key that stands in clear in OpenSSH's format of a private one, PROTOCOL.key of OpenSSH; null in every other format. */
function publicPartOf(text: string): Buffer | null {
  const blob = Buffer.from(text.split("-----", 3)[2] ?? "", "base64");
  if (!blob.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  let at = MAGIC.length;
  const next = (): Buffer => {
    const length = at + 4 <= blob.length ? blob.readUInt32BE(at) : 0;
    at += 4 + length;
    return blob.subarray(at - length, at);
  };
  // cipher, kdf, its options; then how many keys there are
  for (let skipped = 0; skipped < 3; skipped++) next();
  at += 4;
  const key = next();
  return key.length === 0 ? null : key;
}

async function publicFileOf(file: string): Promise<Buffer | null> {
  const text = await readText(`${file}.pub`).catch(() => null);
  const parsed = text === null ? null : ssh2.utils.parseKey(text);
  return parsed === null || parsed instanceof Error ? null : parsed.getPublicSSH();
}

/** One identity file of a target, as ssh reads it: the private key, or else a public one whose private key an agent may have. */
export async function readIdentity(file: string): Promise<Identity | Unusable> {
  let text: string | null;
  try {
    text = await readText(file);
  } catch (thrown) {
    const { message, hint } = asError(thrown);
    return { file, why: message, hint: hint ?? `ls -l ${file}` };
  }
  if (text === null) {
    const publicKey = await publicFileOf(file);
    if (publicKey !== null) return { file, key: null, locked: false, publicKey };
    return { file, why: `"${file}" cannot be read: there is no such file`, hint: `ls -l ${file}` };
  }
  const parsed = ssh2.utils.parseKey(text);
  if (!(parsed instanceof Error))
    return { file, key: parsed.isPrivateKey() ? text : null, locked: false, publicKey: parsed.getPublicSSH() };
  if (/passphrase/i.test(parsed.message))
    return { file, key: text, locked: true, publicKey: publicPartOf(text) ?? (await publicFileOf(file)) };
  const hint = "point identityFile to a private key that ssh-keygen made";
  return { file, why: `"${file}" is not a private key: ${parsed.message}`, hint };
}

/** Those that can be used; the others are told. Throws E_SSH_AUTH for one that tofu3.yaml names. */
export async function readIdentities(target: SshTarget): Promise<{ identities: Identity[]; unusable: Unusable[] }> {
  const identities: Identity[] = [];
  const unusable: Unusable[] = [];
  for (const { file, named } of target.identityFiles) {
    const found = await readIdentity(file);
    if (!("why" in found)) identities.push(found);
    else if (named) throw keyFault(target, found.why, found.hint);
    else unusable.push(found);
  }
  return { identities, unusable };
}

export function keyFault(target: SshTarget, message: string, hint: string): Tofu3Error {
  return new Tofu3Error("E_SSH_AUTH", `cannot use a key for worker "${target.worker}": ${message}`, { stage: "ssh", hint });
}
