import ssh2, { type BaseAgent } from "ssh2";
import type { AskPassphrase } from "../../model/credentials.ts";
import { restrictedAgent } from "./agent.ts";
import { keyFault, readIdentities, type Identity } from "./identity.ts";
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
 * themselves.
 */
function agentProofs({ agent, identitiesOnly, user }: SshTarget, identities: readonly Identity[]): SshProof[] {
  if (agent === null) return [];
  if (!identitiesOnly) return [{ type: "agent", username: user, agent }];
  const wanted = identities.flatMap(({ key, locked, publicKey }) =>
    (key === null || locked) && publicKey !== null ? [publicKey] : [],
  );
  return wanted.length === 0 ? [] : [{ type: "agent", username: user, agent: restrictedAgent(agent, wanted) }];
}

/**
 * Authentication methods in the order they are tried: unencrypted identity files, the agent, encrypted identity files
 * (each passphrase is asked for only after the agent failed). Throws E_SSH_AUTH if a configured file is unusable or
 * nothing is left.
 */
export async function readProofs(
  target: SshTarget,
  ask: AskPassphrase | null,
  signal: AbortSignal,
): Promise<SshProof[]> {
  const { identities, unusable } = await readIdentities(target);
  const keys = identities.flatMap(({ file, key, locked }) => (key === null ? [] : [{ file, key, locked }]));
  const plain = keys
    .filter(({ locked }) => !locked)
    .map(({ key }): SshProof => ({ type: "publickey", username: target.user, key }));
  const locked = keys.filter((each) => each.locked);
  const agent = agentProofs(target, identities);
  const proofs = [...plain, ...agent];
  if (proofs.length > 0 && locked.length === 0) return proofs;
  const [first] = locked;
  if (first === undefined)
    throw nothingLeft(
      target,
      unusable.map(({ why }) => why),
    );
  if (ask === null || agent.length > 0) {
    if (proofs.length > 0) return proofs;
    throw keyFault(
      target,
      `"${first.file}" is encrypted and there is no terminal to ask for its passphrase`,
      `ssh-add ${first.file}`,
    );
  }
  for (const { file, key } of locked) proofs.push(await unlock(target, file, key, ask, signal));
  return proofs;
}

function nothingLeft(target: SshTarget, reasons: readonly string[]) {
  const what =
    target.agent === null
      ? "there is no identity file and no agent"
      : "there is no identity file, and IdentitiesOnly of ~/.ssh/config keeps the agent's keys away";
  const odd = reasons.filter((why) => !why.endsWith("no such file"));
  const hint = "write identityFile: ~/.ssh/id_ed25519 to that worker, or start ssh-agent and ssh-add a key";
  return keyFault(target, [what, ...odd].join("; "), hint);
}
