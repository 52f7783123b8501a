import { Tofu3Error } from "../../errors.ts";
import type { Secret } from "../../secret.ts";
import { valuesOf } from "../../http/strict.ts";
import type { Answer, Content, Page, Query } from "../../http/transport.ts";
import { currentPass, isOver, learnChallenges, refusedPass, renew } from "./authority.ts";
import { orTlsInstead } from "./instead.ts";
import { noteAnswer, noteCaller, noteRedirect, noteRoot, noteUnexpected, plainUrl } from "./notebook.ts";
import type { Pass } from "./pass.ts";
import { isRedirect, redirectTarget } from "./redirect.ts";
import { refusalOf, saysDenied, wordsOf } from "./refusal.ts";
import { isOrigin, needsPublicAddress, trustOf } from "./registry.ts";
import { withRetries } from "./retry.ts";
import type { Session } from "./session.ts";

/** A request; its headers are also sent to wherever it is redirected. */
export interface Ask {
  readonly url: URL;
  readonly headers: readonly (readonly [name: "accept" | "range" | "if-range", value: string])[];
  readonly maxBytes: number;
  /** The answer is empty. What it says is confirmed by GET, so nothing unexpected about it is noted. */
  readonly method?: "HEAD";
  /** Its answer is the root: it is noted how it came. */
  readonly isRoot?: boolean;
}

/** A document, and the URL that sent it. */
export type Served = Page & { readonly url: URL };

export type Send<A> = (query: Query, signal: AbortSignal) => Promise<A>;

/** The most expired tokens during one request; a registry that wants more is playing games. */
const MOST_ROUNDS = 4;

/** The answer to one GET after authorisation and redirects, whatever its status, and the URL that sent it. */
export async function follow<A extends Page | Content>(
  session: Session,
  ask: Ask,
  send: Send<A>,
  signal: AbortSignal,
): Promise<{ readonly answer: A; readonly url: URL }> {
  const visited = new Set<string>();
  for (let url = ask.url; ;) {
    visited.add(url.href);
    const answer = await authorised(session, { ...ask, url }, send, signal);
    if (!isRedirect(answer.status)) return { answer, url };
    const target = redirectTarget(session.registry, url, answer);
    noteRedirect(session.book, url, target, answer.status);
    if (visited.has(target.href)) throw tooFar(ask.url, "is redirected in a circle");
    if (visited.size > session.limits.redirects)
      throw tooFar(ask.url, `is redirected more than ${session.limits.redirects} times`);
    url = target;
  }
}

/** A small document of the registry: 200 or an error. Retries where that may help. */
export function readPage(session: Session, ask: Ask, what: string, signal: AbortSignal): Promise<Served> {
  const send: Send<Page> = async (query, each) => {
    const page = await session.transport.read(query, each);
    session.book.bytes += page.body.length;
    return page;
  };
  let looked = false;
  const attempt = async (): Promise<Served> => {
    const { answer, url } = await follow(session, ask, send, signal).catch(async (thrown: unknown) => {
      if (looked) throw thrown;
      looked = true;
      throw await orTlsInstead(session, thrown, signal);
    });
    if (ask.isRoot === true) noteRoot(session.book, answer);
    if (answer.status !== 200) throw await orTlsInstead(session, refusalOf(what, answer, session), signal);
    return { ...answer, url };
  };
  return withRetries(session, ask.url, attempt, () => null, signal);
}

/**
 * The headers of one answer, whatever its status: asked for once, with no retries. A redirect is followed or is the
 * answer, as the caller says.
 */
export async function readHead(
  session: Session,
  ask: Pick<Ask, "url" | "headers">,
  { mayFollow }: { readonly mayFollow: boolean },
  signal: AbortSignal,
): Promise<Answer> {
  const asHead: Ask = { ...ask, method: "HEAD", maxBytes: 0 };
  const send: Send<Page> = (query, each) => session.transport.read(query, each);
  if (!mayFollow) return authorised(session, asHead, send, signal);
  return (await follow(session, asHead, send, signal)).answer;
}

/** The query for one hop: sends Authorization to the registry's own origin only. */
export function queryFor(session: Session, ask: Ask, pass: Pass | null): Query {
  const headers: (readonly [string, string | Secret])[] = [...ask.headers];
  if (pass !== null && pass.header !== null && isOrigin(session.registry, ask.url))
    headers.push(["authorization", pass.header]);
  return {
    url: ask.url.href,
    headers,
    maxBytes: ask.maxBytes,
    ...(ask.method === undefined ? {} : { method: ask.method }),
    publicOnly: needsPublicAddress(session.registry, ask.url) !== false,
    trust: trustOf(session.registry, ask.url),
  };
}

/** One hop, repeated with a token if the registry asks for one. Only the registry's own origin ever gets one. */
async function authorised<A extends Page | Content>(
  session: Session,
  ask: Ask,
  send: Send<A>,
  signal: AbortSignal,
): Promise<A> {
  const { registry } = session;
  const own = isOrigin(registry, ask.url);
  for (let round = 1, renewed = false; ; round += 1) {
    const pass = own && !registry.isAnonymous ? await currentPass(session, signal) : null;
    const answer = await send(queryFor(session, ask, pass), signal);
    noteAnswer(session.book, ask.url, answer);
    if (own) noteCaller(session.book, answer);
    if (own && answer.address !== null) registry.addresses.add(answer.address);
    if (pass === null) {
      noteIfUnexpected(session, ask, answer, null);
      if (answer.status !== 401) return answer;
      throw noCredentialsFor(session, ask.url);
    }
    const refused = isRefused(answer, pass);
    const isLast = (renewed && !isOver(session, pass)) || round > MOST_ROUNDS;
    if (!refused || isLast || isDeadEnd(answer)) noteIfUnexpected(session, ask, answer, pass);
    if (!refused) return answer;
    if (isLast) {
      if (answer.status === 403) return answer;
      throw refusedPass(session, pass, wordsOf(answer));
    }
    if (answer.status === 401) learnChallenges(session, answer);
    await renew(session, pass, signal);
    renewed = true;
  }
}

function noCredentialsFor({ registry }: Session, url: URL): Tofu3Error {
  const where = registry.isAnonymous ? plainUrl(url) : `${plainUrl(url)}, to which the registry redirects,`;
  const hint = registry.isAnonymous
    ? "tofu3 fetches files without credentials; what is in a registry is verified by its reference"
    : undefined;
  return new Tofu3Error("E_AUTH", `${where} asks for credentials, and gets none`, { stage: "auth", hint });
}

/** A 401 that names no way in; one that does is the beginning of a conversation. */
function isDeadEnd({ status, headers }: Answer): boolean {
  return status === 401 && valuesOf(headers, "www-authenticate").length === 0;
}

function noteIfUnexpected(session: Session, { url, method }: Ask, answer: Page | Content, pass: Pass | null): void {
  const { status } = answer;
  if (method === "HEAD" || status === 200 || status === 206 || isRedirect(status)) return;
  const body = "body" in answer ? answer.body : answer.head;
  noteUnexpected(session.book, url, answer, body, pass?.header ?? null);
}

/** 401; or, for a token, 400 or 403 with DENIED and no challenge, which is how ECR Public reports an expired one. */
function isRefused(answer: Page | Content, pass: Pass): boolean {
  if (answer.status === 401) return true;
  return pass.kind === "bearer" && (answer.status === 400 || answer.status === 403) && saysDenied(answer);
}

function tooFar(url: URL, why: string): Tofu3Error {
  return new Tofu3Error("E_REDIRECT", `${plainUrl(url)} ${why}`, { stage: "http" });
}
