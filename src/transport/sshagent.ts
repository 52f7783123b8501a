import ssh2, { type BaseAgent } from "ssh2";

/** An agent that offers these of its keys and no other (`IdentitiesOnly`). */
export function restrictedAgent(socket: string, publicKeys: readonly Buffer[]): BaseAgent {
  const agent = ssh2.createAgent(socket);
  const all = agent.getIdentities.bind(agent);
  const isWanted = (key: unknown): boolean => publicKeys.some((wanted) => wireOf(key)?.equals(wanted) === true);
  agent.getIdentities = (callback) => all((error, found) => callback(error, found?.filter(isWanted)));
  return agent;
}

/** Of a key as ssh2 parsed it. */
function wireOf(key: unknown): Buffer | null {
  if (typeof key !== "object" || key === null || !("getPublicSSH" in key) || typeof key.getPublicSSH !== "function") return null;
  const wire: unknown = key.getPublicSSH();
  return Buffer.isBuffer(wire) ? wire : null;
}
