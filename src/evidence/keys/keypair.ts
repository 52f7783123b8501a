import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { rm } from "node:fs/promises";
import { errnoOf, placeSmallFile, quoted } from "../../durable.ts";
import { messageOf, Tofu3Error, visible } from "../../errors.ts";
import { parsePublicKey, pemOf, type PublicKey } from "./publickey.ts";
import type { Signer } from "./signer.ts";

const ENCRYPTED = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const CIPHER = "aes-256-cbc";

/**
 * A new pair: `file` has the private key (PKCS#8 in PEM, 0600, encrypted if there is a passphrase; RFC 5958), and
 * `file.pub` the public one (SubjectPublicKeyInfo in PEM, 0644). Throws E_KEY; never replaces a file, and leaves both or
 * none.
 */
export async function writeKeyPair(file: string, passphrase: string | null): Promise<PublicKey> {
  const pair = generateKeyPairSync("ed25519");
  const locked = passphrase === null ? {} : { cipher: CIPHER, passphrase };
  const pem = pair.privateKey.export({ type: "pkcs8", format: "pem", ...locked }).toString();
  const key = publicKeyFrom(pair.publicKey);
  await place(file, pem, 0o600);
  try {
    await place(`${file}.pub`, pemOf(key), 0o644);
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  return key;
}

export function isEncrypted(pem: string): boolean {
  return pem.trimStart().startsWith(ENCRYPTED);
}

/**
 * Signs with the key in this text. Null for a wrong passphrase. Throws E_KEY for anything but an Ed25519 private key;
 * `name` is the file, quoted.
 */
export function signerFrom(pem: string, passphrase: string | null, name: string): Signer | null {
  let secret: KeyObject;
  try {
    secret = createPrivateKey(passphrase === null ? pem : { key: pem, passphrase });
  } catch (cause) {
    if (passphrase !== null) return null;
    const hint = pem.includes("BEGIN OPENSSH PRIVATE KEY")
      ? `a key of OpenSSH signs from an agent: ssh-add it, and name its .pub`
      : "name a file that tofu3 keygen made";
    throw new Tofu3Error("E_KEY", `${name} is not a private key in PEM`, { hint, cause });
  }
  if (secret.asymmetricKeyType !== "ed25519")
    throw new Tofu3Error(
      "E_KEY",
      `${name} is a key of the kind ${visible(secret.asymmetricKeyType ?? "unknown", 40)}`,
      {
        hint: "only Ed25519 keys sign: tofu3 keygen FILE makes one",
      },
    );
  return {
    key: publicKeyFrom(createPublicKey(secret)),
    sign: (data) => Promise.resolve(new Uint8Array(sign(null, data, secret))),
  };
}

function publicKeyFrom(key: KeyObject): PublicKey {
  return parsePublicKey(key.export({ type: "spki", format: "pem" }).toString(), "the key");
}

async function place(file: string, text: string, mode: number): Promise<void> {
  try {
    await placeSmallFile(file, text, mode, false);
  } catch (cause) {
    if (errnoOf(cause) === "EEXIST")
      throw new Tofu3Error("E_KEY", `${quoted(file)} is there already, and a key is never replaced`, {
        hint: "name another file",
      });
    throw new Tofu3Error("E_KEY", `cannot write the key ${quoted(file)}: ${visible(messageOf(cause), 300)}`, {
      hint: "name a file in a folder that you may write to, with some space left",
      cause,
    });
  }
}
