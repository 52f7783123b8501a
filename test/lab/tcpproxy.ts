import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export type Way = "toClient" | "toServer";

/** What happens to one connection once `at` bytes have gone `way`; the bytes before are passed on. */
export interface LinkFault {
  /** Default `toClient`. */
  readonly way?: Way;
  readonly at: number;
  /**
   * `stall`: the connection stays open and nothing more passes, either way. `corrupt`: one byte is changed and all goes
   * on.
   */
  readonly then: "fin" | "rst" | "stall" | "corrupt" | { readonly delayMs: number };
}

export interface TcpProxy {
  readonly host: string;
  readonly port: number;
  /** Connections so far. */
  readonly connections: () => number;
  /** Connections that are open now. */
  readonly open: () => number;
  /** Bytes that were passed on so far, of all connections. */
  readonly passed: () => Readonly<Record<Way, number>>;
  /** For connections from now on; null: none. */
  readonly setFault: (fault: LinkFault | null) => void;
  /** From now on nothing passes on any connection, as when a cable is cut; new ones are taken and get no answer. */
  readonly blackhole: () => void;
  /** Ends every open connection now. */
  readonly cut: (how: "fin" | "rst") => void;
  readonly stop: () => Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

function end(pair: Pair, how: "fin" | "rst"): void {
  for (const socket of [pair.client, pair.server]) {
    if (how === "rst") socket.resetAndDestroy();
    else socket.destroySoon();
  }
}

function stall(pair: Pair): void {
  for (const socket of [pair.client, pair.server]) socket.pause().removeAllListeners("data").removeAllListeners("end");
}

/** Does the fault; `rest` are the bytes behind it that are there already. */
function strike(pair: Pair, then: LinkFault["then"], rest: Buffer, send: (bytes: Buffer) => void, from: Socket): void {
  if (then === "stall") stall(pair);
  else if (then === "fin" || then === "rst") end(pair, then);
  else if (then === "corrupt") {
    rest.writeUInt8(rest.readUInt8(0) ^ 0xff, 0);
    send(rest);
  } else {
    from.pause();
    setTimeout(() => {
      send(rest);
      from.resume();
    }, then.delayMs);
  }
}

/** Passes the bytes of one way on and meters them; `fault` is done once, at its byte. */
function pass(pair: Pair, way: Way, fault: LinkFault | null, passed: Record<Way, number>): void {
  const [from, to] = way === "toClient" ? [pair.server, pair.client] : [pair.client, pair.server];
  let waiting = fault !== null && (fault.way ?? "toClient") === way ? fault : null;
  let seen = 0;
  function send(bytes: Buffer): void {
    passed[way] += bytes.length;
    if (bytes.length === 0 || to.write(bytes)) return;
    from.pause();
    to.once("drain", () => from.resume());
  }
  from.on("data", (chunk: Buffer) => {
    const due = waiting !== null && seen + chunk.length > waiting.at ? waiting : null;
    const split = due === null ? chunk.length : due.at - seen;
    seen += chunk.length;
    send(chunk.subarray(0, split));
    if (due === null) return;
    waiting = null;
    strike(pair, due.then, Buffer.from(chunk.subarray(split)), send, from);
  });
  from.on("end", () => to.end());
  from.on("close", () => to.destroySoon());
  from.on("error", () => to.destroy());
}

/** A TCP proxy on loopback that can cut, stall, damage or delay a connection at an exact byte. */
export async function startTcpProxy(
  target: { host: string; port: number },
  options: { address?: string } = {},
): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  const unanswered = new Set<Socket>();
  const passed: Record<Way, number> = { toClient: 0, toServer: 0 };
  let count = 0;
  let fault: LinkFault | null = null;
  let dark = false;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    count++;
    if (dark) {
      unanswered.add(client.on("error", () => undefined));
      return;
    }
    const pair = {
      client,
      server: connect({ host: target.host, port: target.port, noDelay: true, allowHalfOpen: true }),
    };
    pairs.add(pair);
    client.once("close", () => pairs.delete(pair));
    pass(pair, "toServer", fault, passed);
    pass(pair, "toClient", fault, passed);
  });
  await new Promise<void>((resolve) => server.listen(0, options.address ?? "127.0.0.1", resolve));
  return {
    host: options.address ?? "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    open: () => pairs.size,
    passed: () => ({ ...passed }),
    setFault(next) {
      fault = next;
    },
    blackhole() {
      dark = true;
      pairs.forEach(stall);
    },
    cut(how) {
      for (const pair of pairs) end(pair, how);
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const pair of pairs) end(pair, "rst");
      for (const client of unanswered) client.destroy();
      await closed;
    },
  };
}
