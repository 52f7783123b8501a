import { visible } from "../../errors.ts";
import { exitAddress } from "../../model/exit.ts";
import type { CertificateNote, Notes, RedirectNote, RetryNote, UnexpectedNote } from "../../model/observation.ts";
import { Secret } from "../../secret.ts";
import { valuesOf } from "../../http/strict.ts";
import type { Answer, VantageIdentity } from "../../http/transport.ts";

/** One worker's notes; every exchange of one observation adds to them. */
export interface Notebook {
  exchanges: number;
  bytes: number;
  claimedDigest: string | null;
  identity: VantageIdentity | null;
  readonly retries: RetryNote[];
  readonly redirects: RedirectNote[];
  readonly addresses: Set<string>;
  /** The last value of each rate-limit header. */
  readonly rates: Map<string, string>;
  readonly warnings: Set<string>;
  /** By host. */
  readonly certificates: Map<string, CertificateNote>;
  root: RootNote | null;
  unexpected: UnexpectedNote | null;
  /** Every address that the registry says it is asked from. */
  readonly callers: Set<string>;
  /** Of the URLs that were asked for; each may be a secret, and a server may repeat it. */
  readonly queries: Map<string, Secret>;
}

/** How the root was answered. */
interface RootNote {
  readonly httpVersion: string | null;
  readonly headers: readonly string[];
}

/** The most notes of one kind: a registry decides how many there are. */
const MOST = 1000;
const MOST_WARNINGS = 20;
const MOST_CERTIFICATES = 20;
/** Bytes of an unexpected body. */
const MOST_SHOWN = 100;
const RATE = /^(?:x-)?ratelimit-|^docker-ratelimit-source$|^retry-after$/;
/** Which copy of the root this is, and who passed it on. RFC 9110 §6.6.1, §7.6.3, §8.8; RFC 9111 §5.1 */
const ROOT_HEADERS: readonly string[] = [
  "age",
  "cf-cache-status",
  "cf-ray",
  "date",
  "etag",
  "last-modified",
  "server",
  "via",
  "x-amz-cf-pop",
  "x-cache",
  "x-cache-hits",
  "x-served-by",
];

/** What a server calls it, and says of its bytes. RFC 6266; RFC 9530 §2 */
const FILE_HEADERS: readonly string[] = ["content-disposition", "content-type", "repr-digest"];

export function openNotebook(): Notebook {
  return {
    exchanges: 0,
    bytes: 0,
    claimedDigest: null,
    identity: null,
    retries: [],
    redirects: [],
    addresses: new Set(),
    rates: new Map(),
    warnings: new Set(),
    certificates: new Map(),
    root: null,
    unexpected: null,
    callers: new Set(),
    queries: new Map(),
  };
}

export function noteAnswer(book: Notebook, url: URL, answer: Answer): void {
  book.exchanges += 1;
  if (url.search !== "" && book.queries.size < MOST) book.queries.set(url.search, secretIn(url));
  if (answer.certificate !== null) noteCertificate(book, url, answer.certificate);
  if (answer.address !== null && book.addresses.size < MOST) book.addresses.add(answer.address);
  for (const [name, value] of answer.headers) {
    if (RATE.test(name) && (book.rates.has(name) || book.rates.size < MOST_WARNINGS))
      book.rates.set(name, shown(book, value, 200));
    if (name === "warning" && book.warnings.size < MOST_WARNINGS) book.warnings.add(shown(book, value, 300));
  }
}

function noteCertificate(book: Notebook, url: URL, certificate: NonNullable<Answer["certificate"]>): void {
  const host = visible(url.host, 200);
  const { certificates } = book;
  if (!certificates.has(host) && certificates.size < MOST_CERTIFICATES)
    certificates.set(host, { host, ...certificate });
}

/** The last answer counts: an earlier one was repaired. */
export function noteRoot(book: Notebook, answer: Answer): void {
  noteHead(book, answer, ROOT_HEADERS);
}

/** The same of a file. */
export function noteFile(book: Notebook, answer: Answer): void {
  noteHead(book, answer, [...ROOT_HEADERS, ...FILE_HEADERS]);
}

