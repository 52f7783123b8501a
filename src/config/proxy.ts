import { isIPv6 } from "node:net";
import { Secret } from "../secret.ts";

/** A proxy that a worker goes through. */
export interface Proxy {
  /** `scheme://[user:password@]host:port`, the port always there; user and password percent-encoded. For the transports only. */
  readonly url: Secret;
  /** The same without user and password; may be printed. */
  readonly display: string;
}

const SHAPE =
  /^(https?|socks5h?):\/\/(?:([^\s/?#@]*)@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):([0-9]{1,5})\/?$/;

function isDecodable(userinfo: string): boolean {
  try {
    return userinfo.split(":").length <= 2 && userinfo.split(":").every((part) => !/[\p{Cc}]/u.test(decodeURIComponent(part)));
  } catch {
    return false;
  }
}

/** Why it is not a proxy, in words that hold nothing of it; null when it is one. */
export function proxyMistake(text: string): string | null {
  const allowed = "must be a proxy such as socks5h://127.0.0.1:9050 (http, https, socks5 or socks5h, with host and port)";
  const match = SHAPE.exec(text);
  if (match === null) return allowed;
  const [, , userinfo, host, port] = match;
  if (Number(port) < 1 || Number(port) > 65535) return "must have a port from 1 to 65535";
  if (host?.startsWith("[") === true && !isIPv6(host.slice(1, -1))) return allowed;
  if (userinfo !== undefined && (!/^[\x21-\x7e]*$/.test(userinfo) || !isDecodable(userinfo))) {
    return "must have its user and password percent-encoded (user:password@, a % as %25, an @ as %40, a : as %3A)";
  }
  return null;
}

/** Of a text that has no `proxyMistake`; null otherwise. */
export function parseProxy(text: string): Proxy | null {
  const match = SHAPE.exec(text);
  if (match === null || proxyMistake(text) !== null) return null;
  const [, scheme = "", userinfo, host = "", port = ""] = match;
  const place = `${host.toLowerCase()}:${Number(port)}`;
  const credentials = userinfo === undefined || userinfo === "" ? "" : `${userinfo}@`;
  return { url: new Secret(`${scheme}://${credentials}${place}`), display: `${scheme}://${place}` };
}
