import { BlockList, isIP, isIPv4 } from "node:net";
import { Tofu3Error, visible, type Stage } from "../errors.ts";

/** Everything in IANA's special-purpose registry for IPv4: not one host on the public internet. */
const SPECIAL_V4 = [
  "0.0.0.0/8", // this network, unspecified
  "10.0.0.0/8",
  "100.64.0.0/10", // carrier-grade NAT
  "127.0.0.0/8",
  "168.63.129.16/32", // Azure's platform endpoint lives on a public address
  "169.254.0.0/16", // link-local, metadata services of most clouds
  "172.16.0.0/12",
  "192.0.0.0/24", // protocol assignments, Oracle's metadata service
  "192.0.2.0/24",
  "192.88.99.0/24", // 6to4 relays
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, broadcast
];

/** Within 2000::/3, the only IPv6 space from which public addresses are assigned. */
const SPECIAL_V6 = [
  "2001::/23", // protocol assignments: Teredo, ORCHID, benchmarking
  "2001:db8::/32",
  "3fff::/20",
];

const special = blockListOf([...SPECIAL_V4, ...SPECIAL_V6]);
const unicast = blockListOf(["2000::/3"]);

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address, prefix] = network.split("/");
    if (address !== undefined) list.addSubnet(address, Number(prefix), isIPv4(address) ? "ipv4" : "ipv6");
  }
  return list;
}

/** The eight groups of an IPv6 address without a zone. */
function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text =
    dotted === null ? address : `${dotted[1] ?? ""}${hexPair(dotted[2], dotted[3])}:${hexPair(dotted[4], dotted[5])}`;
  const [head = "", tail] = text.split("::");
  const left = head.split(":").filter((group) => group !== "");
  const right = tail === undefined ? [] : tail.split(":").filter((group) => group !== "");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
}

/** The 16 bytes of an IPv6 address without a zone, in network order. */
export function bytesOfV6(address: string): Buffer {
  return Buffer.from(groupsOf(address).flatMap((group) => [group >> 8, group & 255]));
}

function hexPair(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}

function dottedOf(high: number | undefined, low: number | undefined): string {
  return [high, low].flatMap((group) => [Number(group) >> 8, Number(group) & 255]).join(".");
}

/** The IPv4 address embedded in an IPv6 address, where packets to it may end up; null if there is none. */
function carriedV4(groups: readonly number[]): string | null {
  const [a, b, c, d, e, f, g, h] = groups;
  const zeros = a === 0 && b === 0 && c === 0 && d === 0;
  if (zeros && e === 0 && f === 0xffff) return dottedOf(g, h); // mapped, RFC 4291
  if (zeros && e === 0xffff && f === 0) return dottedOf(g, h); // translated, RFC 7915
  if (a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0) return dottedOf(g, h); // NAT64, RFC 6052
  if (a === 0x2002) return dottedOf(b, c); // 6to4, RFC 3056
  return null;
}

/**
 * Whether the text is the IP address of one host on the public internet. False for loopback, private, shared,
 * link-local, multicast, unspecified, documentation and metadata addresses, for IPv6 addresses that embed such an IPv4
 * address, and for names.
 */
export function isPublicAddress(text: string): boolean {
  const version = isIP(text);
  if (version === 0 || text.includes("%")) return false;
  if (version === 4) return !special.check(text, "ipv4");
  const carried = carriedV4(groupsOf(text));
  if (carried !== null) return isPublicAddress(carried);
  return unicast.check(text, "ipv6") && !special.check(text, "ipv6");
}

/** `127.0.0.1:5005`, `[::1]:5005` */
export function withPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether a URL's host is this machine by name: `localhost`, `*.localhost` (RFC 6761), 127.0.0.0/8, `::1`. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  const address = name.replace(/^\[(.*)\]$/, "$1");
  const version = isIP(address);
  if (version === 4) return address.startsWith("127.");
  if (version === 0 || address.includes("%")) return false;
  const groups = groupsOf(address);
  return groups.join(":") === "0:0:0:0:0:0:0:1" || (carriedV4(groups)?.startsWith("127.") ?? false);
}

/** Refuses a host that is visibly not on the public internet, before any DNS lookup. Throws E_ADDRESS. */
export function refusePrivateHost(host: string): void {
  if (isLoopbackHost(host)) throw refusedHost(host, "it is this machine", "connect");
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw refusedHost(host, "it is not a public address", "connect");
}

export function refusedHost(host: string, why: string, stage: Stage): Tofu3Error {
  return notPublic(`refused to connect to "${visible(host, 200)}": ${why}`, stage);
}

export function notPublic(message: string, stage: Stage): Tofu3Error {
  return new Tofu3Error("E_ADDRESS", message, {
    stage,
    hint: "for a registry on a public address, and for files that strangers wrote, only public addresses are asked",
  });
}
