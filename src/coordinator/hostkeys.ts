import type { SshWorkerConfig } from "../config/config.ts";
import type { ScannedKey } from "../ssh/connection/scan.ts";
import type { Runtime } from "./runtime.ts";
import { readTargetOf } from "./targets.ts";

/** The host key that a worker's VM proves, and where that was. */
export interface WorkerKey extends ScannedKey {
  readonly host: string;
  readonly port: number;
}

const CONNECT_SECONDS = 20;

/** Reaches the VM without logging in. Throws E_CONFIG, E_SSH, and E_HOST_KEY if known_hosts knows another key. */
export async function scanWorker(
  worker: SshWorkerConfig,
  surroundings: Pick<Runtime, "env" | "home" | "passphrase">,
  signal: AbortSignal,
): Promise<WorkerKey> {
  const target = await readTargetOf(worker, surroundings);
  const { scanHostKey } = await import("../ssh/connection/scan.ts");
  const settings = { connectSeconds: CONNECT_SECONDS, ask: surroundings.passphrase, warn: () => undefined };
  return { ...(await scanHostKey(target, settings, signal)), host: target.host, port: target.port };
}
