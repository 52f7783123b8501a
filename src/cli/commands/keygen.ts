import { resolve } from "node:path";
import { Tofu3Error } from "../../errors.ts";
import { writeKeyPair } from "../../evidence/keys/keypair.ts";
import { formatPublicKey } from "../../evidence/keys/publickey.ts";
import { jsonText } from "../../report/json.ts";
import type { KeygenArguments } from "../argv/commands/keygen.ts";
import type { Settings } from "../argv/settings.ts";
import { EXIT_OK } from "../exit.ts";
import type { Io } from "../io.ts";
import { keyAsker } from "../signing.ts";

/** Makes a pair and prints what others need to know of it. Throws E_KEY. */
export async function keygenCommand(
  { file, passphrase }: KeygenArguments,
  { json }: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const path = resolve(io.cwd, file);
  const key = await writeKeyPair(path, passphrase ? await askTwice(path, io, signal) : null);
  const told = { file: path, publicFile: `${path}.pub`, id: key.id, publicKey: formatPublicKey(key) };
  if (json) io.stdout.write(jsonText({ schemaVersion: 1, tool: { name: "tofu3", version: io.version }, ...told }));
  else io.stdout.write(`${told.id}\n${told.publicKey}\n`);
  return EXIT_OK;
}

async function askTwice(path: string, io: Io, signal: AbortSignal): Promise<string> {
  const ask = keyAsker(io);
  if (ask === null)
    throw new Tofu3Error("E_KEY", "there is no terminal to ask for a passphrase", {
      hint: "leave --passphrase out: the file is for its owner alone",
    });
  const first = await ask(`passphrase for ${JSON.stringify(path)}`, signal);
  if (first === "")
    throw new Tofu3Error("E_KEY", "an empty passphrase encrypts nothing", { hint: "leave --passphrase out" });
  if ((await ask("the same again", signal)) === first) return first;
  throw new Tofu3Error("E_KEY", "the two passphrases are not the same");
}
