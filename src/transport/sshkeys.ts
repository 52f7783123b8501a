import { readFile } from "node:fs/promises";
import ssh2 from "ssh2";
import { messageOf, Tofu3Error } from "../errors.ts";
import type { SshTarget } from "./sshtarget.ts";

/** One way to prove who we are, in the shape that ssh2's authHandler takes. */
export type SshProof =
  | { readonly type: "publickey"; readonly username: string; readonly key: string; readonly passphrase?: string }
  | { readonly type: "agent"; readonly username: string; readonly agent: string };

/** Asks a person for a passphrase; the prompt is without its colon. Rejects when there is no terminal. */
export type AskPassphrase = (prompt: string, signal: AbortSignal) => Promise<string>;

const TRIES = 3;

function refuse(target: SshTarget, message: string, hint: string, cause?: unknown): never {
  throw new Tofu3Error("E_SSH_AUTH", `cannot use a key for worker "${target.worker}": ${message}`, { stage: "ssh", hint, cause });
}

async function readKey(target: SshTarget, file: string, named: boolean): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (named) refuse(target, `"${file}" cannot be read`, `check identityFile of that worker: ls -l ${file}`, error);
    return null;
  }
}

function isEncrypted(key: string): boolean {
  const parsed = ssh2.utils.parseKey(key);
  return parsed instanceof Error && /passphrase/i.test(parsed.message);
}

async function unlock(target: SshTarget, file: string, key: string, ask: AskPassphrase, signal: AbortSignal): Promise<SshProof> {
  for (let tries = 0; tries < TRIES; tries++) {
    const passphrase = await ask(`passphrase for ${file}`, signal);
    if (!(ssh2.utils.parseKey(key, passphrase) instanceof Error))
      return { type: "publickey", username: target.user, key, passphrase };
  }
  refuse(target, `wrong passphrase for "${file}" (${TRIES} times)`, `ssh-add ${file}`);
}

/**
 * Keys in the order they are tried: plain identity files, the agent, encrypted identity files (each asked for once the agent is out of the question).
 * Throws E_SSH_AUTH when a named file is unusable or nothing is left.
 */
export async function readProofs(target: SshTarget, ask: AskPassphrase | null, signal: AbortSignal): Promise<SshProof[]> {
  const plain: SshProof[] = [];
  const locked: { file: string; key: string }[] = [];
  for (const { file, named } of target.identityFiles) {
    const key = await readKey(target, file, named);
    if (key === null) continue;
    if (isEncrypted(key)) locked.push({ file, key });
    else {
      const parsed = ssh2.utils.parseKey(key);
      if (!(parsed instanceof Error)) plain.push({ type: "publickey", username: target.user, key });
      else if (named)
        refuse(
          target,
          `"${file}" is not a private key: ${messageOf(parsed)}`,
          "point identityFile to a private key that ssh-keygen made",
        );
    }
  }
  const agent: SshProof[] = target.agent === null ? [] : [{ type: "agent", username: target.user, agent: target.agent }];
  const proofs = [...plain, ...agent];
  if (proofs.length > 0 && locked.length === 0) return proofs;
  const [first] = locked;
  if (first === undefined)
    refuse(
      target,
      "there is no identity file and no agent",
      "write identityFile: ~/.ssh/id_ed25519 to that worker, or start ssh-agent and ssh-add a key",
    );
  if (ask === null || agent.length > 0) {
    if (proofs.length > 0) return proofs;
    refuse(target, `"${first.file}" is encrypted and there is no terminal to ask for its passphrase`, `ssh-add ${first.file}`);
  }
  for (const { file, key } of locked) proofs.push(await unlock(target, file, key, ask, signal));
  return proofs;
}
