import { quoted } from "../../durable.ts";
import { visible } from "../../errors.ts";
import { isKeyText } from "../../model/keytext.ts";
import { readKeyFile } from "./keyfile.ts";
import { parsePublicKey, type PublicKey } from "./publickey.ts";

/** The keys of a list; the places of files are absolute. Throws E_KEY for the first that is none. */
export async function readTrust(entries: readonly string[]): Promise<readonly PublicKey[]> {
  const keys: PublicKey[] = [];
  for (const entry of entries) keys.push(await keyOf(entry));
  return keys;
}

async function keyOf(entry: string): Promise<PublicKey> {
  if (isKeyText(entry)) return parsePublicKey(entry, JSON.stringify(visible(entry, 60)));
  const hint = "name a public key: FILE.pub of tofu3 keygen, or ssh-ed25519 AAAA… itself";
  return parsePublicKey(await readKeyFile(entry, hint), quoted(entry));
}
