import { Tofu3Error } from "../../errors.ts";
import { Chain } from "./chain.ts";
import { GRAMMAR, newDraft, put, refuse, takeTransfer, type JobReply, type Transfer } from "./grammar.ts";
import { VERSION } from "./script.ts";

export type { JobReply, Transfer } from "./grammar.ts";

export interface ReplyEvents {
  /** The script has begun; before, nothing else counts. */
  readonly onBegin: () => void;
  readonly onTransfer: (transfer: Transfer) => void;
  /** A line that is not part of the grammar: curl's meter, noise of a login shell. */
  readonly onOther: (line: string) => void;
  readonly onEnd: (reply: JobReply) => void;
  readonly onBye: () => void;
}

const LONGEST_LINE = 16 * 1024;
const MOST_NOISE = 64 * 1024;

/** A forced command is the only way to another text than the one that was sent. */
function refuseVersion(version: string): never {
  const message = `the VM runs version ${version} of the worker script as a forced command, and this tofu3 needs version ${VERSION}`;
  const hint = "install the new worker script on the VM: tofu3 workers script > tofu3-worker.sh";
  throw new Tofu3Error("E_VM_SCRIPT", message, { stage: "ssh", hint });
}

/** LF, or CR as curl's meter writes it; -1 when the line is not finished. */
function lineEnd(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 10 || bytes[at] === 13) return at;
  return -1;
}

/** Header blocks and documents that are under way, whose lengths were announced. */
interface Raw {
  readonly chunks: Buffer[];
  readonly missing: number;
}

/**
 * Reads what the remote script prints, piece by piece. Only lines that start with the nonce count; header blocks and
 * documents are taken by their announced length and never read as lines.
 */
export class ReplyParser {
  readonly #nonce: string;
  readonly #events: ReplyEvents;
  #begun = false;
  #draft = newDraft();
  #raw: Raw | null = null;
  /** The certificates of the last transfer, while curl prints them. */
  #chain: Chain | null = null;
  /** The start of a line. */
  #pending: Buffer = Buffer.alloc(0);
  #noise = 0;
  #mostBytes = 0;
  #mostChains = 0;

  constructor(nonce: string, events: ReplyEvents) {
    this.#nonce = nonce;
    this.#events = events;
  }

  /**
   * The files of the next job may have this many bytes together, and so many of its transfers may come with their
   * certificates; none before it is called.
   */
  allow(mostBytes: number, mostChains = 0): void {
    this.#mostBytes = mostBytes;
    this.#mostChains = mostChains;
  }

  /** Throws E_VM_REPLY for what does not follow the grammar; nothing may be fed after that. */
  feed(chunk: Buffer): void {
    if (!this.#begun) this.#countNoise(chunk);
    let rest: Buffer = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (rest.length > 0) {
      if (this.#raw !== null) {
        rest = this.#takeRaw(rest, this.#raw);
        continue;
      }
      const end = lineEnd(rest);
      if (end < 0) break;
      const line = rest.toString("latin1", 0, end);
      rest = rest.subarray(end + 1);
      this.#takeLine(line);
    }
    if (this.#begun && this.#raw === null && rest.length > LONGEST_LINE) rest = this.#takeLong(rest);
    if (this.#chain?.isTooMuch === true) refuse("too many bytes of certificates", "");
    this.#pending = rest;
  }

  /** A field of a certificate may be long, and is not needed: its start is kept, so that it stays the same line. */
  #takeLong(rest: Buffer): Buffer {
    const start = rest.subarray(0, this.#nonce.length);
    if (this.#chain === null || start.toString("latin1") === this.#nonce)
      refuse("a line without an end", rest.subarray(0, 60).toString("latin1"));
    this.#chain.skip(rest.length);
    return Buffer.from(start);
  }

  #countNoise(chunk: Buffer): void {
    this.#noise += chunk.length;
    if (this.#noise > MOST_NOISE)
      refuse(`more than ${MOST_NOISE} bytes before it began`, chunk.subarray(0, 60).toString("latin1"));
  }

  #takeLine(line: string): void {
    if (line.startsWith(`${this.#nonce} `)) this.#takeStatement(line.slice(this.#nonce.length + 1));
    else if (this.#chain !== null) this.#chain.take(line);
    else if (line !== "") this.#events.onOther(line);
  }

  #takeStatement(line: string): void {
    const open = this.#chain;
    // whatever else comes here, curl did not get as far as the end of the certificates: they count for nothing
    this.#chain = null;
    const [, version] = /^begin (\d{1,9})$/.exec(line) ?? [];
    if (version !== undefined) this.#begin(version, line);
    else if (!this.#begun) refuse("it does not begin", line);
    else if (line === "raw") this.#startRaw(line);
    else if (line === "bye") this.#events.onBye();
    else if (line === "end") this.#takeEnd();
    else if (line.startsWith("c ")) this.#takeChain(line, open);
    else this.#takeFields(line);
  }

  #begin(version: string, line: string): void {
    if (this.#begun) refuse("begins twice", line);
    if (Number(version) !== VERSION) refuseVersion(version);
    this.#begun = true;
    this.#events.onBegin();
  }

  #takeChain(line: string, open: Chain | null): void {
    const [, count] = /^c (\d{1,3})$/.exec(line) ?? [];
    if (count !== undefined) {
      const transfer = [...this.#draft.transfers.keys()].at(-1) ?? refuse("certificates of no transfer", line);
      if (--this.#mostChains < 0) refuse("certificates that nobody asked for", line);
      this.#chain = new Chain(transfer, Number(count));
    } else if (line === "c end" && open !== null) {
      const leaf = open.leaf();
      if (leaf !== null) put(this.#draft.leaves, open.transfer, leaf, line);
    } else refuse("unknown line", line);
  }

  #takeFields(line: string): void {
    for (const [shape, take] of GRAMMAR) {
      const match = shape.exec(line);
      if (match === null) continue;
      take(this.#draft, line, ...match.slice(1));
      if (take === takeTransfer)
        this.#events.onTransfer([...this.#draft.transfers.values()].at(-1) ?? refuse("no transfer", line));
      return;
    }
    refuse("unknown line", line);
  }

  #startRaw(line: string): void {
    const total = [...this.#draft.lengths.values()].reduce((sum, length) => sum + length, 0);
    if (total > this.#mostBytes) refuse(`announces ${total} bytes`, line);
    if (total > 0) this.#raw = { chunks: [], missing: total };
    else this.#finishRaw(Buffer.alloc(0));
  }

  #takeRaw(chunk: Buffer, { chunks, missing }: Raw): Buffer {
    const part = chunk.subarray(0, missing);
    chunks.push(part);
    this.#raw = part.length < missing ? { chunks, missing: missing - part.length } : null;
    if (this.#raw === null) this.#finishRaw(Buffer.concat(chunks));
    return chunk.subarray(part.length);
  }

  #finishRaw(bytes: Buffer): void {
    let at = 0;
    for (const [name, length] of this.#draft.lengths) {
      put(this.#draft.files, name, bytes.subarray(at, at + length), name);
      at += length;
    }
  }

  #takeEnd(): void {
    const { transfers, exits, sums, files, leaves, info, lacks } = this.#draft;
    this.#draft = newDraft();
    this.#events.onEnd({ transfers, exits, sums, files, leaves, info, lacks });
  }
}
