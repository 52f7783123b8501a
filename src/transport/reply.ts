import { Tofu3Error, visible } from "../errors.ts";

/** One finished transfer as the VM's curl reports it. */
export interface Transfer {
  /** curl's exit status of this transfer; null where an old curl cannot say it. */
  readonly exit: number | null;
  readonly status: number;
  readonly size: number;
  readonly address: string | null;
}

/** Everything between a job and its `end` line. docs/protocol.md has the grammar. */
export interface JobReply {
  readonly transfers: ReadonlyMap<number, Transfer>;
  /** Exit statuses of curl processes; key 0 is a parallel batch, otherwise the number of the transfer. */
  readonly exits: ReadonlyMap<number, number>;
  /** Hash by file name (`b3`), `-` for a streamed body. Hex, lower case. */
  readonly sums: ReadonlyMap<string, string>;
  /** Bytes by file name: `h3` header block, `b3` body of a document. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly info: ReadonlyMap<string, string>;
  readonly lacks: readonly string[];
}

export interface ReplyEvents {
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
  transfers: Map<number, Transfer>;
  exits: Map<number, number>;
  sums: Map<string, string>;
  lengths: [name: string, bytes: number][];
  files: Map<string, Buffer>;
  info: Map<string, string>;
  lacks: string[];
}

function draft(): Draft {
  return { transfers: new Map(), exits: new Map(), sums: new Map(), lengths: [], files: new Map(), info: new Map(), lacks: [] };
}

function refuse(what: string, line: string): never {
  throw new Tofu3Error("E_VM_REPLY", `the VM's answer does not follow the protocol: ${what}: "${visible(line, 120)}"`, {
    stage: "ssh",
    hint: "something on the VM changes what the script prints; run tofu3 workers check",
  });
}

function put<K, V>(map: Map<K, V>, key: K, value: V, line: string): void {
  if (map.has(key)) refuse("said twice", line);
  map.set(key, value);
}

/** LF, or CR as curl's meter writes it; -1 when the line is not finished. */
function lineEnd(bytes: Buffer): number {
  const lf = bytes.indexOf(10);
  const cr = (lf < 0 ? bytes : bytes.subarray(0, lf)).indexOf(13);
  return cr < 0 ? lf : cr;
}

const GRAMMAR: readonly (readonly [RegExp, (m: RegExpExecArray, draft: Draft) => void])[] = [
  [
    /^w (\d{1,6}) (\d{1,3}|-) (\d{3}) (\d{1,15}) \[([0-9a-fA-F.:]{0,45})\]$/,
    (m, d) => {
      const [line, index, exit, status, size, address] = m;
      put(d.transfers, Number(index), { exit: exit === "-" ? null : Number(exit), status: Number(status), size: Number(size), address: address === "" || address === undefined ? null : address }, line);
    },
  ],
  [/^rc (\d{1,6}) (\d{1,3})$/, (m, d) => put(d.exits, Number(m[1]), Number(m[2]), m[0])],
  [/^d ([0-9a-f]{64}|[0-9a-f]{128}) (?:\*?(b\d{1,6})|\*?(-))$/, (m, d) => put(d.sums, m[2] ?? "-", m[1] ?? "", m[0])],
  [/^d {2}-$/, () => undefined], // the hash tool printed nothing: the sum stays missing
  [
    /^l (\d{1,15}) ([hb]\d{1,6})$/,
    (m, d) => {
      d.lengths.push([m[2] ?? "", Number(m[1])]);
    },
  ],
  [/^l \d{1,15} total$/, () => undefined],
  [/^info (hash|machine|os|clock|curl) ?(.*)$/, (m, d) => put(d.info, m[1] ?? "", m[2] ?? "", m[0])],
  [/^pong (\d{1,15})$/, (m, d) => put(d.info, "clock", m[1] ?? "", m[0])],
  [/^lacks (.*)$/, (m, d) => void d.lacks.push(m[1] ?? "")],
];

/**
 * Reads what the remote script prints, piece by piece. Only lines that start with the nonce count; header blocks and documents are taken by their
 * announced length and never read as lines. `feed` throws E_VM_REPLY on anything else. `mostBytes` bounds one job's raw bytes.
 */
export function createReplyParser(nonce: string, mostBytes: number, events: ReplyEvents): { feed: (chunk: Buffer) => void } {
  let pending: Buffer = Buffer.alloc(0);
  let begun = false;
  let noise = 0;
  let current = draft();
  let raw: { chunks: Buffer[]; missing: number } | null = null;

  function finishRaw(bytes: Buffer): void {
    let at = 0;
    for (const [name, length] of current.lengths) {
      put(current.files, name, bytes.subarray(at, at + length), name);
      at += length;
    }
  }

  function startRaw(): void {
    const total = current.lengths.reduce((sum, [, length]) => sum + length, 0);
    if (total > mostBytes) refuse(`announces ${total} bytes`, "raw");
    if (total > 0) raw = { chunks: [], missing: total };
    else finishRaw(Buffer.alloc(0));
  }

  function statement(line: string): void {
    if (line === "begin 1") {
      if (begun) refuse("begins twice", line);
      begun = true;
      events.onBegin();
    } else if (!begun) refuse("speaks another version", line);
    else if (line === "raw") startRaw();
    else if (line === "bye") events.onBye();
    else if (line === "end") {
      const { lengths: _, ...reply } = current;
      current = draft();
      events.onEnd(reply);
    } else {
      for (const [shape, take] of GRAMMAR) {
        const match = shape.exec(line);
        if (match === null) continue;
        const before = current.transfers.size;
        take(match, current);
        if (current.transfers.size > before) events.onTransfer([...current.transfers.values()].at(-1) as Transfer);
        return;
      }
      refuse("unknown line", line);
    }
  }

  function takeLine(line: string): void {
    if (line.startsWith(`${nonce} `)) statement(line.slice(nonce.length + 1).trimEnd());
    else if (line !== "") events.onOther(line);
  }

  function takeRaw(chunk: Buffer, missing: number, chunks: Buffer[]): Buffer {
    const part = chunk.subarray(0, missing);
    chunks.push(part);
    if (part.length < missing) raw = { chunks, missing: missing - part.length };
    else {
      raw = null;
      finishRaw(Buffer.concat(chunks));
    }
    return chunk.subarray(part.length);
  }

  function feed(chunk: Buffer): void {
    if (!begun) {
      noise += chunk.length;
      if (noise > MOST_NOISE) refuse(`more than ${MOST_NOISE} bytes before it began`, chunk.subarray(0, 60).toString("latin1"));
    }
    let rest: Buffer = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (rest.length > 0) {
      if (raw !== null) {
        rest = takeRaw(rest, raw.missing, raw.chunks);
        continue;
      }
      const end = lineEnd(rest);
      if (end < 0) break;
      const line = rest.toString("latin1", 0, end);
      rest = rest.subarray(end + 1);
      takeLine(line);
    }
    if (raw === null && rest.length > LONGEST_LINE) refuse("a line without an end", rest.subarray(0, 60).toString("latin1"));
    pending = rest;
  }

  return { feed };
}
