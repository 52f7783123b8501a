import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { variable } from "../config/places.ts";
import { messageOf, Tofu3Error } from "../errors.ts";
import { openSigner } from "../evidence/keys/opensigner.ts";
import { verifies, wireOf, type PublicKey } from "../evidence/keys/publickey.ts";
import type { Signer } from "../evidence/keys/signer.ts";
import { readTrust } from "../evidence/keys/trust.ts";
import type { Io } from "./io.ts";
import type { AskPassphrase } from "../model/credentials.ts";
import { isKeyText } from "../model/keytext.ts";
import { passphraseAsker } from "./passphrase.ts";

/** Nothing on the screen moves while somebody is asked. */
const STILL = { pause: () => undefined, resume: () => undefined };

/** Asks for the passphrase of a key; null without a terminal. */
export function keyAsker(io: Io): AskPassphrase | null {
  const ask = passphraseAsker(io, STILL);
  if (ask === null) return null;
  return (prompt, signal) =>
    ask(prompt, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new Tofu3Error("E_KEY", messageOf(error), { cause: error });
    });
}

/** Whoever signs: `--sign KEY`, else the configuration's `policy.sign`; null if neither is there. Throws E_KEY. */
export async function signerFor(
  flag: string | null,
  config: Pick<Config, "sign">,
  io: Io,
  signal: AbortSignal,
): Promise<Signer | null> {
  const path = flag === null ? config.sign : resolve(io.cwd, flag);
  if (path === null) return null;
  const inAgent = (key: PublicKey, name: string): Promise<Signer> => signerInAgent(key, name, io, signal);
  return openSigner(path, { ask: keyAsker(io), inAgent }, signal);
}

/** Whose evidence counts: the flags, else a list of the configuration; null where there is no list. Throws E_KEY. */
export async function trustedKeys(
  flags: readonly string[],
  list: readonly string[] | null,
  cwd: string,
): Promise<readonly PublicKey[] | null> {
  const entries = flags.length > 0 ? flags.map((each) => (isKeyText(each) ? each : resolve(cwd, each))) : list;
  return entries === null ? null : readTrust(entries);
}

/** Signs once to see that the agent has the key. */
async function signerInAgent(
  key: PublicKey,
  name: string,
  { env }: Pick<Io, "env">,
  signal: AbortSignal,
): Promise<Signer> {
  const socket = variable(env, "SSH_AUTH_SOCK");
  const refuse = (why: string): Tofu3Error =>
    new Tofu3Error("E_KEY", `${name} is a public key, so an agent has to have the private one: ${why}`, {
      hint: "ssh-add the private key, or name a file that tofu3 keygen made",
    });
  if (socket === null) throw refuse("no ssh-agent is running here");
  const { signInAgent } = await import("../ssh/connection/agentsign.ts");
  const sign = async (data: Uint8Array): Promise<Uint8Array> => {
    const signature = await signInAgent(socket, wireOf(key), data, signal);
    if (typeof signature === "string") throw refuse(signature);
    if (!verifies(key, data, signature)) throw refuse("what it signed is not by this key");
    return signature;
  };
  await sign(Buffer.from("tofu3"));
  return { key, sign };
}
