import type { AskPassphrase } from "../model/credentials.ts";

/**
 * Asks for each passphrase once, for as long as this runs: connections are made again after days, when nobody sits at
 * the terminal. Each connection begins with a call of what is returned; within one, what is asked for again was wrong.
 */
export function rememberPassphrases(ask: AskPassphrase): () => AskPassphrase {
  const known = new Map<string, string>();
  return () => {
    const offered = new Set<string>();
    return async (prompt, signal) => {
      const remembered = offered.has(prompt) ? undefined : known.get(prompt);
      offered.add(prompt);
      const passphrase = remembered ?? (await ask(prompt, signal));
      known.set(prompt, passphrase);
      return passphrase;
    };
  };
}
