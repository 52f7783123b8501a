import { registryName } from "../../config/registryname.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import type { Wish } from "../../model/gate.ts";
import { isDigest } from "../../oci/digest.ts";
import { parseReference, type Reference, type Repository } from "../../oci/reference.ts";

/** Codes of distribution-spec 1.1, "Error Codes", and those of distribution itself for what the list lacks. */
export type ProblemCode =
  | "NAME_INVALID"
  | "DIGEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "BLOB_UNKNOWN"
  | "NAME_UNKNOWN"
  | "UNSUPPORTED"
  | "UNAUTHORIZED"
  | "DENIED"
  | "TOOMANYREQUESTS"
  | "PAGINATION_NUMBER_INVALID"
  | "UNAVAILABLE"
  | "UNKNOWN";

/** The request cannot be answered, whatever the vantages say. */
export interface Problem {
  readonly kind: "problem";
  readonly status: 400 | 401 | 403 | 404 | 405 | 429 | 500 | 503;
  readonly code: ProblemCode;
  /** One sentence, printable. */
  readonly message: string;
}

export type Route =
  | { readonly kind: "ping" }
  /** `namespace`: the value of `ns`, if the upstream came by it. */
  | { readonly kind: "wish"; readonly wish: Wish; readonly namespace: string | null }
  | {
      readonly kind: "tags";
      readonly repository: Repository;
      readonly page: TagsPage;
      readonly namespace: string | null;
    }
  | Problem;

/** distribution-spec 1.1, "Listing Tags" */
export interface TagsPage {
  /** At most so many; null for all. */
  readonly n: number | null;
  /** Only those after this one. */
  readonly last: string | null;
}

const MOST_CHARACTERS = 4096;
const EXAMPLE = "/v2/docker.io/library/alpine/manifests/3.20";

/**
 * What a request asks for. `target` is the origin form of RFC 9112 §3.2.1, as it was received; `fallback` is the
 * upstream of those that name none. A path that cannot be is told before a method that may not be.
 */
export function routeOf(method: string, target: string, fallback: string | null): Route {
  const route = pathRoute(target, fallback);
  const isRead = method === "GET" || method === "HEAD";
  if (isRead || (route.kind === "problem" && route.status === 400)) return route;
  return problem(405, "UNSUPPORTED", `this registry is read-only: ${visible(method, 20)} is not supported`);
}

function pathRoute(target: string, fallback: string | null): Route {
  if (target.length > MOST_CHARACTERS)
    return problem(400, "NAME_INVALID", `the URL is longer than ${MOST_CHARACTERS} characters`);
  if (!target.startsWith("/")) return problem(400, "NAME_INVALID", "this is a registry, not a proxy");
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1));
  if (path === "/v2" || path === "/v2/") return { kind: "ping" };
  if (!path.startsWith("/v2/"))
    return problem(404, "UNSUPPORTED", `there is nothing here; a registry answers below /v2/`);
  const segments = segmentsOf(path);
  return segments === null
    ? problem(400, "NAME_INVALID", "the path is not percent-encoded as it should be")
    : segmentsRoute(segments, query, fallback);
}

/** Decoded once each; null for an escape that is none, and for one that hides a slash. */
function segmentsOf(path: string): readonly string[] | null {
  try {
    const segments = path.slice("/v2/".length).split("/").map(decodeURIComponent);
    return segments.some((each) => each.includes("/")) ? null : segments;
  } catch {
    return null;
  }
}

