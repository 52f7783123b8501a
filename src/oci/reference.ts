import { Tofu3Error, visible } from "../errors.ts";
import { isDigest, type Digest } from "./digest.ts";

/** A repository of a registry. */
export interface Repository {
  /** Normalised: `docker.io` for Docker Hub; with the port if one was given; IPv6 in brackets. */
  readonly registry: string;
  readonly repository: string;
}

/** `[registry/]repository[:tag][@digest]`, parsed and normalised like distribution/reference. */
export interface Reference extends Repository {
  readonly tag?: string;
  readonly digest?: Digest;
}

// distribution/reference, regexp.go
const REGISTRY =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const IDENTIFIER = /^[a-f0-9]{64}$/;
const MOST_CHARACTERS = 2048;
const MOST_REPOSITORY = 255;

/** The canonical name of Docker Hub, and the host that serves it. */
export const HUB = "docker.io";
const HUB_HOST = "registry-1.docker.io";
/** distribution/reference does not treat the last two as aliases, but they are the same registry. */
const HUB_NAMES: readonly string[] = [HUB, "index.docker.io", HUB_HOST, "registry.hub.docker.com"];

/** Fills in no default tag. Throws E_REFERENCE. */
export function parseReference(text: string): Reference {
  if (text === "") return refuse(text, "it is empty");
  if (text.length > MOST_CHARACTERS) return refuse(text, `it is longer than ${MOST_CHARACTERS} characters`);
  const [scheme] = /^[^/]*:\/\//.exec(text) ?? [];
  if (scheme !== undefined)
    return refuse(
      text,
      "it is a URL",
      `leave out "${visible(scheme, 60)}": ${withoutSecrets(text).slice(visible(scheme).length)}`,
    );
  if (text.includes("://")) return refuse(text, 'it has "://" in it');
  if (IDENTIFIER.test(text))
    return refuse(text, "64 hex characters are an image ID", "to name a digest write REPOSITORY@sha256:…");
  const { registry, rest } = splitRegistry(text);
  const { repository, tag, digest } = splitRest(text, rest);
  if (!REGISTRY.test(registry)) return refuse(text, `"${withoutSecrets(registry)}" is not a registry name`);
  if (repository !== repository.toLowerCase()) return refuse(text, "a repository name is lower case");
  if (!repository.split("/").every((each) => COMPONENT.test(each)))
    return refuse(text, `"${visible(repository, 100)}" is not a repository name`);
  if (repository.length > MOST_REPOSITORY)
    return refuse(text, `the repository name is longer than ${MOST_REPOSITORY} characters`);
  return { registry, repository, ...(tag === null ? {} : { tag }), ...(digest === null ? {} : { digest }) };
}

/**
 * The part before the first slash is a registry if it has a dot, a colon or an upper-case letter, or is `localhost`.
 */
function splitRegistry(text: string): { readonly registry: string; readonly rest: string } {
  const slash = text.indexOf("/");
  const first = text.slice(0, Math.max(slash, 0));
  const named = slash !== -1 && (first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase());
  const registry = !named || first === "index.docker.io" ? HUB : first;
  const rest = named ? text.slice(slash + 1) : text;
  return { registry, rest: registry === HUB && !rest.includes("/") ? `library/${rest}` : rest };
}

function splitRest(
  text: string,
  rest: string,
): { readonly repository: string; readonly tag: string | null; readonly digest: Digest | null } {
  const at = rest.indexOf("@");
  const digest = at === -1 ? null : rest.slice(at + 1);
  const name = at === -1 ? rest : rest.slice(0, at);
  const colon = name.indexOf(":");
  const tag = colon === -1 ? null : name.slice(colon + 1);
  if (tag !== null && !TAG.test(tag)) {
    return refuse(
      text,
      `"${visible(tag, 150)}" is not a tag`,
      "a tag has up to 128 letters, digits, underscores, dots and hyphens",
    );
  }
  if (digest !== null && !isDigest(digest)) {
    const hint = 'a digest is "sha256:" and 64, or "sha512:" and 128, lower-case hex characters';
    return refuse(text, `"${visible(digest, 150)}" is not a digest`, hint);
  }
  return { repository: colon === -1 ? name : name.slice(0, colon), tag, digest };
}

function refuse(text: string, reason: string, hint?: string): never {
  throw new Tofu3Error("E_REFERENCE", `not a reference: "${withoutSecrets(text)}": ${reason}`, {
    hint:
      hint ??
      "a reference is [REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST], for example ghcr.io/homebrew/core/vim:9.0.1900",
  });
}

/** For messages: a URL without userinfo and query, where passwords and signatures are. */
export function withoutSecrets(text: string): string {
  const shown = text
    .replace(/^([^/]*:\/\/)[^/?#]*@/, "$1…@")
    .replace(/^[^/?#@:]*:[^/?#@]*@(?=[^/:.]*\.[^/:]*(?::\d+)?(?:\/|$))/, "…@")
    .replace(/^([^/]*:\/\/[^?]*)\?.*$/s, "$1?…");
  return visible(shown, 300);
}

/** `registry/repository[:tag][@digest]`; parseReference reads it back. */
export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** The same of a repository's tag or digest, whichever `name` is. */
export function formatNamed({ registry, repository }: Repository, name: string): string {
  return formatReference({ registry, repository, ...(isDigest(name) ? { digest: name } : { tag: name }) });
}

/** Docker Hub under any of its names. */
export function isDockerHub(registry: string): boolean {
  return HUB_NAMES.includes(registry.toLowerCase());
}

/**
 * The key for credentials and settings: `docker.io` for every name of Docker Hub, otherwise host[:port] in lower case.
 */
export function registryKey(repository: Repository): string {
  return isDockerHub(repository.registry) ? HUB : registryHost(repository);
}

/**
 * The repository as in request URLs: Docker Hub serves `alpine` as `library/alpine`, also where distribution/reference
 * adds no prefix.
 */
export function requestRepository({ registry, repository }: Repository): string {
  return isDockerHub(registry) && !repository.includes("/") ? `library/${repository}` : repository;
}

/**
 * host[:port] to connect to, in a spelling that every HTTP engine reads alike (lower case, `127.1` as `127.0.0.1`,
 * short IPv6). Keeps an explicit port, even 443. Throws E_REFERENCE if no engine can connect to the name, such as
 * `[1::2::3]`.
 */
export function registryHost({ registry }: Repository): string {
  if (isDockerHub(registry)) return HUB_HOST;
  const port = /:([0-9]+)$/.exec(registry)?.[1];
  const host = port === undefined ? registry : registry.slice(0, -port.length - 1);
  const url = `http://${host}${port === undefined ? "" : `:${port}`}/`;
  if (!URL.canParse(url) || port === "0") {
    throw new Tofu3Error("E_REFERENCE", `cannot connect to a registry named "${visible(registry, 300)}"`, {
      hint: "a registry is a host name or an address, and a port from 1 to 65535 where one is needed",
    });
  }
  return port === undefined ? new URL(url).hostname : `${new URL(url).hostname}:${Number(port)}`;
}
