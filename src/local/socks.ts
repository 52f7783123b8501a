import { isIP, isIPv4, type Socket } from "node:net";
import type { Secret } from "../secret.ts";
import { bytesOfV6 } from "../http/address.ts";
import { authority, proxyFault, type Proxy } from "../http/proxy.ts";

const REPLIES: Readonly<Record<number, string>> = {
  1: "general failure",
  2: "not allowed by its rules",
  3: "network unreachable",
  4: "host unreachable",
  5: "connection refused",
  6: "time to live expired",
  7: "command not supported",
  8: "address type not supported",
};

/** Asks a SOCKS5 proxy to connect to a name (which the proxy resolves) or an IP address. RFC 1928, RFC 1929 */
export async function openSocks(socket: Socket, proxy: Proxy, host: string, port: number): Promise<void> {
  const hint = "is this a SOCKS5 proxy?";
  socket.write(Buffer.from(proxy.credentials === null ? [5, 1, 0] : [5, 2, 0, 2]));
  const [version, method] = await take(socket, 2, proxy);
  if (version !== 5) throw proxyFault(proxy, "does not speak SOCKS5", hint);
  if (method === 2 && proxy.credentials !== null) await authenticate(socket, proxy, proxy.credentials);
  else if (method !== 0)
    throw proxyFault(proxy, "asks for credentials", "put USER:PASSWORD@ into the URL of the proxy");
  socket.write(
    Buffer.concat([Buffer.from([5, 1, 0]), socksAddress(proxy, host), Buffer.from([port >> 8, port & 255])]),
  );
  const [again, reply, , kind] = await take(socket, 4, proxy);
  if (again !== 5 || reply === undefined) throw proxyFault(proxy, "does not speak SOCKS5", hint);
  if (reply !== 0) {
    throw proxyFault(
      proxy,
      `could not connect to ${authority(host, port)}: ${REPLIES[reply] ?? `reply ${reply}`}`,
      "try again, or another exit",
    );
  }
  await take(socket, (await lengthOfBound(socket, kind, proxy)) + 2, proxy);
  if (socket.readableLength > 0) throw proxyFault(proxy, "sent more than its answer", hint);
}

/** Length of the address that the proxy says it connected from, which nobody needs. */
async function lengthOfBound(socket: Socket, kind: number | undefined, proxy: Proxy): Promise<number> {
  if (kind === 1) return 4;
  if (kind === 4) return 16;
  const [length] = kind === 3 ? await take(socket, 1, proxy) : [];
  if (length === undefined) throw proxyFault(proxy, "does not speak SOCKS5", "is this a SOCKS5 proxy?");
  return length;
}

async function authenticate(
  socket: Socket,
  proxy: Proxy,
  credentials: { readonly username: string; readonly password: Secret },
): Promise<void> {
  const fields = [credentials.username, credentials.password.reveal()].map((text) => Buffer.from(text, "utf8"));
  if (fields.some((field) => field.length === 0 || field.length > 255)) {
    throw proxyFault(
      proxy,
      "asks for credentials of 1 to 255 bytes each",
      "put USER:PASSWORD@ into the URL of the proxy",
    );
  }
  socket.write(Buffer.concat([Buffer.from([1]), ...fields.flatMap((field) => [Buffer.from([field.length]), field])]));
  const [, status] = await take(socket, 2, proxy);
  if (status !== 0)
    throw proxyFault(proxy, "does not accept the credentials", "check USER:PASSWORD@ in the URL of the proxy");
}

function socksAddress(proxy: Proxy, host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([1, ...host.split(".").map(Number)]);
  if (isIP(host) === 6) return Buffer.concat([Buffer.from([4]), bytesOfV6(host)]);
  const name = Buffer.from(host, "utf8");
  if (name.length > 255)
    throw proxyFault(proxy, "cannot be asked for a name of more than 255 bytes", "use a shorter name");
  return Buffer.concat([Buffer.from([3, name.length]), name]);
}

/**
 * Takes exactly `count` bytes and leaves the rest in the socket. Reads everything available each time: a `readable`
 * listener added while bytes are waiting fires at once, so waiting for more would become a busy loop.
 */
async function take(socket: Socket, count: number, proxy: Proxy): Promise<Buffer> {
  let have = Buffer.alloc(0);
  for (;;) {
    const bytes: unknown = socket.read();
    if (bytes instanceof Buffer) have = Buffer.concat([have, bytes]);
    if (have.length > count) socket.unshift(have.subarray(count));
    if (have.length >= count) return have.subarray(0, count);
    if (socket.readableEnded || socket.destroyed) {
      throw proxyFault(proxy, "closed the connection before it answered", "is this a SOCKS5 proxy?");
    }
    await readable(socket);
  }
}

function readable(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      socket.off("readable", wake).off("end", wake).off("close", wake);
      resolve();
    };
    socket.on("readable", wake).on("end", wake).on("close", wake);
  });
}