function noteHead(book: Notebook, answer: Answer, names: readonly string[]): void {
  const headers = names.flatMap((name) => {
    const values = new Set(valuesOf(answer.headers, name));
    return values.size === 0 ? [] : [`${name}: ${shown(book, [...values].join(", "), 200)}`];
  });
  book.root = { httpVersion: answer.httpVersion, headers };
}

/** What a query says of the answer that is to come is no secret: signed URLs have the name of the file there. */
const OF_ANSWERS = /^(?:response-|rsc)/i;

function secretIn({ search, searchParams }: URL): Secret {
  const values = [...searchParams].filter(([name]) => !OF_ANSWERS.test(name)).map(([, value]) => value);
  const raw = search
    .slice(1)
    .split("&")
    .filter((each) => !OF_ANSWERS.test(each));
  return new Secret([search, ...raw, ...raw.map((each) => each.slice(each.indexOf("=") + 1)), ...values].join(" "));
}

function repeatsQuery({ queries }: Notebook, text: string): boolean {
  return [...queries.values()].some((secret) => secret.isIn(text));
}

function shown(book: Notebook, text: string, most: number): string {
  return repeatsQuery(book, text) ? "[it repeats the query]" : visible(text, most);
}

/**
 * An answer that is not what was asked for; the first one counts. Nothing is shown of a body that repeats the `sent`
 * secret, or the query.
 */
export function noteUnexpected(book: Notebook, url: URL, answer: Answer, body: Uint8Array, sent: Secret | null): void {
  if (book.unexpected !== null) return;
  const [contentType] = valuesOf(answer.headers, "content-type");
  const head = new TextDecoder().decode(body.subarray(0, MOST_SHOWN));
  book.unexpected = {
    url: plainUrl(url),
    status: answer.status,
    contentType: contentType === undefined ? null : shown(book, contentType, 200),
    head: sent?.isIn(head) === true || repeatsQuery(book, head) ? "" : visible(head),
  };
}

/** An answer of the registry itself. Docker Hub puts a user's name or a hash there too. */
export function noteCaller(book: Notebook, answer: Answer): void {
  for (const value of valuesOf(answer.headers, "docker-ratelimit-source")) {
    const address = exitAddress(value.trim());
    if (address !== null && book.callers.size < MOST_WARNINGS) book.callers.add(address.text);
  }
}

export function noteRedirect(book: Notebook, from: URL, to: URL, status: number): void {
  if (book.redirects.length < MOST) book.redirects.push({ from: plainUrl(from), to: plainUrl(to), status });
}

export function noteRetry(book: Notebook, note: RetryNote): void {
  if (book.retries.length < MOST) book.retries.push(note);
}

/** A printable URL without its query, in which signed URLs carry their secret. */
export function plainUrl(url: URL): string {
  return visible(url.origin + url.pathname, 500);
}

export function notesOf(book: Notebook, exit: Notes["exit"] = null): Notes {
  const headers = [...book.rates].map(([name, value]) => `${name}: ${value}`);
  if (book.root !== null) headers.push(...book.root.headers);
  for (const warning of book.warnings) headers.push(`warning: ${warning}`);
  return {
    exchanges: book.exchanges,
    bytes: book.bytes,
    retries: [...book.retries],
    redirects: book.redirects.toSorted((a, b) => compare(a.from, b.from) || compare(a.to, b.to)),
    addresses: [...book.addresses].sort(),
    claimedDigest: book.claimedDigest,
    headers: headers.sort(),
    certificates: [...book.certificates.values()].sort((a, b) => compare(a.host, b.host)),
    httpVersion: book.root?.httpVersion ?? null,
    unexpected: book.unexpected,
    clockOffsetMs: book.identity?.clockOffsetMs ?? null,
    exit,
    tools: book.identity === null ? [] : [...book.identity.tools].sort(),
    hostKey: book.identity?.hostKey ?? null,
    machine: book.identity?.machine ?? null,
    boot: book.identity?.boot ?? null,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
