import { stat } from "node:fs/promises";
import { quoted } from "../../durable.ts";
import { Tofu3Error } from "../../errors.ts";
import type { AskPassphrase } from "../../model/credentials.ts";
import { isKeyText } from "../../model/keytext.ts";
import { readKeyFile } from "./keyfile.ts";
import { isEncrypted, signerFrom } from "./keypair.ts";
import { parsePublicKey, type PublicKey } from "./publickey.ts";
import type { Signer } from "./signer.ts";

const TRIES = 3;
/** Whether anybody but the owner may read or write it. */
const FOR_OTHERS = 0o077;

export interface Means {
  /** Null where nobody can be asked. */
  readonly ask: AskPassphrase | null;
  /** Signs with the private half of a public key, which an agent has. Throws E_KEY. */
  readonly inAgent: (key: PublicKey, name: string) => Promise<Signer>;
}

/**
 * Whoever signs with this file: a private key, or a public one whose private half an SSH agent has, as for `ssh-keygen
 * -Y sign`. `path` is absolute. Throws E_KEY.
 */
export async function openSigner(path: string, { ask, inAgent }: Means, signal: AbortSignal): Promise<Signer> {
  const name = quoted(path);
  const text = await readKeyFile(path, `tofu3 keygen ${name} makes one`);
  if (isPublic(text)) return inAgent(parsePublicKey(text, name), name);
  if (((await stat(path)).mode & FOR_OTHERS) !== 0)
    throw new Tofu3Error("E_KEY", `others may read the key ${name}`, { hint: `chmod 600 ${name}` });
  if (!isEncrypted(text)) return signerFrom(text, null, name) ?? wrong(name);
  if (ask === null)
    throw new Tofu3Error("E_KEY", `${name} is encrypted and there is no terminal to ask for its passphrase`, {
      hint: "name the public key of one that an SSH agent has, or use a key without a passphrase",
    });
  for (let tries = 0; tries < TRIES; tries++) {
    const signer = signerFrom(text, await ask(`passphrase for ${name}`, signal), name);
    if (signer !== null) return signer;
  }
  return wrong(name);
}

function isPublic(text: string): boolean {
  const start = text.trimStart();
  return start.startsWith("-----BEGIN PUBLIC KEY-----") || isKeyText(start);
}

function wrong(name: string): never {
  throw new Tofu3Error("E_KEY", `wrong passphrase for ${name} (${TRIES} times)`);
}
