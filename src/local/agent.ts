import { TLSSocket } from "node:tls";
import type { Agent as Agents, Client as Clients, Dispatcher } from "undici";
import { certificateFrom } from "../http/certificate.ts";
import type { Answer } from "../http/transport.ts";
import { tolerateContinue, type Interim } from "./continue.ts";
import { createConnector, type Connector, type ConnectorOptions } from "./connect.ts";
import { Agent, Client, Pool } from "./undici.ts";

/** Keep-alive connections to any number of origins. */
export interface Lanes {
  dispatch(options: Agents.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  /** How this exchange is connected, once there is an answer. */
  wayOf(options: Agents.DispatchOptions): Way;
  /** Call when the exchange has its connection, before any of its answer is read. */
  begin(options: Agents.DispatchOptions): void;
  close(): Promise<void>;
}

/** The address is null behind a proxy. */
export type Way = Pick<Answer, "address" | "certificate" | "httpVersion">;

/** Where a lane's current connection leads. */
interface Lane {
  address: string | null;
  certificate: Answer["certificate"];
  interim: Interim | null;
}

/** `lanes`: the most connections per origin; further requests wait. HTTP/1.1 without pipelining. */
export function createLanes(options: ConnectorOptions, lanes: number): Lanes {
  const connector = createConnector(options);
  const taken = new WeakMap<Dispatcher.DispatchOptions, Lane>();
  // the exchange has its own timers, which know when this side is the one that is waiting
  const settings = { pipelining: 1, allowH2: false, maxHeaderSize: 16 * 1024, headersTimeout: 0, bodyTimeout: 0 };
  const agent = new Agent({
    factory: (origin) =>
      new Pool(origin, {
        ...settings,
        connections: lanes,
        factory: (url) => createLane(url, settings, connector, taken),
      }),
  });
  return {
    dispatch: (request, handler) => void agent.dispatch(request, handler),
    wayOf: (request) => {
      const { address = null, certificate = null, interim = null } = taken.get(request) ?? {};
      return { address: options.proxy === null ? address : null, certificate, httpVersion: interim?.version() ?? null };
    },
    begin: (request) => taken.get(request)?.interim?.expect(),
    close: async () => {
      connector.close();
      await agent.destroy();
    },
  };
}

function createLane(
  origin: URL,
  settings: Clients.Options,
  connector: Connector,
  taken: WeakMap<Dispatcher.DispatchOptions, Lane>,
): Dispatcher {
  const lane: Lane = { address: null, certificate: null, interim: null };
  const client = new Client(origin, {
    ...settings,
    connect: (target, callback) =>
      connector.connect(target, (...result) => {
        const [, socket] = result;
        lane.address = socket?.remoteAddress ?? null;
        lane.certificate = target.protocol === "https:" && socket instanceof TLSSocket ? certificateOn(socket) : null;
        lane.interim = socket === null ? null : tolerateContinue(socket);
        callback(...result);
      }),
  });
  const dispatch = client.dispatch.bind(client);
  client.dispatch = (request, handler) => {
    taken.set(request, lane);
    return dispatch(request, handler);
  };
  return client;
}

function certificateOn(socket: TLSSocket): Answer["certificate"] {
  const presented = socket.getPeerX509Certificate();
  return presented === undefined ? null : certificateFrom(presented.raw, socket.getProtocol());
}
