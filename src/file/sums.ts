import { Tofu3Error, visible } from "../errors.ts";
import { algorithmOf, hexOf, isDigest, type Digest } from "../oci/digest.ts";

/** One sha256 checksum of a file of them. */
export interface Sum {
  /** As the file has it, unescaped; null for a bare digest, which names nothing. */
  readonly name: string | null;
  readonly digest: Digest;
}

interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its line end. */
  readonly text: string;
}

interface Entry {
  readonly name: string | null;
  /** Null for an algorithm other than sha256. */
  readonly digest: Digest | null;
}

const MOST_BYTES = 4 * 1024 * 1024;
const MOST_LINES = 100_000;
const MOST_LISTED = 5;
const BEGIN_MESSAGE = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE = "-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE = "-----END PGP SIGNATURE-----";
const HEX = /^[0-9a-f]+/i;
const SHA256_LENGTH = 64;
/** In hex digits: md5, sha1, sha224, sha384 and sha512. */
const OTHER_LENGTHS: readonly number[] = [32, 40, 56, 96, 128];
const TAG = /^([a-z][a-z0-9/-]*) \(/i;
const TAG_END = ") = ";
const SHA256_TAG = /^sha(?:2?-)?256$/i;
/** Hex, and the base64 of `cksum --base64`. */
const OTHER_VALUE = /^[a-z0-9+/]+=*$/i;
const UNESCAPED: ReadonlyMap<string, string> = new Map([
  ["\\\\", "\\"],
  ["\\n", "\n"],
  ["\\r", "\r"],
]);
const HINT = 'a checksum file has lines such as "HEX  NAME" or "SHA256 (NAME) = HEX", with 64 hex digits';
const PUBLISHER_HINT = "ask whoever publishes it, or use another copy of it";
const ONLY_SHA256 = "only sha256 counts";

/**
 * The sha256 checksums of a file as coreutils (`sha256sum`, also with `--tag`), the BSDs and others write it, at least
 * one; those of other algorithms are left out. A message in the cleartext signature framework (RFC 9580 §7) is read
 * without checking its signature. A bare digest is the only one. `what` is how messages call the file. Throws E_SUMS.
 */
export function parseSums(bytes: Uint8Array, what: string): readonly Sum[] {
  const lines = signedLines(linesOf(bytes, what), what).filter(({ text }) => !isIdle(text));
  const entries = lines.map((line) => readEntry(line.text) ?? refuseLine(line, "is no checksum", what));
  if (entries.length === 0) return refuse(what, "there is no checksum in it");
  const bare = entries.findIndex(({ name }) => name === null);
  const nameless = lines[bare];
  if (nameless !== undefined && entries.length > 1) {
    return refuseLine(nameless, "does not say which file it is for, and it is not the only one", what);
  }
  refuseTwins(entries, lines, what);
  const sums = entries.flatMap(({ name, digest }) => (digest === null ? [] : [{ name, digest }]));
  if (sums.length > 0) return sums;
  return refuse(what, `there is no sha256 checksum in it, and ${ONLY_SHA256}`);
}

/**
 * The digest that the file gives for `name`: a bare one, that of the very name, or else that of the one path that ends
 * in it. A leading `./` does not count. `what` is how messages call the file. Throws E_SUMS.
 */
export function sumOf(sums: readonly Sum[], name: string, what: string): Digest {
  const [first] = sums;
  if (first?.name === null && sums.length === 1) return first.digest;
  const named = sums.flatMap((sum) => (sum.name === null ? [] : [{ name: plain(sum.name), digest: sum.digest }]));
  const wanted = plain(name);
  const exact = named.find((sum) => sum.name === wanted);
  if (exact !== undefined) return exact.digest;
  // a folder ends in a name that is empty, as that of a file which nobody named is
  const close = named.filter((sum) => wanted !== "" && sum.name.slice(sum.name.lastIndexOf("/") + 1) === wanted);
  const [only] = close;
  if (close.length > 1) {
    return refuse(
      what,
      `it has several checksums for ${quoted(name)}: ${listed(close)}`,
      "say which one, with its path",
    );
  }
  if (only !== undefined) return only.digest;
  return refuse(what, `it has no checksum for ${quoted(name)}`, `it has checksums for ${listed(named)}`);
}

/**
 * One line of a SHA256SUMS file, without its newline, as coreutils 9 writes it: `HEX  NAME`, with a leading backslash if
 * something in the name is escaped. Throws E_SUMS for a digest that is not sha256.
 */
export function formatSum(name: string, digest: Digest): string {
  if (algorithmOf(digest) !== "sha256") {
    throw new Tofu3Error("E_SUMS", `cannot write ${digest} into a checksum file: ${ONLY_SHA256}`);
  }
  const escaped = name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  // to `sha256sum -c`, a lone dash is the standard input
  return `${escaped === name ? "" : "\\"}${hexOf(digest)}  ${escaped === "-" ? "./-" : escaped}`;
}

function linesOf(bytes: Uint8Array, what: string): readonly Line[] {
  if (bytes.length > MOST_BYTES) return refuse(what, "it is larger than 4 MiB");
  const text = decoded(bytes);
  if (text === null) return refuse(what, "it is not UTF-8", "it may be UTF-16, or not a text at all");
  if (text.trimStart().startsWith("<")) {
    return refuse(what, "it is a page, not a checksum file", "look for the link to the file itself, often called raw");
  }
  // two more than allowed, since an empty one follows the last line end
  const lines = text.split("\n", MOST_LINES + 2);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length > MOST_LINES) return refuse(what, `it has more than ${MOST_LINES} lines`);
  return lines.map((line, index) => ({ number: index + 1, text: line.endsWith("\r") ? line.slice(0, -1) : line }));
}

