/** An IP address as evidence: comparable text, and the network that one machine or one customer has. */
export interface ExitAddress {
  readonly family: 4 | 6;
  /** The one spelling of it. */
  readonly text: string;
  /** IPv4: the address. IPv6: its /64, within which a machine picks its addresses as it likes. RFC 4941 */
  readonly network: string;
}

const V4 = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;
/** The longest: eight groups, the last two as IPv4. */
const V6 = /^[0-9a-f:]{2,39}(?:[0-9.]{7,15})?$/i;
/** RFC 4291 §2.5.5.2, in the spelling of URLs. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** Null for anything but one IP address without zone, port or blanks; an IPv4 address inside an IPv6 one is itself. */
export function exitAddress(text: unknown): ExitAddress | null {
  if (typeof text !== "string") return null;
  if (V4.test(text)) return { family: 4, text, network: text };
  const plain = V6.test(text) ? plainV6(text) : null;
  if (plain === null) return null;
  const [, high, low] = MAPPED.exec(plain) ?? [];
  if (high !== undefined && low !== undefined) {
    const dotted = [high, low].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]).join(".");
    return { family: 4, text: dotted, network: dotted };
  }
  return { family: 6, text: plain, network: `${groupsOf(plain).slice(0, 4).join(":")}::/64` };
}

/** Lower case, shortest form, as URLs spell it. */
function plainV6(text: string): string | null {
  const url = `http://[${text}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : null;
}

function groupsOf(plain: string): readonly string[] {
  const [left = [], right = []] = plain.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
}
