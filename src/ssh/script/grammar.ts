import { Tofu3Error, visible } from "../../errors.ts";

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
  /** How curl puts what went wrong; empty if nothing did, or if it is too old to say. For words only. */
  readonly said: string;
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
  /** Bytes by file name: `h3` header block, `b3` body of a document, `log` a receipt, `sig` its signature. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** PEM of the server's certificate by transfer; absent where curl did not tell it, or not clearly. */
  readonly leaves: ReadonlyMap<number, string>;
  readonly info: ReadonlyMap<string, string>;
  readonly lacks: readonly string[];
}

/** A reply while it is read. */
export interface Draft {
  readonly transfers: Map<number, Transfer>;
  readonly exits: Map<number, number>;
  readonly sums: Map<string, string>;
  readonly lengths: Map<string, number>;
  readonly files: Map<string, Buffer>;
  readonly leaves: Map<number, string>;
  readonly info: Map<string, string>;
  readonly lacks: string[];
}

export function newDraft(): Draft {
  return {
    transfers: new Map(),
    exits: new Map(),
    sums: new Map(),
    lengths: new Map(),
    files: new Map(),
    leaves: new Map(),
    info: new Map(),
    lacks: [],
  };
}

/** E_VM_REPLY */
export function refuse(what: string, line: string): never {
  throw new Tofu3Error("E_VM_REPLY", `the VM's answer does not follow the protocol: ${what}: "${visible(line, 120)}"`, {
    stage: "ssh",
    hint: "something on the VM changes what the worker script prints: look at its shells and forced commands",
  });
}

export function put<K, V>(map: Map<K, V>, key: K, value: V, line: string): void {
  if (map.has(key)) refuse("said twice", line);
  map.set(key, value);
}

type Take = (draft: Draft, line: string, ...fields: string[]) => void;

export function takeTransfer(
  draft: Draft,
  line: string,
  ...[index = "", exit = "", status, connect, size, address = "", said = ""]: string[]
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
      said,
    },
    line,
  );
}

/** The lines that fill a reply. Indices have at most three digits, so that no reply can fill the memory. */
export const GRAMMAR: readonly (readonly [RegExp, Take])[] = [
  [/^w (\d{1,3}) (\d{1,3}|-) (\d{3}) (\d{3}) (\d{1,15}) \[([0-9a-fA-F.:]{0,45})\](?: (.*))?$/, takeTransfer],
  [/^rc (\d{1,3}) (\d{1,3})$/, (draft, line, index, exit) => put(draft.exits, Number(index), Number(exit), line)],
  [
    /^d ([0-9a-f]{64}|[0-9a-f]{128}) \*?(b\d{1,3}|-)$/,
    (draft, line, hex = "", name = "") => put(draft.sums, name, hex, line),
  ],
  [/^d {2}-$/, () => undefined], // the hash tool printed nothing: the sum stays missing
  [
    /^l (\d{1,15}) ([hb]\d{1,3}|log|sig)$/,
    (draft, line, bytes, name = "") => put(draft.lengths, name, Number(bytes), line),
  ],
  [/^l \d{1,15} total$/, () => undefined],
  [
    /^info (hash|machine|boot|os|clock|curl|signer) ?(.*)$/,
    (draft, line, name = "", value = "") => put(draft.info, name, value, line),
  ],
  [/^pong (\d{1,15})$/, (draft, line, clock = "") => put(draft.info, "clock", clock, line)],
  [
    /^lacks (directory)$/,
    (draft, line, what = "") => (draft.lacks.includes(what) ? refuse("said twice", line) : void draft.lacks.push(what)),
  ],
];
