import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { findConfig } from "../../config/load.ts";
import { Tofu3Error } from "../../errors.ts";
import { parsePublicKey, type PublicKey } from "../../setup/publickey.ts";
import { readSmallText, type FileKind } from "../../smallfile.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io } from "../io.ts";

/** The key that the account lets in, and where it was found, for messages. */
export interface ChosenKey {
  readonly key: PublicKey;
  readonly from: string;
  /** The private key's file; null if only an agent is known to have it. */
  readonly identityFile: string | null;
}

const KIND: FileKind = { what: "the public key", code: "E_USAGE", limit: 64 * 1024 };
const USUAL = ["id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub"];

/**
 * The key of `--key` (`-` is stdin), else that of the identityFile of the worker with this host in the configuration,
 * else a usual one in ~/.ssh, else the only one of the agent. Throws E_USAGE.
 */
export async function choosePublicKey(
  flag: string | null,
  host: string,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<ChosenKey> {
  if (flag === "-") {
    const from = "standard input";
    return { key: parsePublicKey(await readAll(io.stdin), from), from, identityFile: null };
  }
  if (flag !== null) {
    const chosen = await readKey(resolve(io.cwd, flag));
    if (chosen !== null) return chosen;
    throw new Tofu3Error("E_USAGE", `cannot read the public key ${JSON.stringify(flag)}: there is no such file`, {
      hint: "ssh-keygen -t ed25519 makes a pair; its public key ends in .pub",
    });
  }
  const config = await findConfig(settings.config, io);
  const worker = config?.workers.find((each) => each.via === "ssh" && (each.host === host || each.name === host));
  const configured = worker?.via === "ssh" ? worker.identityFile : null;
  const places = configured === null ? USUAL.map((name) => join(io.home, ".ssh", name)) : [publicOf(configured)];
  for (const place of places) {
    const chosen = await readKey(place);
    if (chosen !== null) return chosen;
  }
  return fromAgent(places, io, signal);
}

function publicOf(identityFile: string): string {
  return identityFile.endsWith(".pub") ? identityFile : `${identityFile}.pub`;
}

async function readKey(path: string): Promise<ChosenKey | null> {
  const text = await readSmallText(path, KIND);
  if (text === null) return null;
  const from = JSON.stringify(path);
  return { key: parsePublicKey(text, from), from, identityFile: path.replace(/\.pub$/, "") };
}

async function fromAgent(places: readonly string[], io: Io, signal: AbortSignal): Promise<ChosenKey> {
  const refuse = (why: string): Tofu3Error =>
    new Tofu3Error("E_USAGE", `there is no public key for the account: no ${places.join(", no ")}, and ${why}`, {
      hint: "name one with --key FILE; ssh-keygen -t ed25519 makes a pair",
    });
  if (io.env["SSH_AUTH_SOCK"] === undefined) throw refuse("no ssh-agent is running");
  const { stdout } = await promisify(execFile)("ssh-add", ["-L"], { env: io.env, signal, timeout: 10_000 }).catch(
    (): never => {
      signal.throwIfAborted();
      throw refuse("the agent has no key");
    },
  );
  return { key: parsePublicKey(stdout, "the agent's key"), from: "the agent", identityFile: null };
}

async function readAll(stdin: Io["stdin"]): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk));
    if (chunks.reduce((sum, each) => sum + each.length, 0) > KIND.limit)
      throw new Tofu3Error("E_USAGE", `the public key on standard input is larger than ${KIND.limit} bytes`, {
        hint: "give the one line of a file such as ~/.ssh/id_ed25519.pub",
      });
  }
  return Buffer.concat(chunks).toString("utf8");
}
