import { isIPv4 } from "node:net";

/** A row of a table: texts, whole numbers, and rows in rows. */
export type MmdbRow = { readonly [key: string]: string | number | MmdbRow };

/** Extended types have their number, less seven, in a byte of their own. */
function sized(type: number, size: number): Buffer {
  const [short, more] = size < 29 ? [size, []] : [29, [size - 29]];
  return Buffer.from(type > 7 ? [short, type - 7, ...more] : [(type << 5) | short, ...more]);
}

function encode(value: string | number | readonly string[] | MmdbRow): Buffer {
  if (typeof value === "string") return Buffer.concat([sized(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([sized(6, 4), bytes]);
  }
  if (value instanceof Array) return Buffer.concat([sized(11, value.length), ...value.map(encode)]);
  const pairs = Object.entries(value);
  return Buffer.concat([sized(7, pairs.length), ...pairs.flatMap(([key, each]) => [encode(key), encode(each)])]);
}

function bitsOf(address: string, version: 4 | 6): string {
  const v4 = (text: string): string =>
    text
      .split(".")
      .map((each) => Number(each).toString(2).padStart(8, "0"))
      .join("");
  if (isIPv4(address)) return version === 4 ? v4(address) : "0".repeat(96) + v4(address);
  const [left = [], right = []] = address.split("::").map((half) => half.split(":").filter((each) => each !== ""));
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return groups.map((each) => parseInt(each, 16).toString(2).padStart(16, "0")).join("");
}

interface Node {
  children: [Node | number | null, Node | number | null];
}

/** A MaxMind DB with one row for each network, `198.18.0.0/24` or `2001:db8::/32`; records of 24 bits. */
export function mmdbOf(networks: Readonly<Record<string, MmdbRow>>, version: 4 | 6 = 6): Buffer {
  const root: Node = { children: [null, null] };
  const rows: Buffer[] = [];
  let offset = 0;
  for (const [network, row] of Object.entries(networks)) {
    const [address = "", length = ""] = network.split("/");
    const prefix = isIPv4(address) && version === 6 ? Number(length) + 96 : Number(length);
    const bits = bitsOf(address, version).slice(0, prefix);
    let at = root;
    for (const bit of bits.slice(0, -1)) {
      const next = at.children[Number(bit)];
      at = typeof next === "object" && next !== null ? next : (at.children[Number(bit)] = { children: [null, null] });
    }
    at.children[Number(bits.at(-1))] = offset;
    const bytes = encode(row);
    rows.push(bytes);
    offset += bytes.length;
  }
  const nodes = [root];
  for (const node of nodes) nodes.push(...node.children.filter((each) => typeof each === "object" && each !== null));
  const record = (each: Node | number | null): number =>
    each === null ? nodes.length : typeof each === "number" ? nodes.length + 16 + each : nodes.indexOf(each);
  const tree = Buffer.alloc(nodes.length * 6);
  nodes.forEach(({ children }, at) =>
    children.forEach((each, side) => tree.writeUIntBE(record(each), at * 6 + side * 3, 3)),
  );
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    database_type: "Lab",
    ip_version: version,
    node_count: nodes.length,
    record_size: 24,
  };
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    ...rows,
    Buffer.from("\xab\xcd\xefMaxMind.com", "latin1"),
    encode(metadata),
  ]);
}
