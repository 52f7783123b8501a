import { readDockerCredentials } from "../config/docker/credentials.ts";
import type { CredentialsFor } from "../model/credentials.ts";
import type { Runtime } from "./runtime.ts";

/** A helper's token may be good for minutes; asking it for every token of a registry would be slow. */
const FRESH_MS = 60_000;

/**
 * Credentials for a process that runs for days: files and helpers are read again once they are a minute old, and after
 * a failure. Throws E_CREDENTIALS as `readDockerCredentials` does, the first time at once.
 */
export async function renewedCredentials(
  runtime: Pick<Runtime, "authfile" | "env" | "home" | "cwd">,
  signal: AbortSignal,
): Promise<CredentialsFor> {
  const read = async (): Promise<{ readonly since: number; readonly found: CredentialsFor }> => {
    const since = performance.now();
    return { since, found: await readDockerCredentials(runtime.authfile, runtime, signal) };
  };
  let known: Awaited<ReturnType<typeof read>> | null = await read();
  return async (hostPort, repository) => {
    if (known === null || performance.now() - known.since > FRESH_MS) known = await read();
    const mine = known;
    try {
      return await mine.found(hostPort, repository);
    } catch (error) {
      if (known === mine) known = null;
      throw error;
    }
  };
}
