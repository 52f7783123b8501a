import { createHmac } from "node:crypto";
import { matchesPatterns } from "./pattern.ts";

/** One usable line of a known_hosts file. sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". */
export interface KnownHost {
  readonly marker: "revoked" | "cert-authority" | null;
  readonly patterns: string;
  readonly type: string;
  readonly key: Buffer;
  /** `FILE:LINE`, for messages. */
  readonly place: string;
}

const MARKERS: Readonly<Record<string, KnownHost["marker"]>> = {
  "@revoked": "revoked",
  "@cert-authority": "cert-authority",
};

/** Skips lines that it cannot parse (unknown marker, bad base64, another key type than stated), as ssh does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const fields = line.trim().split(/[ \t]+/);
    const marked = fields[0]?.startsWith("@") === true;
    const marker = marked ? MARKERS[fields[0] ?? ""] : null;
    const [patterns, type, base64] = marked ? fields.slice(1) : fields;
    if (
      marker === undefined ||
      patterns === undefined ||
      patterns.startsWith("#") ||
      type === undefined ||
      base64 === undefined
    )
      return [];
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return [];
    const key = Buffer.from(base64, "base64");
    return keyType(key) === type ? [{ marker, patterns, type, key, place: `${file}:${index + 1}` }] : [];
  });
}

/** The algorithm name at the start of an SSH public key blob, RFC 4253 §6.6; null if there is none. */
export function keyType(key: Buffer): string | null {
  if (key.length < 4) return null;
  const length = key.readUInt32BE(0);
  return length > 0 && length <= 64 && key.length > 4 + length ? key.toString("latin1", 4, 4 + length) : null;
}

/** The name of a host in known_hosts: `host`, or `[host]:port` for a port other than 22; lower case. */
export function knownName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

function hashedMatches(pattern: string, name: string): boolean {
  const [, salt, hash] = /^\|1\|([^|]+)\|([^|]+)$/.exec(pattern) ?? [];
  if (salt === undefined || hash === undefined) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

/** Whether the hosts field of a line, a comma-separated list of patterns or a hash, matches this name. */
export function patternsMatch(patterns: string, name: string): boolean {
  if (patterns.startsWith("|")) return hashedMatches(patterns, name);
  return matchesPatterns(patterns.toLowerCase().split(","), name);
}

/** The lines for one host. ssh falls back to a bare `host` line for other ports; this does not. */
export function linesFor(hosts: readonly KnownHost[], host: string, port: number): KnownHost[] {
  const name = knownName(host, port);
  return hosts.filter((each) => patternsMatch(each.patterns, name));
}
