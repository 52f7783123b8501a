import { readFile } from "node:fs/promises";
import { messageOf, Tofu3Error } from "../errors.ts";
import { fingerprintOf, trustFingerprint, trustKnownHosts, type HostTrust } from "./hostkey.ts";
import { linesFor, parseKnownHosts, type KnownHost } from "./knownhosts.ts";
import type { SshTarget } from "./sshtarget.ts";

/** The name that keys are filed under. */
function placeOf({ worker, host, port, hostKeyAlias }: SshTarget): { worker: string; host: string; port: number } {
  return { worker, host: hostKeyAlias ?? host, port: hostKeyAlias === null ? port : 22 };
}

async function readKnownHosts(target: SshTarget): Promise<KnownHost[]> {
  const lines = await Promise.all(target.knownHostsFiles.map(async (file) => parseKnownHosts(await readOrEmpty(file), file)));
  return lines.flat();
}

/** Which key the VM has to prove. Rejects with E_HOST_KEY when none is known. */
export async function readTrust(target: SshTarget): Promise<HostTrust> {
  const place = placeOf(target);
  return target.hostKey === null ? trustKnownHosts(place, await readKnownHosts(target)) : trustFingerprint(place, target.hostKey);
}

/** Fingerprints of the keys that this VM may prove, sorted; empty when none is known. Rejects as `readTrust` where a file cannot be read. */
export async function readPinnedKeys(target: SshTarget): Promise<readonly string[]> {
  if (target.hostKey !== null) return [target.hostKey];
  const { host, port } = placeOf(target);
  const lines = linesFor(await readKnownHosts(target), host, port).filter(({ marker }) => marker === null);
  return [...new Set(lines.map(({ key }) => fingerprintOf(key)))].sort();
}

/** A file that is not there knows nobody; one that cannot be read might say that a key is revoked. */
async function readOrEmpty(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR")) return "";
    throw new Tofu3Error("E_HOST_KEY", `cannot read the known host keys in "${file}": ${messageOf(cause)}`, {
      stage: "ssh",
      hint: `check its permissions: ls -l ${file}`,
      cause,
    });
  }
}
