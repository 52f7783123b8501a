import { Tofu3Error, visible } from "../errors.ts";

/** A whole commit in place of a tag or a branch, of SHA-1 or SHA-256. */
export function isCommit(ref: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(ref);
}

/** What the refs of a repository lead to. */
export interface Refs {
  /** The object of each, by its full name; the commit of an annotated tag as `refs/tags/NAME^{}`. */
  readonly names: ReadonlyMap<string, string>;
  /** What tags and branches lead to: pull requests are of strangers, and Git lists their commits among the others. */
  readonly tips: ReadonlySet<string>;
}

const SERVICE = "# service=git-upload-pack";
const FLUSH = 0;

/**
 * What `GET $GIT_URL/info/refs?service=git-upload-pack` answers, of protocol version 0 and 1. gitprotocol-http(5), "Smart
 * Clients"; gitprotocol-pack(5), "Reference Discovery". Throws E_NOT_CONTENT.
 */
export function parseRefs(bytes: Uint8Array): Refs {
  const names = new Map<string, string>();
  const [service, flush, ...lines] = packets(bytes);
  if (service?.trimEnd() !== SERVICE || flush !== null)
    throw refused("it does not begin as the refs of a repository do");
  if (lines.at(-1) !== null || lines.indexOf(null) !== lines.length - 1) throw refused("it is cut off");
  for (const line of lines) {
    if (line === null || line.trimEnd() === "version 1" || line.startsWith("shallow ")) continue;
    const [, object = "", name = ""] = /^([0-9a-f]+) ([^\0\n]+)(?:\0[^\n]*)?\n?$/.exec(line) ?? [];
    if (!isCommit(object)) throw refused(`it has a line that is no ref: ${JSON.stringify(visible(line, 100))}`);
    // of a repository without any commit
    if (name === "capabilities^{}") continue;
    if (names.has(name)) throw refused(`it has the ref ${JSON.stringify(visible(name, 100))} twice`);
    names.set(name, object);
  }
  return { names, tips: new Set([...names].flatMap(([name, object]) => (isOwn(name) ? [object] : []))) };
}

/** The texts of pkt-lines; null for a flush. gitprotocol-common(5), "pkt-line Format" */
function packets(bytes: Uint8Array): readonly (string | null)[] {
  const decoder = new TextDecoder();
  const found: (string | null)[] = [];
  for (let at = 0; at < bytes.length;) {
    const digits = decoder.decode(bytes.subarray(at, at + 4));
    const length = /^[0-9a-f]{4}$/i.test(digits) ? parseInt(digits, 16) : -1;
    if (length !== FLUSH && (length < 4 || at + length > bytes.length)) throw refused("it is no answer of Git");
    found.push(length === FLUSH ? null : decoder.decode(bytes.subarray(at + 4, at + length)));
    at += Math.max(4, length);
  }
  return found;
}

/**
 * What a name leads to: `tag COMMIT`, `branch COMMIT`, both where there are both, and `commit COMMIT` for one that a tag
 * or a branch leads to; null if it is none of these.
 */
export function commitAt({ names, tips }: Refs, ref: string): string | null {
  // no name can have it: it is how the list marks what a tag is of
  if (ref.includes("^")) return null;
  const commit = ref.toLowerCase();
  if (isCommit(ref)) return tips.has(commit) ? `commit ${commit}` : null;
  const [, kind, name = ref] = /^refs\/(tags|heads)\/(.+)$/.exec(ref) ?? [];
  const tag = kind === "heads" ? undefined : (names.get(`refs/tags/${name}^{}`) ?? names.get(`refs/tags/${name}`));
  const branch = kind === "tags" ? undefined : names.get(`refs/heads/${name}`);
  const found = [...(tag === undefined ? [] : [`tag ${tag}`]), ...(branch === undefined ? [] : [`branch ${branch}`])];
  return found.length === 0 ? null : found.join(" and ");
}

function isOwn(name: string): boolean {
  return /^refs\/(?:tags|heads)\//.test(name);
}

function refused(why: string): Tofu3Error {
  return new Tofu3Error("E_NOT_CONTENT", `what came is no list of refs: ${why}`, { stage: "body" });
}
