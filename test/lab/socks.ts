import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** What a SOCKS5 proxy of the lab does with what it is asked. */
export interface SocksRules {
  /** Credentials it insists on; null: none. */
  readonly credentials?: { readonly username: string; readonly password: string } | null;
  /** Where names lead to. Whatever is not here is refused with "host unreachable". */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Reply to every request instead of a connection. RFC 1928 §6 */
  readonly reply?: number;
  /** Answers one byte at a time. */
  readonly dribbles?: boolean;
}

export interface SocksProxy {
  readonly port: number;
  /** `name HOST:PORT` or `address HOST:PORT`, as they were asked for. */
  readonly asked: string[];
  /** Connections it accepted. */
  readonly counts: { accepted: number; open: number };
  close(): Promise<void>;
}

/** A SOCKS5 proxy (RFC 1928, CONNECT only; RFC 1929) on loopback that does as it is told. */
export async function startSocksProxy(rules: SocksRules = {}): Promise<SocksProxy> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const counts = { accepted: 0, open: 0 };
  const server = createServer((socket) => {
    counts.accepted++;
    counts.open++;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      counts.open--;
      sockets.delete(socket);
    });
    converse(socket, rules, asked).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    counts,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function converse(socket: Socket, rules: SocksRules, asked: string[]): Promise<void> {
  const [, count = 0] = await take(socket, 2);
  const methods = await take(socket, count);
  const wanted = rules.credentials ? 2 : 0;
  if (!methods.includes(wanted)) return void socket.end(Buffer.from([5, 0xff]));
  await say(socket, rules, [5, wanted]);
  if (rules.credentials && !(await authenticated(socket, rules, rules.credentials))) return void socket.end();
  const [, , , kind = 0] = await take(socket, 4);
  const host = await hostOf(socket, kind);
  const port = (await take(socket, 2)).readUInt16BE();
  asked.push(`${kind === 3 ? "name" : "address"} ${host}:${port}`);
  const address = kind === 3 ? rules.hosts?.[host] : host;
  if (rules.reply !== undefined || address === undefined) {
    await say(socket, rules, [5, rules.reply ?? 4, 0, 1, 0, 0, 0, 0, 0, 0]);
    return;
  }
  await relay(socket, rules, address, port);
}

async function authenticated(
  socket: Socket,
  rules: SocksRules,
  expected: { username: string; password: string },
): Promise<boolean> {
  const [, nameLength = 0] = await take(socket, 2);
  const username = (await take(socket, nameLength)).toString();
  const [passwordLength = 0] = await take(socket, 1);
  const password = (await take(socket, passwordLength)).toString();
  const right = username === expected.username && password === expected.password;
  await say(socket, rules, [1, right ? 0 : 1]);
  return right;
}

async function hostOf(socket: Socket, kind: number): Promise<string> {
  if (kind === 1) return [...(await take(socket, 4))].join(".");
  if (kind === 3) return (await take(socket, (await take(socket, 1))[0] ?? 0)).toString();
  const bytes = await take(socket, 16);
  return new URL(
    `http://[${[0, 2, 4, 6, 8, 10, 12, 14].map((at) => bytes.readUInt16BE(at).toString(16)).join(":")}]/`,
  ).hostname.slice(1, -1);
}

async function relay(socket: Socket, rules: SocksRules, address: string, port: number): Promise<void> {
  const target = connect({ host: address, port });
  socket.once("close", () => target.destroy());
  target.once("close", () => socket.destroy());
  target.on("error", () => void say(socket, rules, [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]).then(() => socket.end()));
  await once(target, "connect");
  // the bound address is a name here, which a client has to be able to skip
  await say(socket, rules, [5, 0, 0, 3, 3, ...Buffer.from("lab"), 0, 0]);
  target.pipe(socket);
  socket.pipe(target);
}

async function say(socket: Socket, rules: SocksRules, bytes: readonly number[]): Promise<void> {
  for (const part of rules.dribbles ? bytes.map((byte) => [byte]) : [bytes]) {
    socket.write(Buffer.from(part));
    if (rules.dribbles) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function take(socket: Socket, count: number): Promise<Buffer> {
  let have = Buffer.alloc(0);
  for (;;) {
    const bytes: unknown = socket.read();
    if (bytes instanceof Buffer) have = Buffer.concat([have, bytes]);
    if (have.length > count) socket.unshift(have.subarray(count));
    if (have.length >= count) return have.subarray(0, count);
    if (socket.destroyed || socket.readableEnded) throw new Error("closed");
    await Promise.race([once(socket, "readable"), once(socket, "close")]);
  }
}
