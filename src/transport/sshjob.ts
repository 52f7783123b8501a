import { Tofu3Error } from "../errors.ts";
import { parseDigest, type Algorithm, type Digest } from "../oci/digest.ts";
import { isPublicAddress } from "./address.ts";
import { curlOptions, quoted, writeOut, type CurlSettings } from "./curlconfig.ts";
import { faultOfExit } from "./curlexit.ts";
import { parseHeaderBlock, type HeaderBlock } from "./headers.ts";
import type { JobReply, Transfer } from "./reply.ts";
import { declaredLength } from "./strict.ts";
import type { Answer, Page, Query } from "./transport.ts";

const BLOCK = 512;
const HEADER_ROOM = 64 * 1024;

/** `256` or `512`, as the script's hash function takes it. */
export function bits(algorithm: Algorithm): "256" | "512" {
  return algorithm === "sha256" ? "256" : "512";
}

/** Lines of one job that fetches all of them with one curl. `mode` is `r` for documents, whose bodies come back, or the bits of a hash. */
export function batchLines(mode: "r" | "256" | "512", queries: readonly Query[], nonce: string, settings: CurlSettings): string[] {
  const [first] = queries;
  if (first === undefined) throw new Tofu3Error("E_BUG", "an empty batch");
  const options = ["silent", ...curlOptions(first, settings), ...(settings.parallel ? ["parallel", "parallel-max = 16"] : [])];
  const largest = Math.max(...queries.map((each) => each.maxBytes));
  return [
    ...options.map((line) => `t${line}`),
    `wwrite-out = "${nonce} w `,
    `v ${writeOut(settings.parallel)}`,
    ...queries.map((each) => `u${each.maxBytes} ${quoted(each.url)}`),
    `b${mode} ${settings.parallel ? "z" : "s"} ${Math.ceil((largest + HEADER_ROOM) / BLOCK)}`,
  ];
}

/** curl configuration of part `part` (from 1) of a streamed body. */
export function streamConfig(query: Query, part: number, nonce: string, settings: CurlSettings): string[] {
  return [
    ...curlOptions(query, settings),
    `url = ${quoted(query.url)}`,
    `dump-header = "h${part}"`,
    `write-out = "%{stderr}\\n${nonce} w ${part} ${writeOut(settings.parallel)}`,
  ];
}

/** One exchange as it came back: how curl ended, what it received, and the header block where there was one. */
export interface Outcome {
  readonly fault: Tofu3Error | null;
  readonly size: number;
  readonly answer: Answer | null;
}

function answerOf(block: HeaderBlock, transfer: Transfer, proxied: boolean): Answer {
  return { status: block.status, headers: block.headers, address: proxied ? null : transfer.address };
}

/**
 * What one transfer of a job amounts to. Throws where the exchange must not be looked at: no answer at all, unclean HTTP, a forbidden address.
 */
export function outcomeOf(index: number, query: Query, reply: JobReply, settings: CurlSettings): Outcome {
  const transfer = reply.transfers.get(index);
  const exit = transfer?.exit ?? reply.exits.get(index) ?? reply.exits.get(0);
  if (transfer === undefined || exit === undefined) {
    const whole = reply.exits.get(index) ?? reply.exits.get(0);
    throw whole === undefined || whole === 0
      ? new Tofu3Error("E_VM_REPLY", "the VM's curl said nothing about a transfer", { stage: "ssh", hint: "tofu3 workers check" })
      : faultOfExit(whole);
  }
  const fault = exit === 0 ? null : faultOfExit(exit);
  if (query.publicOnly && settings.proxy === null && transfer.address !== null && !isPublicAddress(transfer.address)) {
    throw new Tofu3Error("E_ADDRESS", `the answer came from ${transfer.address}, which is not a public address`, { stage: "connect" });
  }
  const dumped = reply.files.get(`h${index}`);
  if (dumped === undefined || dumped.length === 0) throw fault ?? new Tofu3Error("E_FRAMING", "the answer has no headers", { stage: "http" });
  const cutShort = fault !== null && !dumped.toString("latin1").endsWith("\r\n\r\n");
  if (cutShort) throw fault;
  const block = parseHeaderBlock(dumped);
  if (block.status !== transfer.status && fault === null) throw new Tofu3Error("E_FRAMING", `the status is ${transfer.status} to curl and ${block.status} in the headers`, { stage: "http" });
  if (block.status === 200 || block.status === 206) {
    const declared = declaredLength(block.status, block.headers);
    if (fault === null && declared !== null && declared !== transfer.size) {
      throw new Tofu3Error("E_FRAMING", `the body has ${transfer.size} bytes and its Content-Length says ${declared}`, { stage: "body" });
    }
  }
  return { fault, size: transfer.size, answer: answerOf(block, transfer, settings.proxy !== null) };
}

/** A document of a batch. Throws its fault. */
export function pageOf(index: number, query: Query, reply: JobReply, settings: CurlSettings): Page {
  const { fault, size, answer } = outcomeOf(index, query, reply, settings);
  const body = reply.files.get(`b${index}`) ?? Buffer.alloc(0);
  if (fault !== null) throw fault;
  if (answer === null) throw new Tofu3Error("E_FRAMING", "the answer has no headers", { stage: "http" });
  if (body.length > query.maxBytes) throw new Tofu3Error("E_TOO_LARGE", `the document is longer than ${query.maxBytes} bytes`, { stage: "body" });
  if (body.length !== size) throw new Tofu3Error("E_VM_REPLY", `the VM kept ${body.length} of ${size} bytes of a document`, { stage: "ssh", hint: "free space in the VM's /tmp" });
  return { ...answer, body };
}

/** The hash of a file or a stream of the job. Throws E_VM_TOOL when the hash tool said nothing. */
export function sumOf(name: string, algorithm: Algorithm, reply: JobReply): Digest {
  const hex = reply.sums.get(name);
  if (hex === undefined || hex.length !== (algorithm === "sha256" ? 64 : 128)) {
    throw new Tofu3Error("E_VM_TOOL", `the VM's hash tool gave no ${algorithm} of a body`, { stage: "ssh", hint: "install openssl on the VM" });
  }
  return parseDigest(`${algorithm}:${hex}`);
}
