import ssh2, { type BaseAgent, type ParsedKey } from "ssh2";

/** An agent that offers only these of its keys (`IdentitiesOnly`). */
export function restrictedAgent(socket: string, publicKeys: readonly Buffer[]): BaseAgent {
  const agent = ssh2.createAgent(socket);
  const all = agent.getIdentities.bind(agent);
  const isWanted = (key: unknown): boolean =>
    isParsed(key) && publicKeys.some((wanted) => key.getPublicSSH().equals(wanted));
  agent.getIdentities = (callback) => all((error, found) => callback(error, found?.filter(isWanted)));
  return agent;
}

/** ssh2 parses the keys of OpenSSH's agent; its types allow other kinds. */
function isParsed(key: unknown): key is ParsedKey {
  return typeof key === "object" && key !== null && "getPublicSSH" in key;
}