function segmentsRoute(segments: readonly string[], query: URLSearchParams, fallback: string | null): Route {
  if (segments.join("/") === "_catalog")
    return problem(404, "UNSUPPORTED", "there is no catalog: repositories are those of the upstreams");
  const [verb = "", last = ""] = segments.slice(-2);
  const name = segments.slice(0, -2);
  if (name.length === 0 || !(verb === "tags" ? last === "list" : ["manifests", "blobs", "referrers"].includes(verb)))
    return problem(404, "UNSUPPORTED", `there is nothing here; for example, there is ${EXAMPLE}`);
  const found = repositoryOf(name, query, fallback);
  if (found.kind === "problem") return found;
  const { repository, namespace } = found;
  switch (verb) {
    case "tags":
      return tagsRoute(repository, namespace, query);
    case "referrers":
      return isDigest(last) ? NO_REFERRERS : badDigest(last);
    case "blobs":
      if (!isDigest(last)) return badDigest(last);
      return { kind: "wish", wish: { ...repository, kind: "blob", digest: last }, namespace };
    default:
      return manifestRoute(repository, namespace, last);
  }
}

/** distribution-spec 1.1: clients then look for the tag `sha256-…`, which is a wish like any other. */
const NO_REFERRERS = problem(404, "UNSUPPORTED", "this registry does not list referrers");

function manifestRoute(repository: Repository, namespace: string | null, name: string): Route {
  if (isDigest(name)) return { kind: "wish", wish: { ...repository, kind: "manifest", digest: name }, namespace };
  if (name.includes(":")) return badDigest(name);
  const tag = referenceOf(`registry/name:${name}`)?.tag;
  // the conformance suite wants 404 for what can be no tag: nobody has it
  if (tag !== name) return problem(404, "MANIFEST_UNKNOWN", `"${visible(name, 60)}" is not a tag`);
  return { kind: "wish", wish: { ...repository, kind: "manifest", tag }, namespace };
}

function tagsRoute(repository: Repository, namespace: string | null, query: URLSearchParams): Route {
  const n = query.get("n");
  if (n !== null && !/^[0-9]{1,9}$/.test(n))
    return problem(400, "PAGINATION_NUMBER_INVALID", `"n" must be a whole number, not "${visible(n, 60)}"`);
  return {
    kind: "tags",
    repository,
    page: { n: n === null ? null : Number(n), last: query.get("last") },
    namespace,
  };
}

function badDigest(text: string): Problem {
  return problem(400, "DIGEST_INVALID", `"${visible(text, 80)}" is not a digest`);
}

interface Named {
  readonly kind: "named";
  readonly repository: Repository;
  readonly namespace: string | null;
}

/** The upstream is that of `ns`, of a first component with a dot or a colon, or of the listener. */
function repositoryOf(name: readonly string[], query: URLSearchParams, fallback: string | null): Named | Problem {
  const [first = "", ...others] = name;
  const spoken = /[.:]/.test(first) ? registryName(first) : null;
  if (spoken === null && first.includes(":")) return badName(name);
  const [ns, ...more] = new Set(query.getAll("ns"));
  const namespace = ns === undefined ? null : registryName(ns);
  if (ns !== undefined && (namespace === null || more.length > 0))
    return problem(400, "NAME_INVALID", `"ns" must be one registry, not "${visible([ns, ...more].join(", "), 80)}"`);
  if (namespace !== null && spoken !== null && namespace !== spoken)
    return problem(400, "NAME_INVALID", `the path says ${visible(first, 80)}, and "ns" says ${namespace}`);
  const upstream = namespace ?? spoken ?? fallback;
  if (upstream === null)
    return problem(400, "NAME_INVALID", `the request does not say which registry it means; say it as in ${EXAMPLE}`);
  const rest = (spoken === null ? name : others).join("/");
  const reference = referenceOf(`${upstream}/${rest}`);
  const isSame = reference?.repository === rest || reference?.repository === `library/${rest}`;
  if (reference === null || !isSame) return badName(name);
  const repository = { registry: upstream, repository: reference.repository };
  return { kind: "named", repository, namespace: namespace === null ? null : (ns ?? null) };
}

function badName(name: readonly string[]): Problem {
  return problem(400, "NAME_INVALID", `"${visible(name.join("/"), 80)}" is not a repository name`);
}

function referenceOf(text: string): Reference | null {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof Tofu3Error) return null;
    throw error;
  }
}

export function problem(status: Problem["status"], code: ProblemCode, message: string): Problem {
  return { kind: "problem", status, code, message };
}
