/** Hidden files, options, folders, and what a terminal would not show are no names. */
const SAFE = /^[^./\\:\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}-][^/\\:\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;
const MOST_BYTES = 255;

/** Whether it may become the name of a file in a folder that somebody chose. */
export function isSafeName(name: string): boolean {
  return SAFE.test(name) && Buffer.byteLength(name) <= MOST_BYTES;
}

/** What a URL says of the name of its file. */
export type UrlName =
  | { readonly kind: "name"; readonly name: string }
  /** Nothing: it ends in `/`, or in `/download` as those of SourceForge do. */
  | { readonly kind: "silent" }
  /** Something that is no name of a file. */
  | { readonly kind: "unsafe"; readonly segment: string };

/** The last segment of the path, decoded once. RFC 3986 §2.4: never twice. */
export function nameInUrl(url: string): UrlName {
  const segment = new URL(url).pathname.split("/").at(-1) ?? "";
  if (segment === "" || segment === "download") return { kind: "silent" };
  const name = decoded(segment);
  return name !== null && isSafeName(name) ? { kind: "name", name } : { kind: "unsafe", segment };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** As tokens or quoted strings. RFC 9110 §5.6.6 */
const PARAMETER = /;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;," \t]*))/g;
const LONGEST = 1000;

/**
 * The last path segment of what `Content-Disposition` calls the file; null if it does not, or calls it what is no name.
 * RFC 6266 §4.1, §4.3: `filename*` outranks `filename`.
 */
export function nameInDisposition(value: string): string | null {
  const parameters = new Map<string, string>();
  for (const [, name = "", quoted, token = ""] of value.slice(0, LONGEST).matchAll(PARAMETER)) {
    const key = name.toLowerCase();
    if (parameters.has(key)) return null;
    parameters.set(key, quoted === undefined ? token : quoted.replace(/\\(.)/g, "$1"));
  }
  const extended = extendedValue(parameters.get("filename*") ?? "");
  const name = (extended ?? parameters.get("filename") ?? "").split(/[/\\]/).at(-1) ?? "";
  return isSafeName(name) ? name : null;
}

/** `UTF-8''na%20me`. RFC 8187 §3.2 */
function extendedValue(text: string): string | null {
  const [, encoded] = /^utf-8'[A-Za-z0-9-]*'(.+)$/i.exec(text) ?? [];
  return encoded === undefined ? null : decoded(encoded);
}

/** The same, of what several vantages were told: null unless it is one name everywhere. */
export function agreedName(dispositions: readonly (string | null)[]): string | null {
  const [name = null, ...others] = new Set(
    dispositions.map((each) => (each === null ? null : nameInDisposition(each))),
  );
  return others.length === 0 ? name : null;
}

/** Names that lead to something new over time, by design. */
const MOVING = /^(?:latest|nightly|current|stable|snapshot|master|main|head|trunk|dev|edge|canary)$/i;

/** Whether the path says that what it leads to changes: `/latest/`, Homebrew's `.jws.json`, the head of a branch. */
export function isMovingUrl(url: string): boolean {
  const { pathname } = new URL(url);
  if (pathname.endsWith(".jws.json")) return true;
  return pathname.split("/").some((segment) => MOVING.test(segment) || /(?:^|[-_.])latest(?:[-_.]|$)/i.test(segment));
}

/** `https://github.com/OWNER/REPO/archive/…` and the hosts that it leads to: made anew at will, by GitHub's own word. */
export function isGeneratedArchive(url: string): boolean {
  const { hostname, pathname } = new URL(url);
  if (hostname === "codeload.github.com") return true;
  if (hostname === "api.github.com") return /^\/repos\/[^/]+\/[^/]+\/(?:tarball|zipball)(?:\/|$)/.test(pathname);
  return hostname === "github.com" && /^\/[^/]+\/[^/]+\/(?:archive|tarball|zipball)\//.test(pathname);
}

/** Whether the name says that it is a web page. */
export function isPageName(url: string): boolean {
  return /\.(?:x?html?|shtml|xht)$/i.test(new URL(url).pathname);
}
