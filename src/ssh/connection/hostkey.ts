import { Tofu3Error, visible } from "../../errors.ts";
import { fingerprintOf } from "../../model/fingerprint.ts";
import { hostKeyWords } from "../../model/impostor.ts";
import { keyType, knownName, linesFor, type KnownHost } from "./knownhosts.ts";

/** Host key algorithms to offer, best first; SHA-1 `ssh-rsa` signatures are not among them. */
const ALGORITHMS: ReadonlyMap<string, readonly string[]> = new Map([
  ["ssh-ed25519", ["ssh-ed25519"]],
  ["ecdsa-sha2-nistp256", ["ecdsa-sha2-nistp256"]],
  ["ecdsa-sha2-nistp384", ["ecdsa-sha2-nistp384"]],
  ["ecdsa-sha2-nistp521", ["ecdsa-sha2-nistp521"]],
  ["ssh-rsa", ["rsa-sha2-512", "rsa-sha2-256"]],
]);
export const KEY_TYPES: readonly string[] = [...ALGORITHMS.keys()];

export function algorithmsOf(types: readonly string[]): string[] {
  return types.flatMap((type) => ALGORITHMS.get(type) ?? []);
}

/** What is known of a host's keys before connecting. */
export interface HostTrust {
  /** Key types worth negotiating, best first. */
  readonly types: readonly string[];
  /** True only for a known key. Pure, so that a re-key gets the same answer. */
  readonly accepts: (key: Buffer) => boolean;
  /** The error to report when `accepts` returns false. */
  readonly refusal: (key: Buffer) => Tofu3Error;
}

interface ServerName {
  readonly worker: string;
  readonly host: string;
  readonly port: number;
}

function describe(key: Buffer): string {
  return `${fingerprintOf(key)} (${visible(keyType(key) ?? "unknown type", 40)})`;
}

/** The file of a host key of this type, as sshd names it by default. */
function fileOf(type: string | undefined): string {
  const [kind = "ed25519"] = /ed25519|ecdsa|rsa/.exec(type ?? "") ?? [];
  return `/etc/ssh/ssh_host_${kind}_key.pub`;
}

function howToLook(type?: string): string {
  return `on the VM's own console (not over SSH) run: ssh-keygen -lf ${fileOf(type)}`;
}

/** As loud as ssh: somebody may be on the way to the VM. The key that was offered is never a thing to copy unseen. */
function changed(worker: string, place: string, expected: string, key: Buffer, where: string): Tofu3Error {
  const message = `${hostKeyWords(worker, place, "has changed")}; expected ${expected}, offered ${describe(key)}`;
  const hint = `nothing was sent to that machine; ${howToLook(keyType(key) ?? undefined)}; if it prints the expected key, somebody is on the way to the VM: use another network and find out who; only if it prints the offered one, and you know why, change ${where}`;
  return new Tofu3Error("E_HOST_KEY", message, { stage: "ssh", hint });
}

/** The configured `hostKey: SHA256:…`: only that key, whatever its type. */
export function trustFingerprint(server: ServerName, fingerprint: string): HostTrust {
  return {
    types: KEY_TYPES,
    accepts: (key) => fingerprintOf(key) === fingerprint,
    refusal: (key) =>
      changed(server.worker, `${server.host}:${server.port}`, fingerprint, key, "hostKey of that worker"),
  };
}

/** Entries of known_hosts. Throws E_HOST_KEY if no line names the host, or only a certificate authority does. */
export function trustKnownHosts(server: ServerName, hosts: readonly KnownHost[]): HostTrust {
  const name = knownName(server.host, server.port);
  const lines = linesFor(hosts, server.host, server.port);
  const known = lines.filter((each) => each.marker === null);
  const revoked = lines.filter((each) => each.marker === "revoked");
  if (known.length === 0) {
    const authority = lines.some((each) => each.marker === "cert-authority");
    throw new Tofu3Error(
      "E_HOST_KEY",
      authority
        ? `the host key of worker "${server.worker}" is known only by a certificate authority, and tofu3 cannot check host certificates`
        : `the host key of worker "${server.worker}" (${server.host}:${server.port}) is not known: no hostKey in the configuration and no line for "${name}" in known_hosts`,
      { stage: "ssh", hint: `${howToLook()}; write what it prints to that worker: hostKey: "SHA256:…"` },
    );
  }
  const isKnown = (type: string): boolean => known.some((each) => each.type === type);
  const isRevoked = (key: Buffer): KnownHost | undefined => revoked.find((each) => each.key.equals(key));
  return {
    // the known types first, as ssh does it: a server that has none of them shows what it has instead
    types: KEY_TYPES.toSorted((one, other) => Number(isKnown(other)) - Number(isKnown(one))),
    accepts: (key) => isRevoked(key) === undefined && known.some((each) => each.key.equals(key)),
    refusal: (key) => {
      const withdrawn = isRevoked(key);
      if (withdrawn === undefined) {
        const expected = known.map((each) => `${describe(each.key)} at ${each.place}`).join(", ");
        return changed(server.worker, name, expected, key, "known_hosts");
      }
      return new Tofu3Error(
        "E_HOST_KEY",
        `${hostKeyWords(server.worker, name, "is revoked")}; ${describe(key)} is revoked at ${withdrawn.place}`,
        {
          stage: "ssh",
          hint: `nothing was sent to that machine; whoever has that key can pose as the VM: ${howToLook(keyType(key) ?? undefined)}`,
        },
      );
    },
  };
}
