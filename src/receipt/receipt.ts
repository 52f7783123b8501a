/** What one shell of a VM says that it did: docs/protocol.md, "Receipts". */
export interface ReceiptText {
  /** Seconds since 1970, by the VM's clock. */
  readonly began: number;
  readonly ended: number;
  /** The line that the coordinator sent, as it came. */
  readonly question: string;
  readonly jobs: readonly ReceiptJob[];
}

/** What one curl, or several of one batch, fetched; or one part of a body. */
export interface ReceiptJob {
  /** Neither HEAD nor POST. */
  readonly isGet: boolean;
  /** The sha256 of the authorities that the coordinator gave, hex; null where the VM's own counted. */
  readonly authority: string | null;
  readonly transfers: ReadonlyMap<number, ReceiptTransfer>;
  /** Hashes of bodies, hex, by the number of the transfer; 0 for a body that was streamed. */
  readonly sums: ReadonlyMap<number, string>;
}

export interface ReceiptTransfer {
  /** Without its query, in whose place a `?` stands. */
  readonly url: string;
  /** curl's exit status: 0 if the body came whole. Null if it did not say. */
  readonly exit: number | null;
  /** Of the last answer; null if there was none. */
  readonly status: number | null;
  /** Of a redirect, as it came, the query cut as well; null without one, or if it was not printable. */
  readonly location: string | null;
}

const HEAD = "tofu3 receipt 1";
const BEGAN = /^began (\d{1,12})$/;
const ENDED = /^ended (\d{1,12})$/;
/** As it stands in curl's configuration: quotes and backslashes have a backslash before them. */
const URL_LINE = /^u (\d{1,3}) "((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)("?)$/;
const STATUS = /^a h(\d{1,3}) HTTP\/[0-9.]{1,3} (\d{3})$/i;
const LOCATION = /^a h(\d{1,3}) location: ([#-~]*)$/i;
const ANSWER = /^a h\d{1,3} /;
const EXIT = /^r (\d{1,3}) (\d{1,3}|-)$/;
const SUM = /^d ([0-9a-f]{64}|[0-9a-f]{128}) (?:\*?b(\d{1,3})|-)$/;
const NO_SUM = /^d {1,2}-$/;
const AUTHORITY = /^o ca ([0-9a-f]{64})$/;
const OPTION = /^o [ -~]*$/;
/** What the VM could not hash is no authority that anybody knows. */
const UNKNOWN = "unknown";

type TransferDraft = { -readonly [Key in keyof ReceiptTransfer]: ReceiptTransfer[Key] };

interface Draft {
  isGet: boolean;
  authority: string | null;
  readonly transfers: Map<number, TransferDraft>;
  readonly sums: Map<number, string>;
}

/** Null for what no script of that version writes. */
export function parseReceipt(text: string): ReceiptText | null {
  const [head, first = "", question = "", ...lines] = text.split("\n");
  const rest = lines.pop();
  const [, began] = BEGAN.exec(first) ?? [];
  const [, ended] = ENDED.exec(lines.pop() ?? "") ?? [];
  if (head !== HEAD || rest !== "" || began === undefined || ended === undefined || !question.startsWith("q "))
    return null;
  const jobs: Draft[] = [];
  for (const line of lines) {
    if (line === "j") jobs.push({ isGet: true, authority: null, transfers: new Map(), sums: new Map() });
    else {
      const job = jobs.at(-1);
      if (job === undefined || !take(job, line)) return null;
    }
  }
  return { began: Number(began), ended: Number(ended), question: question.slice(2), jobs };
}

function take(job: Draft, line: string): boolean {
  const [, number, url, end] = URL_LINE.exec(line) ?? [];
  if (url !== undefined) {
    if (job.transfers.has(Number(number)) || (end === "") !== url.endsWith("?")) return false;
    job.transfers.set(Number(number), { url, exit: null, status: null, location: null });
    return true;
  }
  if (ANSWER.test(line)) return takeAnswer(job, line);
  if (line.startsWith("r ")) return takeExit(job, line);
  const [, hex, name] = SUM.exec(line) ?? [];
  if (hex !== undefined) {
    if (job.sums.has(Number(name ?? 0))) return false;
    job.sums.set(Number(name ?? 0), hex);
    return true;
  }
  return NO_SUM.test(line) || takeOption(job, line);
}

function takeOption(job: Draft, line: string): boolean {
  if (line === "o head" || line === "o data-raw") job.isGet = false;
  if (line === "o cacert") job.authority ??= UNKNOWN;
  const [, authority] = AUTHORITY.exec(line) ?? [];
  if (authority !== undefined) job.authority = authority;
  return OPTION.test(line);
}

/** Said twice, which a text in a certificate can bring about, it is not whole. */
function takeExit(job: Draft, line: string): boolean {
  const [, index, status] = EXIT.exec(line) ?? [];
  const transfer = job.transfers.get(Number(index));
  if (transfer === undefined || status === undefined) return false;
  transfer.exit = transfer.exit === null && status !== "-" ? Number(status) : -1;
  return true;
}

/** Of several answers to one request (103, then 200) the last one counts. RFC 9110 §15.2 */
function takeAnswer(job: Draft, line: string): boolean {
  const [, index, status] = STATUS.exec(line) ?? [];
  const [, at, location] = LOCATION.exec(line) ?? [];
  const transfer = job.transfers.get(Number(index ?? at));
  if (transfer === undefined) return false;
  if (status !== undefined) Object.assign(transfer, { status: Number(status), location: null });
  else if (location !== undefined) transfer.location = location;
  return true;
}
