import { createHash } from "node:crypto";
import { Tofu3Error, visible } from "../../errors.ts";
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

/** `SHA256:` and unpadded base64, as printed by `ssh-keygen -l`. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").slice(0, 43)}`;
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

const HOW_TO_LOOK = "look at it on the VM's own console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub";

/** The configured `hostKey: SHA256:…`: only that key, whatever its type. */
export function trustFingerprint(server: ServerName, fingerprint: string): HostTrust {
  return {
    types: KEY_TYPES,
    accepts: (key) => fingerprintOf(key) === fingerprint,
    refusal: (key) =>
      new Tofu3Error(
        "E_HOST_KEY",
        `the host key of worker "${server.worker}" (${server.host}:${server.port}) is not the configured one: expected ${fingerprint}, got ${describe(key)}`,
        {
          stage: "ssh",
          hint: `nothing was sent to that machine; ${HOW_TO_LOOK}; if the VM was reinstalled, write hostKey: ${fingerprintOf(key)}`,
        },
      ),
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
      { stage: "ssh", hint: `write hostKey: SHA256:… to that worker; ${HOW_TO_LOOK}` },
    );
  }
  const isRevoked = (key: Buffer): KnownHost | undefined => revoked.find((each) => each.key.equals(key));
  return {
    types: KEY_TYPES.filter((type) => known.some((each) => each.type === type)),
    accepts: (key) => isRevoked(key) === undefined && known.some((each) => each.key.equals(key)),
    refusal: (key) => {
      const withdrawn = isRevoked(key);
      const expected = known.map((each) => `${describe(each.key)} at ${each.place}`).join(", ");
      return new Tofu3Error(
        "E_HOST_KEY",
        withdrawn
          ? `the host key of worker "${server.worker}" (${name}) is revoked at ${withdrawn.place}: ${describe(key)}`
          : `the host key of worker "${server.worker}" (${name}) has changed: expected ${expected}, got ${describe(key)}`,
        { stage: "ssh", hint: `nothing was sent to that machine; ${HOW_TO_LOOK}` },
      );
    },
  };
}
