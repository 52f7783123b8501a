import { createHash } from "node:crypto";

interface Packet {
  /** The packet type ID. */
  readonly tag: number;
  readonly body: Buffer;
  /** Where the next packet begins. */
  readonly end: number;
}

const MOST_BYTES = 1024 * 1024;
const MOST_KEYS = 100;
const PUBLIC_KEY = 6;
/** Marker and Padding, which mean nothing wherever they are. RFC 9580 §5.8, §5.14 */
const IDLE: readonly number[] = [10, 21];
const BEGIN = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Version, creation time, algorithm; with version 5 and 6 also the length of the key material. RFC 9580 §5.5.2 */
const V4_HEAD = 6;
const V6_HEAD = 10;

/**
 * The fingerprints, in upper-case hex, of the primary keys in a file of transferable public keys (RFC 9580 §10.1),
 * armored or not, in order and as often as they are there: 40 digits for version 4, 64 for version 6 and LibrePGP's 5;
 * keys of another version are left out. What comes after something unreadable, the first MiB or the hundredth key is not
 * seen; `[]` if there is no key. Nothing is verified. Never throws.
 */
export function keyFingerprints(bytes: Uint8Array): readonly string[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MOST_BYTES));
  const binary = primaryKeys(file);
  if (binary.length > 0) return binary;
  return armoredBlocks(new TextDecoder().decode(file)).flatMap(primaryKeys).slice(0, MOST_KEYS);
}

/** The bytes of each public key block, up to the first line that is not base64: its checksum or its end. RFC 9580 §6.2 */
function armoredBlocks(text: string): Buffer[] {
  const lines = text.split("\n").map((line) => line.trimEnd());
  const blocks: Buffer[] = [];
  for (let at = lines.indexOf(BEGIN); at !== -1; at = lines.indexOf(BEGIN, at)) {
    at += 1;
    while (lines[at]?.includes(":")) at += 1;
    if (lines[at] !== "") continue;
    const start = at + 1;
    for (at = start; BASE64.test(lines[at] ?? "");) at += 1;
    blocks.push(Buffer.from(lines.slice(start, at).join(""), "base64"));
  }
  return blocks;
}

/** `[]` if something else comes first, such as a secret key or a signature. */
function primaryKeys(bytes: Buffer): string[] {
  const found: string[] = [];
  let isKey = false;
  for (let packet = packetAt(bytes, 0); packet !== null; packet = packetAt(bytes, packet.end)) {
    isKey ||= packet.tag === PUBLIC_KEY;
    if (!isKey && !IDLE.includes(packet.tag)) return [];
    const fingerprint = packet.tag === PUBLIC_KEY ? fingerprintOf(packet.body) : null;
    if (fingerprint !== null && found.push(fingerprint) === MOST_KEYS) return found;
  }
  return found;
}

/**
 * Null at the end, if the packet is cut off, and if its length is partial or indeterminate: both are for data, which no
 * key file has. RFC 9580 §4.2
 */
function packetAt(bytes: Buffer, at: number): Packet | null {
  const first = bytes[at] ?? 0;
  if ((first & 0x80) === 0) return null;
  if ((first & 0x40) === 0) {
    const size = first & 0x03;
    return size === 3 ? null : packetOf((first >> 2) & 0x0f, bytes, at + 1, 1 << size);
  }
  const tag = first & 0x3f;
  const octet = bytes[at + 1] ?? 0;
  if (octet < 192) return packetOf(tag, bytes, at + 1, 1);
  // two octets count from 192, and the smallest are 0xc000
  if (octet < 224) return packetOf(tag, bytes, at + 1, 2, 0xc000 - 192);
  return octet === 255 ? packetOf(tag, bytes, at + 2, 4) : null;
}

/** `at` is where its length stands, in `size` bytes, too large by `excess`. */
function packetOf(tag: number, bytes: Buffer, at: number, size: number, excess = 0): Packet | null {
  const start = at + size;
  if (start > bytes.length) return null;
  const end = start + bytes.readUIntBE(at, size) - excess;
  return end > bytes.length ? null : { tag, body: bytes.subarray(start, end), end };
}

/** Null for another version, and for what is no key material. RFC 9580 §5.5.4; draft-koch-librepgp §5.5.4 for version 5 */
function fingerprintOf(body: Buffer): string | null {
  const version = body[0];
  if (version === 4) return body.length > V4_HEAD && body.length <= 0xffff ? hashed("sha1", 0x99, 2, body) : null;
  if (version !== 5 && version !== 6) return null;
  if (body.length <= V6_HEAD || body.readUInt32BE(V6_HEAD - 4) !== body.length - V6_HEAD) return null;
  return hashed("sha256", version === 5 ? 0x9a : 0x9b, 4, body);
}

/** The length of the body is hashed in `size` bytes. */
function hashed(algorithm: "sha1" | "sha256", prefix: number, size: 2 | 4, body: Buffer): string {
  const head = Buffer.alloc(1 + size, prefix);
  head.writeUIntBE(body.length, 1, size);
  return createHash(algorithm).update(head).update(body).digest("hex").toUpperCase();
}
