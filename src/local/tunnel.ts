import { request } from "node:http";
import type { Socket } from "node:net";
import { authority, basicAuthorization, proxyFault, type Proxy } from "../http/proxy.ts";

/** Asks an HTTP proxy for a tunnel over a fresh connection. RFC 9110 §9.3.6 */
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
