import { toRaise } from "../../http/raise.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import type { Job } from "../../model/job.ts";
import { nextPage } from "../../oci/link.ts";
import { registryKey, type Repository } from "../../oci/reference.ts";
import { valuesOf } from "../../http/strict.ts";
import type { Page } from "../../http/transport.ts";
import { readPage } from "../fetch/exchange.ts";
import { openNotebook } from "../fetch/notebook.ts";
import { apiUrl, registryOf } from "../fetch/registry.ts";
import { createSession } from "../fetch/session.ts";
import type { Session } from "../fetch/session.ts";
import type { Vantage } from "../vantage.ts";

/** Registries return 50 to 1000 tags a page, some all tags at once. */
const MOST_PAGES = 5000;
const MOST_TAGS = 2_000_000;
const LONGEST_PAGE = 32 * 1024 * 1024;

/**
 * Every tag of a repository as one vantage sees them: all pages, each tag once, in the registry's order.
 * distribution-spec 1.1, "Listing Tags". Follows links as the registry wrote them, within its origin. Begins and ends
 * the job; the vantage stays open. Rejects with a Tofu3Error or the signal's reason.
 */
export async function readTags(
  vantage: Vantage,
  repository: Repository,
  { limits, publicOnly = false }: Pick<Job, "limits" | "publicOnly">,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const transport = vantage.link.begin(registryKey(repository));
  const registry = registryOf(repository, vantage, publicOnly);
  const session = createSession(vantage, registry, transport, { limits, book: openNotebook() });
  const deadline = AbortSignal.timeout(limits.totalSeconds * 1000);
  try {
    const limit = AbortSignal.any([signal, deadline]);
    await transport.open(limit);
    return await readPages(session, limit);
  } catch (thrown) {
    signal.throwIfAborted();
    if (!deadline.aborted) throw thrown;
    throw new Tofu3Error("E_TIMEOUT", `not all tags arrived within ${limits.totalSeconds} s (totalSeconds)`, {
      hint: toRaise("totalSeconds", limits.totalSeconds),
      cause: thrown,
    });
  } finally {
    await transport.end();
  }
}

async function readPages(session: Session, signal: AbortSignal): Promise<readonly string[]> {
  const { registry } = session;
  const what = `tags of ${registry.name}/${registry.repository}`;
  const tags = new Set<string>();
  const visited = new Set<string>();
  for (let url = apiUrl(registry, "tags/list"); ;) {
    visited.add(url.href);
    const page = await readPage(
      session,
      { url, headers: [["accept", "application/json"]], maxBytes: LONGEST_PAGE },
      what,
      signal,
    );
    const before = tags.size;
    for (const tag of parseTags(page, what)) tags.add(tag);
    const next = nextPage(url.href, valuesOf(page.headers, "link").join(", "));
    if (next === null) return [...tags];
    const following = ownPath(url, new URL(next));
    if (visited.has(following.href) || tags.size === before)
      throw endless(what, "the pages do not end: one had no new tags");
    if (visited.size >= MOST_PAGES || tags.size > MOST_TAGS)
      throw endless(what, `more than ${visited.size} pages, ${tags.size} tags`);
    url = following;
  }
}

/**
 * The next page, with a path that is the repository's. Artifactory and some reverse proxies drop the first part of the
 * repository from the path, which would lead nowhere or to another repository; so only the query is taken.
 */
function ownPath(page: URL, next: URL): URL {
  const rest = next.pathname.replace(/^\/v2(?=\/)/, "");
  const shortened = next.pathname !== page.pathname && page.pathname.endsWith(rest) && rest.endsWith("/tags/list");
  return shortened ? new URL(page.pathname + next.search, page) : next;
}

function parseTags(page: Page, what: string): readonly string[] {
  const tags = tagsOf(page.body);
  if (tags === null)
    throw new Tofu3Error("E_MANIFEST", `${what}: the registry did not answer with a list of tags`, { stage: "body" });
  return tags;
}

/** `tags` may be null, as some registries write an empty list. */
function tagsOf(body: Uint8Array): readonly string[] | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value !== "object" || value === null || !("tags" in value)) return null;
    const { tags } = value;
    if (tags === null) return [];
    return Array.isArray(tags) && tags.every((tag) => typeof tag === "string") ? tags : null;
  } catch {
    return null;
  }
}

function endless(what: string, why: string): Tofu3Error {
  return new Tofu3Error("E_LIMIT", `${what}: ${visible(why)}`, { stage: "http" });
}
