import { connect as dial, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as startTls, createSecureContext, type DetailedPeerCertificate, type SecureContext } from "node:tls";
import { Tofu3Error } from "../errors.ts";
import type { Trust } from "../model/trust.ts";

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** One TCP connection to the first address that answers. Rejects with Node's error or with the signal's reason. */
export async function dialOne(
  host: string,
  port: number,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<Socket> {
  const lookup: LookupFunction = (_host, how, callback) => {
    const [first] = addresses;
    if (how.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? "", first?.family ?? 0);
  };
  // Node's default of 250 ms per address would give up on a distant host
  const timing = {
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 2000,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  };
  const socket = dial({ host, port, lookup, noDelay: true, ...timing });
  await established(socket, "connect", signal);
  return socket;
}

/** A handshake that failed: `cause` is Node's error. */
export class HandshakeError extends Error {
  /** DER of the server's certificate; null if it came to none. */
  readonly presented: Uint8Array | null;

  constructor(cause: unknown, presented: Uint8Array | null) {
    super("the TLS handshake failed", { cause });
    this.presented = presented;
  }
}

/**
 * TLS over a connection, HTTP/1.1 only. Destroys the connection and rejects with a HandshakeError or the signal's
 * reason.
 */
export async function secure(
  socket: Socket,
  host: string,
  secureContext: SecureContext,
  signal: AbortSignal,
): Promise<Socket> {
  const servername = isIP(host) === 0 ? host.replace(/\.$/, "") : "";
  // explicit, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect
  const secured = startTls({
    socket,
    host,
    servername,
    secureContext,
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
  });
  let presented: Uint8Array | null = null;
  // Node forgets a certificate that it refuses, so this asks first; `getPeerX509Certificate` here would make Node's own
  // look at the names fail
  secured.prependOnceListener("secure", () => (presented = rawOf(secured.getPeerCertificate(true))));
  try {
    await established(secured, "secureConnect", signal);
    return secured;
  } catch (thrown) {
    socket.destroy();
    signal.throwIfAborted();
    throw new HandshakeError(thrown, presented);
  }
}

/** An empty object is how Node says that there is none. */
function rawOf({ raw }: Partial<DetailedPeerCertificate>): Uint8Array | null {
  return raw ?? null;
}

function established(socket: Socket, event: "connect" | "secureConnect", signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (fault: Error | null): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off(event, onEvent).off("close", onClose);
      if (fault === null) {
        resolve();
        return;
      }
      socket.destroy();
      reject(fault);
    };
    const onAbort = (): void => settle(signal.reason as Error);
    const onEvent = (): void => settle(null);
    const onClose = (): void => settle(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    // stays for the socket's lifetime: an `error` event without a listener would crash the program
    socket.on("error", settle);
    socket.once(event, onEvent).once("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

/**
 * `authorities`: PEM to use if `trust` names none; null for those built into Node. Throws E_TLS if the PEM cannot be
 * read.
 */
export function secureContextFor(trust: Trust | null, authorities: string | null): SecureContext {
  const ca = trust?.ca ?? authorities;
  const client = trust?.clientCertificate ?? null;
  try {
    return createSecureContext({
      minVersion: "TLSv1.2",
      ...(ca === null ? {} : { ca }),
      ...(client === null ? {} : { cert: client.certificate, key: client.key.reveal() }),
    });
  } catch (cause) {
    const hint = "they must be PEM, and the key must belong to the certificate";
    throw new Tofu3Error("E_TLS", "the authority or the client certificate of the registry cannot be read", {
      stage: "tls",
      hint,
      cause,
    });
  }
}
