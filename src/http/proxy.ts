import { isIP, isIPv6 } from "node:net";
import { Tofu3Error } from "../errors.ts";
import { Secret } from "../secret.ts";

/** A proxy. `socks5h`, `http` and `https` let the proxy resolve names, `socks5` does not. */
export interface Proxy {
  readonly scheme: "http" | "https" | "socks5" | "socks5h";
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly credentials: { readonly username: string; readonly password: Secret } | null;
  /** `scheme://[user:password@]host:port` as curl takes it, with user and password percent-encoded. */
  readonly url: Secret;
}

const SCHEMES = ["http", "https", "socks5", "socks5h"] as const;
const SHAPE =
  /^([a-z0-9]+):\/\/(?:([^\s/?#@]*)@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):([0-9]{1,5})\/?$/;
const LONGEST = 2048;

const ALLOWED = "must be a proxy such as socks5h://127.0.0.1:9050 (http, https, socks5 or socks5h, with host and port)";
const ENCODED = "must have its user and password percent-encoded (user:password@, a % as %25, an @ as %40, a : as %3A)";

/** Why the text is not a proxy URL. Quotes nothing of it: it may contain a password. */
export interface ProxyMistake {
  readonly mistake: string;
}

/** Never null: "no proxy" must not be confused with "not a valid proxy". */
export function readProxy(text: string): Proxy | ProxyMistake {
  const [, named, userinfo = "", bracketed = "", digits = ""] = text.length > LONGEST ? [] : (SHAPE.exec(text) ?? []);
  const scheme = SCHEMES.find((each) => each === named);
  if (scheme === undefined) return { mistake: ALLOWED };
  const port = Number(digits);
  if (port < 1 || port > 65535) return { mistake: "must have a port from 1 to 65535" };
  const host = (bracketed.startsWith("[") ? bracketed.slice(1, -1) : bracketed).toLowerCase();
  if (bracketed.startsWith("[") && !isIPv6(host)) return { mistake: ALLOWED };
  const parts = decode(userinfo);
  if (parts === null) return { mistake: ENCODED };
  const [username = "", password = ""] = parts;
  const credentials = userinfo === "" ? null : { username, password: new Secret(password) };
  const url = new Secret(`${scheme}://${userinfo === "" ? "" : `${userinfo}@`}${authority(host, port)}`);
  return { scheme, host, port, credentials, url };
}

/** User and password; null if they are not percent-encoded. */
function decode(userinfo: string): readonly string[] | null {
  if (!/^[\x21-\x7e]*$/.test(userinfo)) return null;
  try {
    const parts = userinfo.split(":").map((part) => decodeURIComponent(part));
    return parts.length > 2 || parts.some((part) => /\p{Cc}/u.test(part)) ? null : parts;
  } catch {
    return null;
  }
}

/** The same for text that was already checked. Throws E_CONFIG, because an invalid proxy must never mean none. */
export function parseProxy(text: string): Proxy {
  const proxy = readProxy(text);
  if (!("mistake" in proxy)) return proxy;
  throw new Tofu3Error("E_CONFIG", `the proxy cannot be used: it ${proxy.mistake}`, {
    hint: "for example socks5h://127.0.0.1:9050 or http://proxy.corp:3128",
  });
}

/** The proxy without its credentials, for display. */
export function nameOfProxy(proxy: Proxy): string {
  return `${proxy.scheme}://${authority(proxy.host, proxy.port)}`;
}

/** The value of `Proxy-Authorization`; null without credentials. RFC 7617 */
export function basicAuthorization(proxy: Proxy): Secret | null {
  if (proxy.credentials === null) return null;
  const { username, password } = proxy.credentials;
  return password.derive((value) => `Basic ${Buffer.from(`${username}:${value}`, "utf8").toString("base64")}`);
}

/** `host:port`, with IPv6 in brackets. */
export function authority(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** E_PROXY, with the proxy's name in front. */
export function proxyFault(proxy: Proxy, what: string, hint: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_PROXY", `the proxy ${nameOfProxy(proxy)} ${what}`, { stage: "connect", hint, cause });
}
