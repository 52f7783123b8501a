import { Tofu3Error } from "../errors.ts";
import { isPublicAddress, notPublic } from "../http/address.ts";
import type { CurlSettings } from "./script/curlconfig.ts";
import { faultOfExit, faultOfProxy, timeoutOfCurl, tlsFaultOfExit, type Reached } from "./script/curlexit.ts";
import { parseHeaderBlock, type HeaderBlock } from "../http/headers.ts";
import type { JobReply, Transfer } from "./script/reply.ts";
import { MOST_DUMPED_BYTES } from "./job.ts";
import { declaredLength, tooLarge } from "../http/strict.ts";
import type { Answer, Page, Query } from "../http/transport.ts";

/**
 * curl exit codes after which the written bytes are exactly the received ones: partial file, timeout, broken
 * connection.
 */
const RESUMABLE: ReadonlySet<number> = new Set([18, 28, 55, 56]);

/** The most that is kept of an error body. */
const MOST_ERROR_BYTES = 64 * 1024;

/** The result of one exchange. */
export interface TransferOutcome {
  readonly answer: Answer;
  /** Why the body ended early; null if it is complete. */
  readonly fault: Tofu3Error | null;
  /** Body bytes that curl received. */
  readonly size: number;
  /** The rest can be requested and appended to what the VM has. */
  readonly resumable: boolean;
}

/** 200, or 206 for a requested part. */
export function isContent(status: number): boolean {
  return status === 200 || status === 206;
}

/**
 * The result of transfer `index` of a job; `process` is the key of the curl that ran it. Throws if the exchange must
 * not be used: no answer at all, unclean HTTP, a forbidden address, an unclear length.
 */
export function outcomeOf(
  index: number,
  process: number,
  query: Query,
  reply: JobReply,
  settings: CurlSettings,
): TransferOutcome {
  const transfer = reply.transfers.get(index);
  const exit = transfer?.exit ?? reply.exits.get(process);
  if (transfer === undefined || exit === undefined) throw silence(exit);
  refuseAddress(query, transfer, settings);
  const { size } = transfer;
  const { fault, block } = headersOf(exit, transfer, query, reply, settings);
  if (block.status !== transfer.status)
    throw contradiction(`curl reports the status ${transfer.status}, and the headers say ${block.status}`, "http");
  if (block.status === 407 && settings.proxy !== null) throw faultOfProxy(407);
  const answer = {
    status: block.status,
    headers: block.headers,
    address: settings.proxy === null ? transfer.address : null,
    httpVersion: block.version,
    certificate: null,
  };
  // nothing is said of a body: curl reads none, and stops after the headers
  if (query.method === "HEAD") return { answer, fault, size: 0, resumable: false };
  if (!isContent(block.status)) return { answer, fault: null, size, resumable: false };
  const declared = declaredLength(block.status, block.headers);
  if (size > query.maxBytes) return { answer, fault: tooLarge(query.maxBytes), size, resumable: false };
  if (fault === null && declared !== null && declared !== size)
    throw contradiction(`the body has ${size} bytes and its Content-Length says ${declared}`, "body");
  return { answer, fault, size, resumable: isResumable(fault, exit, declared) };
}

/** The headers, and the fault that curl's exit code stands for; null for success. */
function headersOf(
  exit: number,
  transfer: Transfer,
  query: Query,
  reply: JobReply,
  settings: CurlSettings,
): { fault: Tofu3Error | null; block: HeaderBlock } {
  const dump = reply.files.get(`h${transfer.index}`) ?? Buffer.alloc(0);
  const block = parseHeaderBlock(dump);
  const fault =
    dump.length >= MOST_DUMPED_BYTES
      ? endlessTrailers()
      : exit === 0
        ? null
        : (refusalOf(exit, transfer, query, reply) ?? faultFor(exit, transfer, block, settings));
  if (block === null)
    throw fault ?? new Tofu3Error("E_CUT", "the connection was closed within the headers", { stage: "http" });
  return { fault, block };
}

/**
 * After broken framing nothing is certain. curl also exits with 56 for bad chunks, and has then written more of the
 * body than it counts.
 */
function isResumable(cut: Tofu3Error | null, exit: number, declared: number | null): boolean {
  return (
    (cut?.code === "E_CUT" || cut?.code === "E_TIMEOUT") && RESUMABLE.has(exit) && (exit !== 56 || declared !== null)
  );
}

function silence(exit: number | undefined): Tofu3Error {
  if (exit !== undefined && exit !== 0) return faultOfExit(exit, "nothing");
  return new Tofu3Error("E_VM_REPLY", "the VM's curl said nothing about a transfer", { stage: "ssh" });
}

/** The header block itself was short enough, so the rest of the dump is trailers. */
function endlessTrailers(): Tofu3Error {
  return contradiction("the trailers after the body are too large", "body");
}

function contradiction(what: string, stage: "http" | "body"): Tofu3Error {
  return new Tofu3Error("E_FRAMING", what, { stage });
}

/** Behind a proxy the address that a name resolves to is unknown. */
function refuseAddress(query: Query, transfer: Transfer, settings: CurlSettings): void {
  const { address } = transfer;
  if (!query.publicOnly || settings.proxy !== null || address === null || isPublicAddress(address)) return;
  throw notPublic(`the answer came from ${address}, which is not a public address`, "connect");
}

/** For a server that curl refused, as far as it says why. */
function refusalOf(exit: number, { index, said }: Transfer, { url, trust }: Query, reply: JobReply): Tofu3Error | null {
  const presented = reply.leaves.get(index) ?? null;
  return tlsFaultOfExit(exit, said, {
    where: new URL(url).host,
    presented,
    ownAuthority: (trust?.ca ?? null) !== null,
  });
}

function faultFor(exit: number, transfer: Transfer, block: HeaderBlock | null, settings: CurlSettings): Tofu3Error {
  const refusedByProxy = transfer.connectStatus >= 300;
  if (settings.proxy !== null && block === null && (exit === 7 || refusedByProxy))
    return faultOfProxy(refusedByProxy ? transfer.connectStatus : 0);
  const reached: Reached = block !== null ? "answer" : transfer.address === null ? "nothing" : "peer";
  return exit === 28 ? timeoutOfCurl(transfer.said, reached, settings.limits) : faultOfExit(exit, reached);
}

/** One document of a batch. Throws its fault; of an error answer, takes as much of the body as there is. */
export function pageOf(index: number, process: number, query: Query, reply: JobReply, settings: CurlSettings): Page {
  const { fault, size, answer } = outcomeOf(index, process, query, reply, settings);
  if (query.method === "HEAD") {
    // curl writes the headers where a body would be
    if (fault !== null) throw fault;
    return { ...answer, body: Buffer.alloc(0) };
  }
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
