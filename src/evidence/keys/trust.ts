import { quoted } from "../../durable.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import { isKeyText } from "../../model/keytext.ts";
import { readSmallText, type FileKind } from "../../smallfile.ts";
import { parsePublicKey, type PublicKey } from "./publickey.ts";

const KIND: FileKind = { what: "the key", code: "E_KEY", limit: 64 * 1024 };

/** The keys of a list; the places of files are absolute. Throws E_KEY for the first that is none. */
export async function readTrust(entries: readonly string[]): Promise<readonly PublicKey[]> {
  const keys: PublicKey[] = [];
  for (const entry of entries) keys.push(await keyOf(entry));
  return keys;
}

async function keyOf(entry: string): Promise<PublicKey> {
  if (isKeyText(entry)) return parsePublicKey(entry, JSON.stringify(visible(entry, 60)));
  const text = await readSmallText(entry, KIND);
  if (text !== null) return parsePublicKey(text, quoted(entry));
  throw new Tofu3Error("E_KEY", `there is no key ${quoted(entry)}`, {
    hint: "name a public key: FILE.pub of tofu3 keygen, or ssh-ed25519 AAAA… itself",
  });
}
