import { asError, Tofu3Error } from "../../errors.ts";
import { readSmallFile } from "../../smallfile.ts";
import { fingerprintOf } from "../../model/fingerprint.ts";
import { trustFingerprint, trustKnownHosts, type HostTrust } from "./hostkey.ts";
import { linesFor, parseKnownHosts, type KnownHost } from "./knownhosts.ts";
import type { SshTarget } from "./target.ts";

const MOST_BYTES = 16 * 1024 * 1024;

/** The name to look up in known_hosts. */
function placeOf({ worker, host, port, hostKeyAlias }: SshTarget): { worker: string; host: string; port: number } {
  return { worker, host: hostKeyAlias ?? host, port: hostKeyAlias === null ? port : 22 };
}

async function readKnownHosts(target: SshTarget): Promise<KnownHost[]> {
  const lines = await Promise.all(
    target.knownHostsFiles.map(async (file) => parseKnownHosts(await readOrEmpty(file), file)),
  );
  return lines.flat();
}

/** The keys that the VM may prove. Rejects with E_HOST_KEY if none is known. */
export async function readTrust(target: SshTarget): Promise<HostTrust> {
  const place = placeOf(target);
  return target.hostKey === null
    ? trustKnownHosts(place, await readKnownHosts(target))
    : trustFingerprint(place, target.hostKey);
}

/** The same from known_hosts alone; null if no line has this host. Rejects with E_HOST_KEY if all that have it revoke. */
export async function readKnownTrust(target: SshTarget): Promise<HostTrust | null> {
  const place = placeOf(target);
  const hosts = await readKnownHosts(target);
  const lines = linesFor(hosts, place.host, place.port).filter(({ marker }) => marker !== "cert-authority");
  return lines.length === 0 ? null : trustKnownHosts(place, hosts);
}

/**
 * Fingerprints of the keys that this VM may prove, sorted; empty if none is known. Like `readTrust`, rejects if a file
 * cannot be read.
 */
export async function readPinnedKeys(target: SshTarget): Promise<readonly string[]> {
  if (target.hostKey !== null) return [target.hostKey];
  const { host, port } = placeOf(target);
  const lines = linesFor(await readKnownHosts(target), host, port).filter(({ marker }) => marker === null);
  return [...new Set(lines.map(({ key }) => fingerprintOf(key)))].sort();
}

/** A missing file lists no keys; an unreadable one might revoke a key. */
async function readOrEmpty(file: string): Promise<string> {
  try {
    const bytes = await readSmallFile(file, { what: "the known host keys in", code: "E_HOST_KEY", limit: MOST_BYTES });
    return bytes?.toString("utf8") ?? "";
  } catch (cause) {
    const { message, hint } = asError(cause);
    throw new Tofu3Error("E_HOST_KEY", message, {
      stage: "ssh",
      hint: hint ?? `check its permissions: ls -l ${file}`,
      cause,
    });
  }
}
