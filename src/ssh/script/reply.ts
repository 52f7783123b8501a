import { Tofu3Error, visible } from "../../errors.ts";
import { VERSION } from "./script.ts";

/** One finished transfer as the VM's curl reports it. */
export interface Transfer {
  readonly index: number;
  /** curl's exit status of this transfer; null where an old curl cannot say it. */
  readonly exit: number | null;
  readonly status: number;
  /** What a proxy answered to CONNECT; 0 without one. */
  readonly connectStatus: number;
  readonly size: number;
  readonly address: string | null;
}

/** Everything between a job and its `end` line. docs/protocol.md has the grammar. */
export interface JobReply {
  readonly transfers: ReadonlyMap<number, Transfer>;
  /**
   * Exit statuses of curl processes; key 0 is a parallel batch, otherwise the number of the transfer, 1 for every part
   * of a stream.
   */
  readonly exits: ReadonlyMap<number, number>;
  /** Hash by file name (`b3`), `-` for a streamed body. Hex, lower case. */
  readonly sums: ReadonlyMap<string, string>;
  /** Bytes by file name: `h3` header block, `b3` body of a document. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly info: ReadonlyMap<string, string>;
  readonly lacks: readonly string[];
}

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

interface Draft {
  readonly transfers: Map<number, Transfer>;
  readonly exits: Map<number, number>;
  readonly sums: Map<string, string>;
  readonly lengths: Map<string, number>;
  readonly files: Map<string, Buffer>;
  readonly info: Map<string, string>;
  readonly lacks: string[];
}

function newDraft(): Draft {
  return {
    transfers: new Map(),
    exits: new Map(),
    sums: new Map(),
    lengths: new Map(),
    files: new Map(),
    info: new Map(),
    lacks: [],
  };
}

function refuse(what: string, line: string): never {
  throw new Tofu3Error("E_VM_REPLY", `the VM's answer does not follow the protocol: ${what}: "${visible(line, 120)}"`, {
    stage: "ssh",
    hint: "something on the VM changes what the worker script prints: look at its shells and forced commands",
  });
}

/** A forced command is the only way to another text than the one that was sent. */
function refuseVersion(version: string): never {
  const message = `the VM runs version ${version} of the worker script as a forced command, and this tofu3 needs version ${VERSION}`;
  const hint = "install the new worker script on the VM: tofu3 workers script > tofu3-worker.sh";
  throw new Tofu3Error("E_VM_SCRIPT", message, { stage: "ssh", hint });
}

function put<K, V>(map: Map<K, V>, key: K, value: V, line: string): void {
  if (map.has(key)) refuse("said twice", line);
  map.set(key, value);
}

/** LF, or CR as curl's meter writes it; -1 when the line is not finished. */
function lineEnd(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 10 || bytes[at] === 13) return at;
  return -1;
}

type Take = (draft: Draft, line: string, ...fields: string[]) => void;

function takeTransfer(
  draft: Draft,
  line: string,
  ...[index = "", exit = "", status, connect, size, address = ""]: string[]
): void {
  put(
    draft.transfers,
    Number(index),
    {
      index: Number(index),
      exit: exit === "-" ? null : Number(exit),
      status: Number(status),
      connectStatus: Number(connect),
      size: Number(size),
      address: address === "" ? null : address,
    },
    line,
  );
}

/** Indices have at most three digits, so that no reply can fill the memory. */
const GRAMMAR: readonly (readonly [RegExp, Take])[] = [
  [/^w (\d{1,3}) (\d{1,3}|-) (\d{3}) (\d{3}) (\d{1,15}) \[([0-9a-fA-F.:]{0,45})\]$/, takeTransfer],
  [/^rc (\d{1,3}) (\d{1,3})$/, (draft, line, index, exit) => put(draft.exits, Number(index), Number(exit), line)],
  [
    /^d ([0-9a-f]{64}|[0-9a-f]{128}) \*?(b\d{1,3}|-)$/,
    (draft, line, hex = "", name = "") => put(draft.sums, name, hex, line),
  ],
  [/^d {2}-$/, () => undefined], // the hash tool printed nothing: the sum stays missing
  [/^l (\d{1,15}) ([hb]\d{1,3})$/, (draft, line, bytes, name = "") => put(draft.lengths, name, Number(bytes), line)],
  [/^l \d{1,15} total$/, () => undefined],
  [
    /^info (hash|machine|boot|os|clock|curl) ?(.*)$/,
    (draft, line, name = "", value = "") => put(draft.info, name, value, line),
  ],
  [/^pong (\d{1,15})$/, (draft, line, clock = "") => put(draft.info, "clock", clock, line)],
  [
    /^lacks (directory)$/,
    (draft, line, what = "") => (draft.lacks.includes(what) ? refuse("said twice", line) : void draft.lacks.push(what)),
  ],
];

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
  /** The start of a line. */
  #pending: Buffer = Buffer.alloc(0);
  #noise = 0;
  #mostBytes = 0;

  constructor(nonce: string, events: ReplyEvents) {
    this.#nonce = nonce;
    this.#events = events;
  }

  /** The files of the jobs from now on may have this many bytes together; none before it is called. */
  allow(mostBytes: number): void {
    this.#mostBytes = mostBytes;
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
    if (this.#begun && this.#raw === null && rest.length > LONGEST_LINE)
      refuse("a line without an end", rest.subarray(0, 60).toString("latin1"));
    this.#pending = rest;
  }

  #countNoise(chunk: Buffer): void {
    this.#noise += chunk.length;
    if (this.#noise > MOST_NOISE)
      refuse(`more than ${MOST_NOISE} bytes before it began`, chunk.subarray(0, 60).toString("latin1"));
  }

  #takeLine(line: string): void {
    if (line.startsWith(`${this.#nonce} `)) this.#takeStatement(line.slice(this.#nonce.length + 1));
    else if (line !== "") this.#events.onOther(line);
  }

  #takeStatement(line: string): void {
    const [, version] = /^begin (\d{1,9})$/.exec(line) ?? [];
    if (version !== undefined) this.#begin(version, line);
    else if (!this.#begun) refuse("it does not begin", line);
    else if (line === "raw") this.#startRaw(line);
    else if (line === "bye") this.#events.onBye();
    else if (line === "end") this.#takeEnd();
    else this.#takeFields(line);
  }

  #begin(version: string, line: string): void {
    if (this.#begun) refuse("begins twice", line);
    if (Number(version) !== VERSION) refuseVersion(version);
    this.#begun = true;
    this.#events.onBegin();
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
    const { transfers, exits, sums, files, info, lacks } = this.#draft;
    this.#draft = newDraft();
    this.#events.onEnd({ transfers, exits, sums, files, info, lacks });
  }
}
