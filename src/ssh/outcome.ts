import { Tofu3Error } from "../errors.ts";
import { isPublicAddress, notPublic } from "../http/address.ts";
import type { CurlSettings } from "./script/curlconfig.ts";
import { faultOfExit, faultOfProxy, type Reached } from "./script/curlexit.ts";
import { parseHeaderBlock, type HeaderBlock } from "../http/headers.ts";
import type { JobReply, Transfer } from "./script/reply.ts";
import { MOST_DUMPED_BYTES } from "./job.ts";
import { declaredLength, tooLarge } from "../http/strict.ts";
import type { Answer, Page, Query } from "../http/transport.ts";

/** Statuses of curl after which what was written is what was received: too little, too slow, broken. */
const RESUMABLE: ReadonlySet<number> = new Set([18, 28, 55, 56]);

/** Of an answer that is not content, so much is kept at most. */
const MOST_ERROR_BYTES = 64 * 1024;

/** One exchange as it came back. */
export interface Outcome {
  readonly answer: Answer;
  /** Why the body ended early; null when it is complete. */
  readonly fault: Tofu3Error | null;
  /** Bytes of body that curl received. */
  readonly size: number;
  /** The rest can be asked for and appended to what the VM has. */
  readonly resumable: boolean;
}

/** 200, or 206 where a part was asked for. */
export function isContent(status: number): boolean {
  return status === 200 || status === 206;
}

/**
 * What transfer `index` of a job amounts to; `process` is the key of the curl that did it. Throws where the exchange must not be looked at: no
 * answer at all, unclean HTTP, a forbidden address, a length that is not clear.
 */
export function outcomeOf(index: number, process: number, query: Query, reply: JobReply, settings: CurlSettings): Outcome {
  const transfer = reply.transfers.get(index);
  const exit = transfer?.exit ?? reply.exits.get(process);
  if (transfer === undefined || exit === undefined) throw silence(exit);
  refuseAddress(query, transfer, settings);
  const { size } = transfer;
  const { fault, block } = headersOf(index, exit, transfer, reply, settings);
  if (block.status !== transfer.status)
    throw contradiction(`the status is ${transfer.status} to curl and ${block.status} in the headers`, "http");
  if (block.status === 407 && settings.proxy !== null) throw faultOfProxy(407);
  const answer = { status: block.status, headers: block.headers, address: settings.proxy === null ? transfer.address : null };
  if (!isContent(block.status)) return { answer, fault: null, size, resumable: false };
  const declared = declaredLength(block.status, block.headers);
  if (size > query.maxBytes) return { answer, fault: tooLarge(query.maxBytes), size, resumable: false };
  if (fault === null && declared !== null && declared !== size)
    throw contradiction(`the body has ${size} bytes and its Content-Length says ${declared}`, "body");
  return { answer, fault, size, resumable: isResumable(fault, exit, declared) };
}

/** The headers, and what curl's exit status says of the exchange. */
function headersOf(
  index: number,
  exit: number,
  transfer: Transfer,
  reply: JobReply,
  settings: CurlSettings,
): { fault: Tofu3Error | null; block: HeaderBlock } {
  const dump = reply.files.get(`h${index}`) ?? Buffer.alloc(0);
  const block = parseHeaderBlock(dump);
  const fault =
    dump.length >= MOST_DUMPED_BYTES ? endlessTrailers() : exit === 0 ? null : faultFor(exit, transfer, block, settings);
  if (block === null) throw fault ?? new Tofu3Error("E_CUT", "the connection was closed within the headers", { stage: "http" });
  return { fault, block };
}

/**
 * What unclean framing has left behind is anybody's guess. Curl says 56 of bad chunks too, and then has written more of the body than it counts.
 */
function isResumable(cut: Tofu3Error | null, exit: number, declared: number | null): boolean {
  return (cut?.code === "E_CUT" || cut?.code === "E_TIMEOUT") && RESUMABLE.has(exit) && (exit !== 56 || declared !== null);
}

function silence(exit: number | undefined): Tofu3Error {
  if (exit !== undefined && exit !== 0) return faultOfExit(exit, "nothing");
  return new Tofu3Error("E_VM_REPLY", "the VM's curl said nothing about a transfer", { stage: "ssh" });
}

/** The header block itself was short enough. */
function endlessTrailers(): Tofu3Error {
  return contradiction("the trailers behind the body are too large", "body");
}

function contradiction(what: string, stage: "http" | "body"): Tofu3Error {
  return new Tofu3Error("E_FRAMING", what, { stage });
}

/** Behind a proxy nobody here knows where a name leads to. */
function refuseAddress(query: Query, transfer: Transfer, settings: CurlSettings): void {
  const { address } = transfer;
  if (!query.publicOnly || settings.proxy !== null || address === null || isPublicAddress(address)) return;
  throw notPublic(`the answer came from ${address}, which is not a public address`, "connect");
}

function faultFor(exit: number, transfer: Transfer, block: HeaderBlock | null, settings: CurlSettings): Tofu3Error {
  const refusedByProxy = transfer.connectStatus >= 300;
  if (settings.proxy !== null && block === null && (exit === 7 || refusedByProxy))
    return faultOfProxy(refusedByProxy ? transfer.connectStatus : 0);
  const reached: Reached = block !== null ? "answer" : transfer.address === null ? "nothing" : "peer";
  return faultOfExit(exit, reached);
}

/** A document of a batch. Throws its fault; of an error answer it takes the body as far as it goes. */
export function pageOf(index: number, process: number, query: Query, reply: JobReply, settings: CurlSettings): Page {
  const { fault, size, answer } = outcomeOf(index, process, query, reply, settings);
  const body = reply.files.get(`b${index}`) ?? Buffer.alloc(0);
  if (!isContent(answer.status)) return { ...answer, body: body.subarray(0, MOST_ERROR_BYTES) };
  if (fault !== null) throw fault;
  if (body.length !== size) {
    throw new Tofu3Error("E_VM_DISK", `the VM kept ${body.length} of ${size} bytes of a document`, {
      stage: "body",
      hint: "free space in the VM's /tmp",
    });
  }
  return { ...answer, body };
}
