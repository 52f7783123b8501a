import ssh2, { type BaseAgent } from "ssh2";
import type { AskPassphrase } from "../../model/credentials.ts";
import { visible } from "../../errors.ts";
import { agentHas, restrictedAgent } from "./agent.ts";
import { keyFault, readIdentities, type Identity, type Unusable } from "./identity.ts";
import type { SshTarget } from "./target.ts";

/** One authentication method, in the shape that ssh2's authHandler takes. */
export type SshProof =
  | { readonly type: "publickey"; readonly username: string; readonly key: string; readonly passphrase?: string }
  | { readonly type: "agent"; readonly username: string; readonly agent: string | BaseAgent };

const TRIES = 3;

async function unlock(
  target: SshTarget,
  file: string,
  key: string,
  ask: AskPassphrase,
  signal: AbortSignal,
): Promise<SshProof> {
  for (let tries = 0; tries < TRIES; tries++) {
    const passphrase = await ask(`passphrase for ${file}`, signal);
    if (!(ssh2.utils.parseKey(key, passphrase) instanceof Error))
      return { type: "publickey", username: target.user, key, passphrase };
  }
  throw keyFault(target, `wrong passphrase for "${file}" (${TRIES} times)`, `ssh-add ${file}`);
}

/**
 * The agent; with `IdentitiesOnly`, only those of its keys that are in identity files and cannot be proved by the files
 * themselves. A public key that tofu3.yaml names is the only one that is offered.
 */
function agentProofs({ agent, identitiesOnly, user }: SshTarget, identities: readonly Identity[]): SshProof[] {
  if (agent === null) return [];
  const named = identities.filter(({ onlyInAgent }) => onlyInAgent);
  if (!identitiesOnly && named.length === 0) return [{ type: "agent", username: user, agent }];
  const wanted = (named.length > 0 ? named : identities).flatMap(({ key, locked, publicKey }) =>
    (key === null || locked) && publicKey !== null ? [publicKey] : [],
  );
  return wanted.length === 0 ? [] : [{ type: "agent", username: user, agent: restrictedAgent(agent, wanted) }];
}

/** Throws E_SSH_AUTH if tofu3.yaml names a public key and no agent has the private one. */
async function checkAgent(target: SshTarget, identities: readonly Identity[]): Promise<void> {
  for (const { file, onlyInAgent, publicKey } of identities) {
    if (!onlyInAgent || publicKey === null) continue;
    const has = target.agent === null ? "no ssh-agent is running here" : await agentHas(target.agent, publicKey);
    if (has === true) continue;
    const privateFile = file.replace(/\.pub$/, "");
    const why = has === false ? "the agent does not have it" : visible(has, 200);
    throw keyFault(
      target,
      `"${file}" is a public key, so an agent has to have the private one: ${why}`,
      `ssh-add ${privateFile}, or name the private key: identityFile: ${privateFile}`,
    );
  }
}

/** How to prove who we are, and what was left out that tofu3.yaml or ~/.ssh/config names, in words. */
export interface Proofs {
  readonly proofs: SshProof[];
  /** Identity files that tofu3.yaml names and that are not there. */
  readonly missing: readonly Unusable[];
}

/**
 * Authentication methods in the order they are tried: unencrypted identity files, the agent, encrypted identity files
 * (each passphrase is asked for only after the agent failed). Throws E_SSH_AUTH if a configured file is unusable or
 * nothing is left.
 */
export async function readProofs(target: SshTarget, ask: AskPassphrase | null, signal: AbortSignal): Promise<Proofs> {
  const { identities, unusable } = await readIdentities(target);
  await checkAgent(target, identities);
  const wished = target.identityFiles.filter(({ named }) => named);
  const missing = unusable.filter(({ file }) => wished.some((each) => each.file === file));
  const keys = identities.flatMap(({ file, key, locked }) => (key === null ? [] : [{ file, key, locked }]));
  const plain = keys
    .filter(({ locked }) => !locked)
    .map(({ key }): SshProof => ({ type: "publickey", username: target.user, key }));
  const locked = keys.filter((each) => each.locked);
  const agent = agentProofs(target, identities);
  const proofs = [...plain, ...agent];
  if (proofs.length > 0 && locked.length === 0) return { proofs, missing };
  const [first] = locked;
  if (first === undefined) throw nothingLeft(target, unusable, missing);
  if (ask === null || agent.length > 0) {
    if (proofs.length > 0) return { proofs, missing };
    throw keyFault(
      target,
      `"${first.file}" is encrypted and there is no terminal to ask for its passphrase`,
      `ssh-add ${first.file}`,
    );
  }
  for (const { file, key } of locked) proofs.push(await unlock(target, file, key, ask, signal));
  return { proofs, missing };
}

function nothingLeft(target: SshTarget, unusable: readonly Unusable[], missing: readonly Unusable[]) {
  const noAgent = target.agent === null;
  const [lost] = missing;
  if (lost !== undefined) {
    const agent = noAgent
      ? "no ssh-agent is running here"
      : "IdentitiesOnly of ~/.ssh/config keeps the agent's keys away";
    return keyFault(target, `${lost.why}, and ${agent}`, `ssh-keygen -t ed25519 -f ${lost.file}, or ssh-add a key`);
  }
  const what = noAgent
    ? "there is no identity file and no agent"
    : "there is no identity file, and IdentitiesOnly of ~/.ssh/config keeps the agent's keys away";
  const odd = unusable.filter((each) => !each.missing).map(({ why }) => why);
  const hint = "write identityFile: ~/.ssh/id_ed25519 to that worker, or start ssh-agent and ssh-add a key";
  return keyFault(target, [what, ...odd].join("; "), hint);
}
