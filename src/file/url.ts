import { createHash } from "node:crypto";
import { Tofu3Error, visible } from "../errors.ts";
import { isDigest, type Digest } from "../oci/digest.ts";
import { withoutSecrets } from "../oci/reference.ts";

/** The `https:` URL of a file, as it is asked for and as it is shown. */
export interface FileUrl {
  /** What is requested: without a fragment. */
  readonly url: string;
  /** The same without its query, which may be a secret: a hash of 16 hex digits stands for it. */
  readonly shown: string;
  /** Of `URL#sha256=HEX`; null without one. */
  readonly pin: Digest | null;
}

const MOST_CHARACTERS = 4096;
/** What `shown` has in place of a query; it is its own hash, so that what is shown can be read again. */
const HASHED = /^\?hash=[0-9a-f]{16}$/;

/** Whether it is meant as a web address, right or wrong. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * `https://HOST[:PORT]/PATH[?QUERY][#sha256=HEX]`; the fragment is the form of the Python package index (simple
 * repository API 1.0). Throws E_REFERENCE for anything else, and for http, a user name and another fragment.
 */
export function parseFileUrl(text: string): FileUrl {
  if (text.length > MOST_CHARACTERS) return refuse(text, `it is longer than ${MOST_CHARACTERS} characters`);
  if (/^http:/i.test(text)) {
    return refuse(text, "whoever is on the way can change what comes over http", "write https://");
  }
  if (!/^https:\/\/[^/?#]/i.test(text)) return refuse(text, "it names no host");
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(text)) {
    return refuse(text, "a URL is printable ASCII without spaces", 'encode other characters: "%20" for a space');
  }
  if (!URL.canParse(text)) return refuse(text, "it is no URL");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    return refuse(
      text,
      "it has a user name or a password in it",
      "files are fetched without credentials: leave them out",
    );
  }
  if (url.port === "0") return refuse(text, "there is no port 0");
  const pin = pinOf(url.hash, text);
  url.hash = "";
  const { href, origin, pathname, search } = url;
  return { url: href, shown: `${origin}${pathname}${shownQuery(search)}`, pin };
}

function shownQuery(search: string): string {
  if (search === "" || HASHED.test(search)) return search;
  return `?hash=${createHash("sha256").update(search).digest("hex").slice(0, 16)}`;
}

function pinOf(fragment: string, text: string): Digest | null {
  if (fragment === "") return null;
  const [, hex] = /^#(?:[^&]*&)*sha256=([0-9a-fA-F]{64})(?:&|$)/.exec(fragment) ?? [];
  const digest = `sha256:${(hex ?? "").toLowerCase()}`;
  if (isDigest(digest)) return digest;
  return refuse(text, "what stands behind # is not sent to anybody", "only #sha256=HEX, a pin, means something there");
}

/** The host, with its port unless that is 443: under which the configuration has settings for it. */
export function hostOf(url: string): string {
  return new URL(url).host;
}

function refuse(text: string, reason: string, hint = "a file is https://HOST/PATH, with #sha256=HEX to pin it"): never {
  throw new Tofu3Error("E_REFERENCE", `not a URL to verify: "${visible(withoutSecrets(text), 300)}": ${reason}`, {
    hint,
  });
}
