import { Tofu3Error } from "../errors.ts";
import { parseDigest, type Algorithm, type Digest } from "../oci/digest.ts";
import { curlOptions, unbroken, type CurlSettings } from "./script/curlconfig.ts";
import type { JobReply } from "./script/reply.ts";
import type { ShellJob } from "./shell.ts";
import type { Query } from "../http/transport.ts";

const BLOCK = 512;
/** Room above the longest body: curl counts a received buffer (100 KiB) before writing it. */
const SPARE = 256 * 1024;
/** The most that the VM sends of the headers and trailers of one answer. */
export const MOST_DUMPED_BYTES = 64 * 1024;

/** What a batch does with its bodies: `r` returns them, the others hash them. */
export type BatchMode = "r" | "256" | "512";

/**
 * As many digits as `declaredLength` accepts. With a longer Content-Length curl may overflow, exit with 63, and drop
 * the remaining headers. The script itself stops a body that is too long for its query, and its headers say so.
 */
const MAX_FILESIZE = `max-filesize = ${"9".repeat(15)}`;

const NO_CHAINS: ReadonlySet<number> = new Set();

/** `256` or `512`, the argument of the script's hash function. */
export function bits(algorithm: Algorithm): "256" | "512" {
  return algorithm === "sha256" ? "256" : "512";
}

/**
 * One job that fetches all of these with one curl, with `room` bytes for each body; the first is transfer 1. All
 * queries must have the same options. The transfers `chains` report the certificates of their server.
 */
export function batchJob(
  mode: BatchMode,
  queries: readonly Query[],
  room: number,
  settings: CurlSettings,
  chains: ReadonlySet<number> = NO_CHAINS,
): ShellJob {
  const [first] = queries;
  if (first === undefined) throw new Tofu3Error("E_BUG", "an empty batch");
  const parallel = settings.parallel ? ["parallel", "parallel-max = 16"] : [];
  // documents are small; the meter of contents goes to stderr, apart from the protocol
  const options = [...(mode === "r" ? ["silent"] : []), ...curlOptions(first, settings), MAX_FILESIZE, ...parallel];
  const blocks = Math.ceil((room + SPARE) / BLOCK);
  const lines = [
    ...options.map((line) => `t${line}`),
    ...reportLines(settings),
    ...queries.map((each, at) => urlLine(each, chains.has(at + 1))),
    `b${mode} ${settings.parallel ? "z" : "s"} ${blocks}`,
  ];
  return {
    lines,
    mostBytes: queries.length * (MOST_DUMPED_BYTES + (mode === "r" ? blocks * BLOCK : 0)),
    mostChains: chains.size,
  };
}

/** Each transfer reports its exit status and what went wrong, if curl knows these words. */
function reportLines({ parallel }: CurlSettings): string[] {
  return parallel ? ["v"] : [];
}

function urlLine({ url }: Query, chain = false): string {
  return `u${chain ? "x" : ""}${unbroken(url)}`;
}

/** The options and the URL of a part of a streamed body. */
function partLines(query: Query, settings: CurlSettings, chain = false): string[] {
  return [...[...curlOptions(query, settings), MAX_FILESIZE].map((line) => `t${line}`), urlLine(query, chain)];
}

/**
 * The job that starts a streamed body of at most `query.maxBytes`; the VM passes on one byte more. With `chain` it
 * reports the certificates of the server.
 */
export function streamJob(query: Query, algorithm: Algorithm, settings: CurlSettings, chain = false): ShellJob {
  const lines = [...reportLines(settings), ...partLines(query, settings, chain)];
  return {
    lines: [...lines, `s${bits(algorithm)} ${query.maxBytes + 1} ${settings.reportsApart ? 1 : 3}`],
    mostBytes: MOST_DUMPED_BYTES,
    mostChains: chain ? 1 : 0,
  };
}

/** The job that appends another part to a cut body. */
export function partJob(query: Query, settings: CurlSettings): ShellJob {
  return {
    lines: [...partLines(query, settings), "."].map((line) => `m${line}`),
    mostBytes: MOST_DUMPED_BYTES,
  };
}

/** The job that discards a cut body. */
export const LET_GO: ShellJob = { lines: ["m-"], mostBytes: MOST_DUMPED_BYTES };

/** The hash of a file (`b3`) or of the stream (`-`) of the job. Throws E_VM_TOOL if the hash tool printed nothing. */
export function sumOf(name: string, algorithm: Algorithm, reply: JobReply): Digest {
  const hex = reply.sums.get(name);
  if (hex === undefined || hex.length * 4 !== Number(bits(algorithm))) {
    throw new Tofu3Error("E_VM_TOOL", `the VM's hash tool gave no ${algorithm} of a body`, {
      stage: "ssh",
      hint: "install openssl on the VM",
    });
  }
  return parseDigest(`${algorithm}:${hex}`);
}
