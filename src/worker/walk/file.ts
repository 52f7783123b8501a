import { asError, Tofu3Error } from "../../errors.ts";
import { isPageName } from "../../file/name.ts";
import type { Job } from "../../model/job.ts";
import type { FileSubject } from "../../model/subject.ts";
import { digestOf, type Digest } from "../../oci/digest.ts";
import { valueOf } from "../../http/strict.ts";
import type { Answer } from "../../http/transport.ts";
import { measureBody } from "../fetch/content.ts";
import type { Measured } from "../fetch/content.ts";
import { readHead, readPage } from "../fetch/exchange.ts";
import { noteFile, noteRedirect, noteUnexpected, plainUrl } from "../fetch/notebook.ts";
import { isRedirect, redirectTarget } from "../fetch/redirect.ts";
import type { Session } from "../fetch/session.ts";
import type { Vantage } from "../vantage.ts";
import { withSession } from "./inspect.ts";
import type { Place } from "./tree.ts";

type FileJob = Pick<Job, "url"> & { readonly subject: FileSubject };

const ACCEPT = "*/*";

/**
 * Measures the file of a job, here and at its mirrors. What servers say of its type is no part of it: its bytes are.
 * What is wrong is stored at its place; nothing is thrown.
 */
export async function lookAtFile(session: Session, job: FileJob, root: Place, signal: AbortSignal): Promise<void> {
  const worker = session.vantage.name;
  session.watch({ kind: "phase", worker, phase: "fetching" });
  session.watch({ kind: "wanted", worker, objects: 1, bytes: 0 });
  const { subject } = job;
  try {
    const wanted = { url: job.url ?? subject.url, pin: subject.pin };
    const { digest, size, opening } = await measureFile(session, wanted, signal);
    noteFile(session.book, opening);
    root.seen = { computed: digest, size };
    session.watch({ kind: "root", worker, digest, mediaType: null });
    session.watch({ kind: "object", worker });
    // what was received is a view, even if it cannot be kept
    await session.keep?.unnamed?.named(digest);
    session.keep?.landed?.(digest, size);
  } catch (thrown) {
    root.error = asError(thrown);
  }
}

/** The bytes at one URL, and the answer that they began with. */
export interface MeasuredFile {
  readonly digest: Digest;
  readonly size: number;
  readonly opening: Measured["opening"];
}

/** Throws the fault that ended it, E_LIMIT for more than `limits.fileBytes`, E_NOT_CONTENT for what is no file. */
export async function measureFile(
  session: Session,
  { url: requested, pin }: { readonly url: string; readonly pin: Digest | null },
  signal: AbortSignal,
): Promise<MeasuredFile> {
  const { keep, limits } = session;
  const url = new URL(requested);
  const what = plainUrl(url);
  const download = {
    session,
    what,
    url,
    accept: ACCEPT,
    algorithm: "sha256" as const,
    size: null,
    mostBytes: limits.fileBytes,
    keep: keep?.unnamed?.path ?? null,
    restAt: (_: URL, limit: AbortSignal) => landingOf(session, url, limit),
  };
  const isPinned = ({ content }: Measured): boolean => pin === null || content.digest === pin;
  const measured = await measureBody(download, isPinned, signal).catch((thrown: unknown) => {
    throw orTooLarge(thrown, what, limits.fileBytes);
  });
  const { content, opening } = measured;
  // whoever names the bytes has said that they are what is wanted
  const fault = isPinned(measured) && pin !== null ? null : noContent(what, requested, measured);
  if (fault !== null) {
    noteUnexpected(session.book, measured.url, opening, opening.head, null);
    throw fault;
  }
  if (content.digest === null) throw new Tofu3Error("E_BUG", "a whole body has no digest");
  return { digest: content.digest, size: content.size, opening };
}

function orTooLarge(thrown: unknown, what: string, most: number): unknown {
  if (!(thrown instanceof Tofu3Error) || thrown.code !== "E_TOO_LARGE") return thrown;
  return new Tofu3Error("E_LIMIT", `${what} has more than the ${most} bytes that are allowed`, {
    stage: "body",
    hint: "raise limits.fileBytes in the configuration",
    cause: thrown,
  });
}

