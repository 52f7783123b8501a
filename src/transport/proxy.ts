import { request } from "node:http";
import { isIP, type Socket } from "node:net";
import { Tofu3Error } from "../errors.ts";
import { Secret } from "../secret.ts";

/** A way through somebody else's machine. `socks5h`, `http` and `https` leave the resolving of names to the proxy, `socks5` does not. */
export interface Proxy {
  readonly scheme: "http" | "https" | "socks5" | "socks5h";
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly credentials: { readonly username: string; readonly password: Secret } | null;
}

const DEFAULT_PORTS = { http: 80, https: 443, socks5: 1080, socks5h: 1080 } as const;

/** Throws E_CONFIG, without the text: it may hold a password. */
export function parseProxy(text: string): Proxy {
  const url = URL.canParse(text) ? new URL(text) : null;
  const scheme = url?.protocol.slice(0, -1);
  if (
    url === null ||
    !isScheme(scheme) ||
    url.hostname === "" ||
    !/^\/?$/.test(url.pathname) ||
    url.search !== "" ||
    url.hash !== ""
  ) {
    throw invalidProxy("it is not of the form SCHEME://[USER:PASSWORD@]HOST[:PORT]");
  }
  const username = decode(url.username);
  const password = decode(url.password);
  return {
    scheme,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? DEFAULT_PORTS[scheme] : Number(url.port),
    credentials: username === "" && password === "" ? null : { username, password: new Secret(password) },
  };
}

function isScheme(text: string | undefined): text is Proxy["scheme"] {
  return text !== undefined && Object.hasOwn(DEFAULT_PORTS, text);
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!/\p{Cc}/u.test(decoded)) return decoded;
  } catch {
    // falls through to the same complaint
  }
  throw invalidProxy("its user name or password is not percent-encoded properly");
}

function invalidProxy(what: string): Tofu3Error {
  return new Tofu3Error("E_CONFIG", `the proxy cannot be used: ${what}`, {
    hint: "for example socks5h://127.0.0.1:9050 or http://proxy.corp:3128",
  });
}

/** The proxy as it may be shown to anybody: without credentials. */
export function nameOfProxy(proxy: Proxy): string {
  return `${proxy.scheme}://${authority(proxy.host, proxy.port)}`;
}

/** The value of `Proxy-Authorization`; null when the proxy wants none. RFC 7617 */
export function basicAuthorization(proxy: Proxy): Secret | null {
  if (proxy.credentials === null) return null;
  const { username, password } = proxy.credentials;
  return password.derive((value) => `Basic ${Buffer.from(`${username}:${value}`, "utf8").toString("base64")}`);
}

/** `host:port`, IPv6 in brackets. */
export function authority(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** E_PROXY with the name of the proxy in front. */
export function proxyFault(proxy: Proxy, what: string, hint: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_PROXY", `the proxy ${nameOfProxy(proxy)} ${what}`, { stage: "connect", hint, cause });
}

/** Asks an HTTP proxy for a tunnel on a fresh connection to it. RFC 9110 §9.3.6 */
export function openTunnel(socket: Socket, proxy: Proxy, host: string, port: number, userAgent: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const authorization = basicAuthorization(proxy);
    const target = authority(host, port);
    const ask = request({
      method: "CONNECT",
      path: target,
      headers: {
        host: target,
        "user-agent": userAgent,
        ...(authorization === null ? {} : { "proxy-authorization": authorization.reveal() }),
      },
      createConnection: () => socket,
    });
    ask.once("error", (cause) =>
      reject(proxyFault(proxy, `gave no answer that makes sense (${cause.message})`, "is this an HTTP proxy?", cause)),
    );
    ask.once("connect", (answer, _socket, head) => {
      const status = Number(answer.statusCode);
      if (status === 407)
        reject(proxyFault(proxy, "asks for other credentials (407)", "put USER:PASSWORD@ into the URL of the proxy"));
      else if (status < 200 || status > 299)
        reject(proxyFault(proxy, `refuses to connect to ${target} (${status})`, "ask whoever runs the proxy"));
      else if (head.length > 0) reject(proxyFault(proxy, "sent more than its answer", "is this an HTTP proxy?"));
      else resolve();
    });
    ask.end();
  });
}
