import { Tofu3Error, visible } from "../errors.ts";

export interface HeaderBlock {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const MOST_HEADER_BYTES = 64 * 1024;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;

function refuse(what: string, line: string): never {
  throw new Tofu3Error("E_FRAMING", `the answer is not clean HTTP/1.1: ${what}: "${visible(line, 120)}"`, { stage: "http" });
}

/**
 * The last header block of what curl dumped (interim answers stand before it), read as strictly as undici reads: CRLF line ends, no folded lines, no space
 * before a colon. RFC 9112 §2–5. Throws E_FRAMING.
 */
export function parseHeaderBlock(bytes: Uint8Array): HeaderBlock {
  if (bytes.length > MOST_HEADER_BYTES) refuse("more than 64 KiB of headers", "");
  const text = Buffer.from(bytes).toString("latin1");
  if (/(?<!\r)\n|\r(?!\n)/.test(text)) refuse("a line end that is not CRLF", text.slice(0, 80));
  const blocks = text.split("\r\n\r\n").filter((block) => block !== "");
  const lines = (blocks.at(-1) ?? "").split("\r\n").filter((line) => line !== "");
  const [first = "", ...others] = lines;
  const status = STATUS_LINE.exec(first);
  if (status === null) refuse("the status line", first);
  const headers = others.map((line) => {
    const match = HEADER.exec(line);
    if (match === null) refuse("a header", line);
    return [(match[1] ?? "").toLowerCase(), match[2] ?? ""] as const;
  });
  return { status: Number(status[1]), headers };
}
