import { lookup as resolveName } from "node:dns/promises";
import { setMaxListeners } from "node:events";
import { isIP, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { buildConnector } from "undici";
import { Tofu3Error, visible, type Stage } from "../errors.ts";
import { isPublicAddress, refusedHost, refusePrivateHost } from "../http/address.ts";
import { orAborted } from "../http/deadline.ts";
import { dialOne, secure, secureContextFor, type Address } from "./dial.ts";
import { dialFault, dialReason, nameFault, tlsFault } from "./faults.ts";
import { openSocks } from "./socks.ts";
import { openTunnel } from "./tunnel.ts";
import { authority, nameOfProxy, proxyFault, type Proxy } from "../http/proxy.ts";
import { toRaise } from "../http/raise.ts";
import type { Trust } from "../model/trust.ts";

export interface ConnectorOptions {
  /** For DNS, TCP, proxy and TLS handshake together. */
  readonly connectSeconds: number;
  readonly proxy: Proxy | null;
  readonly trust: Trust | null;
  readonly publicOnly: boolean;
  readonly userAgent: string;
  readonly lookup: (host: string) => Promise<readonly Address[]>;
  /** PEM of this machine's certificate authorities; null for those built into Node. */
  readonly authorities: () => string | null;
}

export interface Connector {
  readonly connect: buildConnector.connector;
  /** Aborts every connection attempt. */
  readonly close: () => void;
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** One connection attempt. */
interface Attempt extends ConnectorOptions {
  readonly signal: AbortSignal;
  readonly contextFor: (whom: "registry" | "proxy") => SecureContext;
  stage: Stage;
}

/** All addresses of a name, in the resolver's order. */
export async function lookupAll(host: string): Promise<readonly Address[]> {
  return resolveName(host, { all: true });
}

/**
 * Makes undici's connections: each one is checked, has a deadline, and fails with a Tofu3Error of the stage it reached.
 */
export function createConnector(options: ConnectorOptions): Connector {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const contexts = new Map<string, SecureContext>();
  const contextFor: Attempt["contextFor"] = (whom) => {
    const context =
      contexts.get(whom) ?? secureContextFor(whom === "registry" ? options.trust : null, options.authorities());
    contexts.set(whom, context);
    return context;
  };
  return {
    connect: (request, callback) => {
      const secure = request.protocol === "https:";
      const port = request.port === "" ? (secure ? 443 : 80) : Number(request.port);
      reachInTime({ host: request.hostname, port, secure }, options, contextFor, closing.signal).then(
        (socket) => callback(null, socket),
        (fault: unknown) => callback(fault instanceof Error ? fault : new Error(String(fault)), null),
      );
    },
    close: () => closing.abort(new Tofu3Error("E_STOPPED", "the session was closed", { stage: "connect" })),
  };
}

async function reachInTime(
  target: Target,
  options: ConnectorOptions,
  contextFor: Attempt["contextFor"],
  closing: AbortSignal,
): Promise<Socket> {
  closing.throwIfAborted();
  const giveUp = new AbortController();
  const attempt: Attempt = { ...options, signal: giveUp.signal, contextFor, stage: "dns" };
  const onClose = (): void => giveUp.abort(closing.reason);
  const timer = setTimeout(() => giveUp.abort(slowFault(target, attempt)), options.connectSeconds * 1000);
  closing.addEventListener("abort", onClose, { once: true });
  try {
    return await reach(target, attempt);
  } finally {
    clearTimeout(timer);
    closing.removeEventListener("abort", onClose);
  }
}

function slowFault(target: Target, attempt: Attempt): Tofu3Error {
  const way = attempt.proxy === null ? "" : ` through ${nameOfProxy(attempt.proxy)}`;
  const what = `no connection to ${visible(authority(target.host, target.port), 200)}${way} within ${attempt.connectSeconds} s (connectSeconds)`;
  return new Tofu3Error("E_TIMEOUT", what, {
    stage: attempt.stage,
    hint: `check the network, or ${toRaise("connectSeconds", attempt.connectSeconds)}`,
  });
}

async function reach(target: Target, attempt: Attempt): Promise<Socket> {
  if (attempt.publicOnly) refusePrivateHost(target.host);
  const socket =
    attempt.proxy === null ? await reachDirectly(target, attempt) : await reachThrough(attempt.proxy, target, attempt);
  if (!target.secure) return socket;
  attempt.stage = "tls";
  try {
    return await secure(socket, target.host, attempt.contextFor("registry"), attempt.signal);
  } catch (thrown) {
    socket.destroy();
    throw thrown instanceof Tofu3Error
      ? thrown
      : tlsFault(nameOf(target), thrown, (attempt.trust?.ca ?? null) !== null);
  }
}

/** As a key of `registries:` in the configuration. */
function nameOf({ host, port }: Target): string {
  const name = authority(host, port);
  return port === 443 ? name.slice(0, -":443".length) : name;
}

async function reachDirectly(target: Target, attempt: Attempt): Promise<Socket> {
  const addresses = await addressesOf(target.host, attempt);
  if (attempt.publicOnly) refusePrivateAddresses(target.host, addresses);
  attempt.stage = "connect";
  const socket = await dialOne(target.host, target.port, addresses, attempt.signal).catch((thrown: unknown) => {
    throw thrown instanceof Tofu3Error ? thrown : dialFault(authority(target.host, target.port), thrown);
  });
  if (attempt.publicOnly && !isPublicAddress(socket.remoteAddress ?? "")) {
    socket.destroy();
    throw refusedHost(target.host, "the connection went to an address that is not public", "connect");
  }
  return socket;
}

async function reachThrough(proxy: Proxy, target: Target, attempt: Attempt): Promise<Socket> {
  const resolved = proxy.scheme === "socks5" ? await addressesOf(target.host, attempt) : [];
  if (attempt.publicOnly) refusePrivateAddresses(target.host, resolved);
  attempt.stage = "connect";
  let socket: Socket | null = null;
  const stop = (): void => void socket?.destroy();
  attempt.signal.addEventListener("abort", stop, { once: true });
  try {
    socket = await dialOne(proxy.host, proxy.port, await addressesOf(proxy.host, attempt), attempt.signal);
    if (proxy.scheme === "https") socket = await secureProxy(socket, proxy, attempt);
    if (proxy.scheme.startsWith("socks5"))
      await openSocks(socket, proxy, resolved[0]?.address ?? target.host, target.port);
    else if (target.secure) await openTunnel(socket, proxy, target.host, target.port, attempt.userAgent);
    attempt.signal.throwIfAborted();
    return socket;
  } catch (thrown) {
    socket?.destroy();
    attempt.signal.throwIfAborted();
    if (thrown instanceof Tofu3Error && thrown.code === "E_PROXY") throw thrown;
    const why = thrown instanceof Tofu3Error ? thrown.message : dialReason(thrown);
    throw proxyFault(proxy, `cannot be used: ${why}`, "check that the proxy runs and that its URL is right", thrown);
  } finally {
    attempt.signal.removeEventListener("abort", stop);
  }
}

async function secureProxy(socket: Socket, proxy: Proxy, attempt: Attempt): Promise<Socket> {
  return secure(socket, proxy.host, attempt.contextFor("proxy"), attempt.signal).catch((thrown: unknown) => {
    throw thrown instanceof Tofu3Error ? thrown : tlsFault(proxy.host, thrown);
  });
}

/**
 * The addresses of a host; an IP address is its own. The connection goes to one of these, so a DNS change cannot bypass
 * the check.
 */
async function addressesOf(host: string, attempt: Attempt): Promise<readonly Address[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  const addresses = await orAborted(attempt.lookup(host), attempt.signal).catch((thrown: unknown) => {
    attempt.signal.throwIfAborted();
    throw nameFault(host, thrown);
  });
  if (addresses.length === 0) throw nameFault(host, Object.assign(new Error("no address"), { code: "ENODATA" }));
  return addresses;
}

function refusePrivateAddresses(host: string, addresses: readonly Address[]): void {
  const hidden = addresses.find(({ address }) => !isPublicAddress(address));
  if (hidden !== undefined)
    throw refusedHost(host, `it leads to ${visible(hidden.address, 80)}, which is not a public address`, "dns");
}
