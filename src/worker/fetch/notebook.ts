import { visible } from "../../errors.ts";
import type { Notes, RedirectNote, RetryNote } from "../../model/observation.ts";
import { exitAddress } from "../../model/exit.ts";
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
  /** Every address that the registry says it is asked from. */
  readonly callers: Set<string>;
}

/** The most notes of one kind: a registry decides how many there are. */
const MOST = 1000;
const MOST_WARNINGS = 20;
const RATE = /^(?:x-)?ratelimit-|^docker-ratelimit-source$|^retry-after$/;

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
    callers: new Set(),
  };
}

export function noteAnswer(book: Notebook, answer: Answer): void {
  book.exchanges += 1;
  if (answer.address !== null && book.addresses.size < MOST) book.addresses.add(answer.address);
  for (const [name, value] of answer.headers) {
    if (RATE.test(name) && (book.rates.has(name) || book.rates.size < MOST_WARNINGS))
      book.rates.set(name, visible(value, 200));
    if (name === "warning" && book.warnings.size < MOST_WARNINGS) book.warnings.add(visible(value, 300));
  }
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
  for (const warning of book.warnings) headers.push(`warning: ${warning}`);
  return {
    exchanges: book.exchanges,
    bytes: book.bytes,
    retries: [...book.retries],
    redirects: book.redirects.toSorted((a, b) => compare(a.from, b.from) || compare(a.to, b.to)),
    addresses: [...book.addresses].sort(),
    claimedDigest: book.claimedDigest,
    headers: headers.sort(),
    certificates: [],
    httpVersion: null,
    unexpected: null,
    clockOffsetMs: null,
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
