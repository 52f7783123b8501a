import ssh2 from "ssh2";
import { asError, Tofu3Error } from "../../errors.ts";
import { readSmallFile } from "../../smallfile.ts";
import type { SshTarget } from "./target.ts";

/** The contents of one identity file. */
export interface Identity {
  readonly file: string;
  /** The private key as stored; null if only the public key is here, as for a key that lives in an agent. */
  readonly key: string | null;
  readonly locked: boolean;
  /** In SSH wire format; null if it cannot be read without the passphrase. */
  readonly publicKey: Buffer | null;
  /** tofu3.yaml names this very file, and it is a public key: only the agent can prove it. */
  readonly onlyInAgent: boolean;
}

/** An identity file that cannot be used, and why; quotes none of its contents. */
export interface Unusable {
  readonly file: string;
  readonly why: string;
  readonly hint: string;
  readonly missing: boolean;
}

const MOST_BYTES = 256 * 1024;
const MAGIC = Buffer.from("openssh-key-v1\0");

async function readText(file: string): Promise<string | null> {
  const bytes = await readSmallFile(file, { what: "the key", code: "E_SSH_AUTH", limit: MOST_BYTES });
  return bytes?.toString("utf8") ?? null;
}

/** The public key in clear text inside an OpenSSH private key (OpenSSH's PROTOCOL.key); null for any other format. */
function publicPartOf(text: string): Buffer | null {
  const blob = Buffer.from(text.split("-----", 3)[2] ?? "", "base64");
  if (!blob.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  let at = MAGIC.length;
  const next = (): Buffer => {
    const length = at + 4 <= blob.length ? blob.readUInt32BE(at) : 0;
    at += 4 + length;
    return blob.subarray(at - length, at);
  };
  // cipher, kdf and kdf options; then the number of keys
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

/** Reads an identity file as ssh does: a private key, or else a public key whose private key may be in an agent. */
async function readIdentity({ file, named }: SshTarget["identityFiles"][number]): Promise<Identity | Unusable> {
  let text: string | null;
  try {
    text = await readText(file);
  } catch (thrown) {
    const { message, hint } = asError(thrown);
    return { file, why: message, hint: hint ?? `ls -l ${file}`, missing: false };
  }
  if (text === null) {
    const publicKey = await publicFileOf(file);
    if (publicKey !== null) return { file, key: null, locked: false, publicKey, onlyInAgent: false };
    return { file, why: `"${file}" cannot be read: there is no such file`, hint: `ls -l ${file}`, missing: true };
  }
  const parsed = ssh2.utils.parseKey(text);
  if (!(parsed instanceof Error)) {
    const isPrivate = parsed.isPrivateKey();
    const publicKey = parsed.getPublicSSH();
    return { file, key: isPrivate ? text : null, locked: false, publicKey, onlyInAgent: named && !isPrivate };
  }
  if (/passphrase/i.test(parsed.message)) {
    const publicKey = publicPartOf(text) ?? (await publicFileOf(file));
    return { file, key: text, locked: true, publicKey, onlyInAgent: false };
  }
  const hint = "point identityFile to a private key that ssh-keygen made";
  return { file, why: `"${file}" is not a private key: ${parsed.message}`, hint, missing: false };
}

/**
 * The usable identities, and the unusable ones to report. A missing one is among the latter even if tofu3.yaml names
 * it: the agent may have the key, as for ssh. Throws E_SSH_AUTH if tofu3.yaml names one that is there and unusable.
 */
export async function readIdentities(target: SshTarget): Promise<{ identities: Identity[]; unusable: Unusable[] }> {
  const identities: Identity[] = [];
  const unusable: Unusable[] = [];
  for (const each of target.identityFiles) {
    const found = await readIdentity(each);
    if (!("why" in found)) identities.push(found);
    else if (each.named && !found.missing) throw keyFault(target, found.why, found.hint);
    else unusable.push(found);
  }
  return { identities, unusable };
}

export function keyFault(target: SshTarget, message: string, hint: string): Tofu3Error {
  return new Tofu3Error("E_SSH_AUTH", `cannot use a key for worker "${target.worker}": ${message}`, {
    stage: "ssh",
    hint,
  });
}