/** Three empty bodies, and three equal pages in place of a file, are no agreement about a file. */
function noContent(what: string, requested: string, { content, opening }: Measured): Tofu3Error | null {
  const refuse = (why: string, hint: string): Tofu3Error =>
    new Tofu3Error("E_NOT_CONTENT", `${what} ${why}`, { stage: "body", hint });
  if (content.size === 0)
    return refuse("is empty: 0 bytes", "look at what comes there: curl -iL; an empty file proves nothing");
  if (!isPage(opening) || isPageName(requested)) return null;
  // without its parameters: a server may put anything there
  const [type] = /^[\w.+-]+\/[\w.+-]+/.exec(typeOf(opening) ?? "") ?? [];
  const told = type === undefined ? "" : ` (${type.slice(0, 100)})`;
  return refuse(
    `is answered with a web page${told}, and its name does not say that it is one`,
    "look at what comes there: curl -iL; it may be a page about the download, a bot check or a login; if the page is what you want, pin it: --sha256 HEX",
  );
}

function typeOf({ headers }: Measured["opening"]): string | null {
  return valueOf(headers, "content-type");
}

/** By its type, or by how it begins, where anybody can tell. */
function isPage(opening: Measured["opening"]): boolean {
  const head = new TextDecoder().decode(opening.head);
  return (
    /^\s*(?:text\/html|application\/xhtml)/i.test(typeOf(opening) ?? "") || /^\s*<(?:!doctype html|html)\b/i.test(head)
  );
}

/**
 * Where the original URL leads to now, for the rest of a body: signed URLs expire, and mirrors take turns. HEADs ask
 * for redirects alone; whatever else answers one is asked for the rest. Null if that cannot be found out.
 */
async function landingOf(session: Session, from: URL, signal: AbortSignal): Promise<URL | null> {
  let url = from;
  for (let hops = 0; hops <= session.limits.redirects; hops += 1) {
    const ask = { url, headers: [["accept", ACCEPT]] as const };
    const answer = await readHead(session, ask, { mayFollow: false }, signal).catch(() => null);
    signal.throwIfAborted();
    if (answer === null || !isRedirect(answer.status)) return url;
    const target = targetOf(session, url, answer);
    if (target === null) return null;
    noteRedirect(session.book, url, target, answer.status);
    url = target;
  }
  return null;
}

/** What no GET was told says nothing of the file. */
function targetOf(session: Session, url: URL, answer: Answer): URL | null {
  try {
    return redirectTarget(session.registry, url, answer);
  } catch {
    return null;
  }
}

/** The file again, whole, at one vantage in a job of its own. Rejects if there is none, or a longer one. */
export async function readFileAt(
  vantage: Vantage,
  job: Job & FileJob,
  { maxBytes, accept = ACCEPT }: { readonly maxBytes: number; readonly accept?: string },
  signal: AbortSignal,
): Promise<{ readonly bytes: Uint8Array; readonly digest: Digest }> {
  const url = new URL(job.url ?? job.subject.url);
  const ask = { url, headers: [["accept", accept]] as const, maxBytes };
  const unwatched = (): void => undefined;
  return withSession(vantage, job, unwatched, signal, async (session, limit) => {
    const { body } = await readPage(session, ask, plainUrl(url), limit);
    return { bytes: body, digest: digestOf(body) };
  });
}

/** Whether there is something other than a web page, by HEAD. Rejects where nobody answers. */
export async function isThere(vantage: Vantage, job: Job & FileJob, signal: AbortSignal): Promise<boolean> {
  const unwatched = (): void => undefined;
  return withSession(vantage, job, unwatched, signal, async (session, limit) => {
    const ask = { url: new URL(job.url ?? job.subject.url), headers: [["accept", ACCEPT]] as const };
    const { status, headers } = await readHead(session, ask, { mayFollow: true }, limit);
    return status === 200 && !/^\s*text\/html/i.test(valueOf(headers, "content-type") ?? "");
  });
}
