import ssh2, { type BaseAgent, type ParsedKey } from "ssh2";
import { messageOf } from "../../errors.ts";

/** An agent that offers only these of its keys (`IdentitiesOnly`). */
export function restrictedAgent(socket: string, publicKeys: readonly Buffer[]): BaseAgent {
  const agent = ssh2.createAgent(socket);
  const all = agent.getIdentities.bind(agent);
  const isWanted = (key: unknown): boolean =>
    isParsed(key) && publicKeys.some((wanted) => key.getPublicSSH().equals(wanted));
  agent.getIdentities = (callback) => all((error, found) => callback(error, found?.filter(isWanted)));
  return agent;
}

/** Whether the agent has the private key of this public key, or why it cannot tell, in words. */
export function agentHas(socket: string, publicKey: Buffer): Promise<boolean | string> {
  return new Promise((resolve) => {
    restrictedAgent(socket, [publicKey]).getIdentities((error, found) =>
      resolve(error ? messageOf(error) : (found ?? []).length > 0),
    );
  });
}

/** ssh2 parses the keys of OpenSSH's agent; its types allow other kinds. */
function isParsed(key: unknown): key is ParsedKey {
  return typeof key === "object" && key !== null && "getPublicSSH" in key;
}
