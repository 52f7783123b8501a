import { withPort } from "../../http/address.ts";
import { Tofu3Error } from "../../errors.ts";
import type { ListenAddress, ServeConfig } from "../../config/serve.ts";

/** How clients reach the gate. */
export interface Doors {
  readonly scheme: "http" | "https";
  /** `host:port` that takes names with their upstream: `127.0.0.1:5005`. */
  readonly general: string;
  /** `host:port` whose default an upstream is, by that upstream. */
  readonly own: ReadonlyMap<string, string>;
  /** By `registryName`, sorted. */
  readonly upstreams: readonly string[];
  /** Clients have to prove who they are. */
  readonly hasAuth: boolean;
}

/**
 * From the configuration; `gate` (`--gate`) beats the addresses in it. Throws E_USAGE where it cannot be known under
 * which name a client reaches the gate.
 */
export function doorsOf(
  { listen, hosts, tls, auth, upstreams }: Pick<ServeConfig, "listen" | "hosts" | "tls" | "auth" | "upstreams">,
  gate: string | null,
): Doors {
  const general = listen.find(({ upstream }) => upstream === null) ?? listen[0];
  const own = listen.flatMap((address): [string, string][] => {
    const name = nameOf(address, hosts);
    return address.upstream === null || name === null ? [] : [[address.upstream, name]];
  });
  const name = gate === null ? (general === undefined ? null : nameOf(general, hosts)) : gateNamed(gate);
  if (name === null)
    throw new Tofu3Error("E_USAGE", "the configuration does not say under which name clients reach the gate", {
      hint: "add --gate HOST:PORT, or the name to serve.hosts",
    });
  return {
    scheme: tls === null ? "http" : "https",
    general: name,
    own: new Map(own),
    upstreams: [...upstreams.keys()].sort(),
    hasAuth: auth !== null && (auth.tokens.length > 0 || auth.clientCa !== null),
  };
}

function gateNamed(text: string): string {
  if (/^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?):[0-9]{1,5}$/i.test(text)) return text.toLowerCase();
  throw new Tofu3Error("E_USAGE", "--gate must be HOST:PORT", { hint: "--gate 127.0.0.1:5005" });
}

/** Null where the system chooses the port, or where it listens on all addresses and no name is known. */
function nameOf({ host, port }: ListenAddress, hosts: readonly string[]): string | null {
  if (port === 0) return null;
  const [known] = hosts;
  if (host !== "0.0.0.0" && host !== "::") return withPort(host, port);
  if (known === undefined) return null;
  return /:[0-9]+$/.test(known) ? known : `${known}:${port}`;
}

/** Where a name of this upstream begins, for clients that only know `HOST[:PORT]/NAME`: `127.0.0.1:5005/docker.io`. */
export function prefixOf({ general, own }: Doors, upstream: string): string {
  const door = own.get(upstream);
  if (door !== undefined) return door;
  if (!upstream.includes(":")) return `${general}/${upstream}`;
  throw new Tofu3Error(
    "E_USAGE",
    `no client can be told to find "${upstream}" below ${general}: a name has no second port`,
    {
      hint: `give it an address of its own, in serve.listen: "127.0.0.1:5006=${upstream}"`,
    },
  );
}
