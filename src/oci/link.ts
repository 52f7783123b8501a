import { Tofu3Error, visible } from "../errors.ts";

interface Link {
  readonly target: string;
  /** Relation types in lower case; null if the link has no `rel`. */
  readonly relations: readonly string[] | null;
}

const MOST_CHARACTERS = 65_536;
const MOST_LINKS = 100;
const TARGET = /[ \t,]*<([^<>]*)>[ \t]*/y;
const PARAMETER = /;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]+)))?[ \t]*/y;

/**
 * The URL of the next page, null on the last one. RFC 8288. A link without `rel` counts as next if no other link does,
 * as some registries write it. Keeps the query as the registry wrote it, `n=0` included. Throws E_LINK on another
 * origin, on two different next pages, on a page that is its own next, and on anything outside the grammar.
 */
export function nextPage(requestUrl: string, linkHeader: string | null | undefined): string | null {
  if (linkHeader === null || linkHeader === undefined || linkHeader.trim() === "") return null;
  const links = parseLinks(linkHeader);
  const next = links.filter((link) => link.relations?.includes("next"));
  const chosen = next.length > 0 ? next : links.filter((link) => link.relations === null);
  const urls = new Set(chosen.map((link) => resolve(requestUrl, link.target)));
  const [url, ...others] = urls;
  if (others.length > 0) return refuse(linkHeader, "it names several next pages");
  return url ?? null;
}

function parseLinks(header: string): Link[] {
  if (header.length > MOST_CHARACTERS) return refuse(header, `it is longer than ${MOST_CHARACTERS} characters`);
  const links: Link[] = [];
  for (let at = 0; at < header.length;) {
    if (links.length === MOST_LINKS) return refuse(header, `it has more than ${MOST_LINKS} links`);
    TARGET.lastIndex = at;
    const target = TARGET.exec(header);
    if (target?.[1] === undefined) return refuse(header, "a target between < and > is expected");
    const { relations, end } = readRelations(header, TARGET.lastIndex);
    links.push({ target: target[1], relations });
    at = end;
    if (at < header.length && header.charAt(at) !== ",") return refuse(header, "a comma is expected");
    while (at < header.length && " \t,".includes(header.charAt(at))) at += 1;
  }
  return links;
}

/** Only the first `rel` counts. RFC 8288 §3.3 */
function readRelations(
  header: string,
  start: number,
): { readonly relations: readonly string[] | null; readonly end: number } {
  let relations: readonly string[] | null = null;
  for (let end = start; ;) {
    PARAMETER.lastIndex = end;
    const parameter = PARAMETER.exec(header);
    if (parameter === null) return { relations, end };
    end = PARAMETER.lastIndex;
    const [, name, quoted, bare] = parameter;
    if (name?.toLowerCase() !== "rel") continue;
    relations ??= (quoted ?? bare ?? "").toLowerCase().split(/[ \t]+/);
  }
}

function resolve(requestUrl: string, target: string): string {
  if (!/^[\x21-\x7e]+$/.test(target) || target.includes("\\"))
    return refuse(target, "it has characters that a URL cannot have");
  if (!URL.canParse(target, requestUrl)) return refuse(target, "it is not a URL");
  const from = new URL(requestUrl);
  const to = new URL(target, from);
  if (to.protocol !== from.protocol || to.host !== from.host)
    return refuse(target, `it leads away from ${from.origin}`);
  if (to.username !== "" || to.password !== "") return refuse(target, "it carries credentials");
  to.hash = "";
  from.hash = "";
  return to.href === from.href ? refuse(target, "it leads back to its own page") : to.href;
}

function refuse(text: string, reason: string): never {
  throw new Tofu3Error("E_LINK", `cannot follow the link to the next page: ${reason}: "${visible(text, 200)}"`, {
    stage: "http",
  });
}