/** Without a byte order mark; null if it is not UTF-8. */
function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The lines that a signature covers, without their dash escapes; all of them if there is none. RFC 9580 §7 */
function signedLines(lines: readonly Line[], what: string): readonly Line[] {
  const find = (marker: string, from: number): number =>
    lines.findIndex(({ text }, index) => index >= from && text.trimEnd() === marker);
  const begin = find(BEGIN_MESSAGE, 0);
  if (begin === -1) return lines;
  const blank = find("", begin);
  const signature = blank === -1 ? -1 : find(BEGIN_SIGNATURE, blank);
  const end = signature === -1 ? -1 : find(END_SIGNATURE, signature);
  if (end === -1) return refuse(what, "the signed message in it is cut off", PUBLISHER_HINT);
  const odd = lines.slice(begin + 1, blank).find(({ text }) => !text.startsWith("Hash:"));
  if (odd !== undefined) return refuseLine(odd, "is no header of a signed message", what);
  const outside = [...lines.slice(0, begin), ...lines.slice(end + 1)].find(({ text }) => !isIdle(text));
  if (outside !== undefined) return refuseLine(outside, "stands outside of the signed message", what);
  return lines.slice(blank + 1, signature).map((line) => ({
    number: line.number,
    text: line.text.startsWith("- ") ? line.text.slice(2) : line.text,
  }));
}

/** Nothing but white space, or a comment. */
function isIdle(text: string): boolean {
  return text.startsWith("#") || /^[ \t]*$/.test(text);
}

/** Null if the line is in none of the dialects. */
function readEntry(line: string): Entry | null {
  const escaped = line.startsWith("\\");
  const text = escaped ? line.slice(1) : line;
  const read = readPlain(text) ?? readTagged(text);
  if (read === null || !escaped) return read;
  const name = read.name === null ? null : unescaped(read.name);
  return name === null ? null : { name, digest: read.digest };
}

/** `HEX  NAME`, `HEX *NAME`, `HEX NAME`, `HEX` */
function readPlain(text: string): Entry | null {
  const hex = HEX.exec(text)?.[0] ?? "";
  const rest = text.slice(hex.length);
  const isSha256 = hex.length === SHA256_LENGTH;
  if (!isSha256 && !OTHER_LENGTHS.includes(hex.length)) return null;
  // not more white space than this: a name may be a space
  if (isSha256 && ["", " ", "  "].includes(rest)) return { name: null, digest: sha256Of(hex) };
  if (!rest.startsWith(" ")) return null;
  const name = rest.slice(/^ [ *]/.test(rest) ? 2 : 1);
  return isName(name) ? { name, digest: isSha256 ? sha256Of(hex) : null } : null;
}

/** `SHA256 (NAME) = HEX` */
function readTagged(text: string): Entry | null {
  const [head, algorithm] = TAG.exec(text) ?? [];
  const end = text.lastIndexOf(TAG_END);
  if (head === undefined || algorithm === undefined || end < head.length) return null;
  const name = text.slice(head.length, end);
  const value = text.slice(end + TAG_END.length);
  if (!isName(name)) return null;
  if (!SHA256_TAG.test(algorithm)) return OTHER_VALUE.test(value) ? { name, digest: null } : null;
  const digest = sha256Of(value);
  return digest === null ? null : { name, digest };
}

function isName(text: string): boolean {
  return text !== "" && !text.includes("\0");
}

function sha256Of(hex: string): Digest | null {
  const digest = `sha256:${hex.toLowerCase()}`;
  return isDigest(digest) ? digest : null;
}

/** Null if a backslash stands before anything that coreutils does not escape. */
function unescaped(name: string): string | null {
  if (name.match(/\\.?/gs)?.some((escape) => !UNESCAPED.has(escape))) return null;
  return name.replace(/\\./gs, (escape) => UNESCAPED.get(escape) ?? escape);
}

/** Even twins that agree are refused: of a file that was put together carelessly, neither can be trusted. */
function refuseTwins(entries: readonly Entry[], lines: readonly Line[], what: string): void {
  const seen = new Map<string, number>();
  for (const [index, { name, digest }] of entries.entries()) {
    const line = lines[index];
    if (name === null || digest === null || line === undefined) continue;
    const earlier = seen.get(plain(name));
    if (earlier !== undefined) {
      refuse(what, `lines ${earlier} and ${line.number} are both for ${quoted(plain(name))}`, PUBLISHER_HINT);
    }
    seen.set(plain(name), line.number);
  }
}

/** A name as it is compared. */
function plain(name: string): string {
  return name.startsWith("./") ? name.slice(2) : name;
}

function quoted(name: string): string {
  return `"${visible(name, 200)}"`;
}

function listed(sums: readonly { readonly name: string }[]): string {
  const names = sums.slice(0, MOST_LISTED).map(({ name }) => quoted(name));
  const more = sums.length - names.length;
  return `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function refuseLine(line: Line, reason: string, what: string): never {
  return refuse(what, `line ${line.number} ${reason}: ${quoted(line.text)}`);
}

function refuse(what: string, reason: string, hint = HINT): never {
  throw new Tofu3Error("E_SUMS", `cannot use ${visible(what)}: ${reason}`, { hint });
}
