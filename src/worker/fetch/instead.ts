import { Tofu3Error } from "../../errors.ts";
import { orAborted } from "../../http/deadline.ts";
import { tlsInstead } from "../../http/tlswords.ts";
import type { Session } from "./session.ts";

type Asked = Pick<Session, "registry" | "transport">;

const MOST_MS = 5000;
const MOST_BYTES = 64 * 1024;

/** How Go, nginx and Apache answer plain HTTP on a port for TLS. */
const SAYINGS =
  /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|plain HTTP to an SSL-enabled/;

/**
 * For a registry with `plainHttp` that gave no clean answer: E_TLS if it speaks TLS, which one handshake without
 * credentials shows; otherwise `thrown` unchanged.
 */
export async function orTlsInstead(session: Asked, thrown: unknown, signal: AbortSignal): Promise<unknown> {
  const { base } = session.registry;
  if (!(thrown instanceof Tofu3Error) || !isToldPlain(session)) return thrown;
  if (thrown.code === "E_STATUS" && SAYINGS.test(thrown.message)) return tlsInstead(base.host, thrown);
  if (thrown.stage !== "http" || (thrown.code !== "E_CUT" && thrown.code !== "E_FRAMING")) return thrown;
  return (await speaksTls(session, signal)) ? tlsInstead(base.host, thrown) : thrown;
}

/** The same for a bad request (400) at the root of the API, which no registry answers to a good one; null if it is plain. */
export async function tlsAtRoot(session: Asked, signal: AbortSignal): Promise<Tofu3Error | null> {
  const isTls = isToldPlain(session) && (await speaksTls(session, signal));
  return isTls ? tlsInstead(session.registry.base.host, undefined) : null;
}

function isToldPlain({ registry: { base, name, settings } }: Asked): boolean {
  return base.protocol === "http:" && settings(name).plainHttp;
}

async function speaksTls({ registry, transport }: Asked, signal: AbortSignal): Promise<boolean> {
  const url = new URL("/v2/", `https://${registry.base.host}/`).href;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)]);
  const query = { url, headers: [], maxBytes: MOST_BYTES, publicOnly: registry.publicOnly, trust: null };
  try {
    await orAborted(transport.read(query, limit), limit);
    return true;
  } catch (thrown) {
    signal.throwIfAborted();
    // whoever shows a certificate speaks TLS, whatever is wrong with it
    return thrown instanceof Tofu3Error && thrown.code === "E_TLS" && thrown.message.includes("certificate");
  }
}
