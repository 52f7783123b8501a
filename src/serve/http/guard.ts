import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ServeConfig } from "../../config/serve.ts";
import { mayAsk, UNAUTHORIZED } from "./auth.ts";
import { strangerOf } from "./hosts.ts";
import { problem, type Problem } from "./route.ts";

/** Why nothing that this request asks is looked at: by which name it came, from which page; null if that is fine. */
export function objectionTo(request: IncomingMessage, { hosts }: Pick<ServeConfig, "hosts">): Problem | null {
  const { headers, headersDistinct, socket, httpVersionMajor } = request;
  if (httpVersionMajor !== 1) return problem(400, "UNSUPPORTED", "only HTTP/1.0 and HTTP/1.1 are spoken here");
  if ((headersDistinct["host"]?.length ?? 0) > 1) return problem(400, "UNSUPPORTED", "there are two Host fields");
  return strangerOf(
    {
      host: headers.host,
      origin: headers.origin,
      site: headers["sec-fetch-site"],
      localAddress: socket.localAddress ?? "",
      localPort: socket.localPort ?? 0,
      isTls: socket instanceof TLSSocket,
    },
    hosts,
  );
}

/** What is left of a request's body is nobody's next request: its connection is not used again. */
export function closeAfterBody({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined)
    response.shouldKeepAlive = false;
}

/** 401 for those whom `serve.auth` does not name; null for those whom it does. */
export function unauthorized(
  { headers, socket }: IncomingMessage,
  { auth }: Pick<ServeConfig, "auth">,
): Problem | null {
  return mayAsk({ authorization: headers.authorization, isCertified: isCertified(socket) }, auth) ? null : UNAUTHORIZED;
}

/** For a session of TLS 1.3 that is resumed, Node says `authorized` even if no certificate was ever shown. */
function isCertified(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.authorized && socket.getPeerX509Certificate() !== undefined;
}
