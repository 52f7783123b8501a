import { Tofu3Error, visible } from "../errors.ts";
import { trimBoth } from "../oci/trim.ts";
import { MOST_INTERIM, TOO_MANY_INTERIM, UNASKED_SWITCH } from "./strict.ts";

export interface HeaderBlock {
  /** `1.1` */
  readonly version: string;
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Per answer; the same limit as undici's. */
const MOST_HEADER_BYTES = 16 * 1024;
const STATUS_LINE = /^HTTP\/(1\.[01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function refuse(what: string, line: string): never {
  const where = line === "" ? "" : `: "${visible(line, 120)}"`;
  throw new Tofu3Error("E_FRAMING", `the answer is not clean HTTP/1.1: ${what}${where}`, { stage: "http" });
}

/**
 * The final header block of curl's header dump, read as strictly as undici reads it: CRLF line ends, no folded lines,
 * no space before a colon, at most 16 KiB. Interim answers come before it, trailers after. RFC 9112 §2–7. Null if the
 * dump ends before the block does. Throws E_FRAMING.
 */
export function parseHeaderBlock(dump: Uint8Array): HeaderBlock | null {
  let rest = Buffer.from(dump).toString("latin1");
  for (let interim = 0; ; interim++) {
    const end = rest.indexOf("\r\n\r\n");
    const block = end < 0 ? rest : rest.slice(0, end);
    if (block.length > MOST_HEADER_BYTES) refuse("more than 16 KiB of headers", "");
    if (interim > MOST_INTERIM) refuse(TOO_MANY_INTERIM, "");
    if (/(?<!\r)\n|\r(?!\n)/.test(block)) refuse("a line end that is not CRLF", block.slice(0, 80));
    if (end < 0) return null;
    const { version, status, headers } = readBlock(block);
    if (status >= 200) return { version, status, headers };
    if (status === 101) refuse(UNASKED_SWITCH, "");
    rest = rest.slice(end + 4);
  }
}

function readBlock(block: string): HeaderBlock {
  const [first = "", ...others] = block.split("\r\n");
  const [, version = "", status] = STATUS_LINE.exec(first) ?? refuse("the status line", first);
  return { version, status: Number(status), headers: others.map(readHeader) };
}

function readHeader(line: string): readonly [name: string, value: string] {
  const colon = Math.max(line.indexOf(":"), 0);
  const [name, value] = [line.slice(0, colon), line.slice(colon + 1)];
  if (!NAME.test(name) || !VALUE.test(value)) refuse("a header", line);
  return [name.toLowerCase(), trimBlanks(value)];
}

/** Trims blanks around a header value. RFC 9112 §5.1 */
export function trimBlanks(value: string): string {
  return trimBoth(value, " \t");
}
