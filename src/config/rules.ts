import { isIP } from "node:net";
import { Tofu3Error } from "../errors.ts";
import { isLoopbackHost } from "../http/address.ts";
import { registryName } from "./registryname.ts";
import { echoUrl } from "./schema.ts";
import type { Objection } from "./words.ts";

/** What the rules check; null stands for a worker that is invalid by itself. */
export interface WorkerFacts {
  readonly name: string;
  readonly via: "local" | "ssh";
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly hostKey?: string | undefined;
}

/** Where SSH will connect for one worker, after ~/.ssh/config has been applied. */
export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** The same private address behind two bastions is two machines. */
  readonly proxyJump?: string | null;
}

/** One spelling per host: lower case, no brackets, no final dot, addresses in their shortest form. */
function plainHost(host: string): string {
  const bare = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
  if (isIP(bare) !== 6 || bare.includes("%")) return bare;
  const short = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (mapped === null) return short;
  const [high, low] = [parseInt(mapped[1] ?? "", 16), parseInt(mapped[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function placeOf(endpoint: Omit<Endpoint, "name">): string {
  return JSON.stringify([plainHost(endpoint.host), endpoint.port, endpoint.proxyJump ?? null]);
}

/** Throws E_CONFIG if two workers would connect to the same host and port: one machine has one vote. */
export function checkDistinct(endpoints: readonly Endpoint[]): void {
  const seen = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    const place = placeOf(endpoint);
    const other = seen.get(place);
    if (other !== undefined) {
      const where = `${endpoint.host} port ${endpoint.port}`;
      throw new Tofu3Error(
        "E_CONFIG",
        `workers "${other.name}" and "${endpoint.name}" are the same machine: both lead to ${where}`,
        {
          hint: "give each worker a machine of its own; an alias in ~/.ssh/config may lead to the same host",
        },
      );
    }
    seen.set(place, endpoint);
  }
}

/** A worker, and the fingerprints of the host keys that its VM may prove, sorted. */
export interface PinnedWorker {
  readonly name: string;
  readonly keys: readonly string[];
}

/**
 * Throws E_CONFIG if two workers are pinned to the same host key, or to the same set of keys: one proved host key is
 * one worker.
 */
export function checkHostKeys(workers: readonly PinnedWorker[]): void {
  const seen = new Map<string, string>();
  for (const { name, keys } of workers) {
    if (keys.length === 0) continue;
    const other = seen.get(keys.join(" "));
    if (other !== undefined) {
      throw new Tofu3Error(
        "E_CONFIG",
        `workers "${other}" and "${name}" are the same machine: both have the host key ${keys.join(" or ")}`,
        {
          hint: "give each worker a machine of its own; for one that was copied, make new host keys: rm /etc/ssh/ssh_host_*; ssh-keygen -A",
        },
      );
    }
    seen.set(keys.join(" "), name);
  }
}

/** Unique names, at most one local worker, one worker per machine. Reports the later of two. */
export function workerObjections(workers: readonly (WorkerFacts | null)[]): readonly Objection[] {
  const objections: Objection[] = [];
  const seen = new Map<string, string>();
  const once = (
    kind: string,
    value: string,
    name: string,
    path: Objection["path"],
    words: (other: string) => string,
  ): void => {
    const key = `${kind} ${value}`;
    const other = seen.get(key);
    if (other === undefined) seen.set(key, name);
    else objections.push({ path, at: "value", message: words(other) });
  };
  workers.forEach((worker, index) => {
    if (worker === null) return;
    const at = (key: string): Objection["path"] => ["workers", index, key];
    const { name, via, host, port, hostKey } = worker;
    once(
      "name",
      name.toLowerCase(),
      `workers[${index}]`,
      at("name"),
      (other) => `"${name}" is already the name of ${other}; each name once`,
    );
    if (via === "local")
      once(
        "local",
        "",
        name,
        at("via"),
        (other) => `"${other}" is already the local worker; there can be one, the others need via: ssh`,
      );
    const same = (other: string): string =>
      `the same machine as worker "${other}"; each worker needs a machine of its own`;
    if (host !== undefined)
      once(
        "place",
        placeOf({ host, port: port ?? 22 }),
        name,
        at("host"),
        (other) => `same host and port: ${same(other)}`,
      );
    if (hostKey !== undefined) once("key", hostKey, name, at("hostKey"), (other) => `same host key: ${same(other)}`);
  });
  return objections;
}

type Loose = Readonly<Record<string, unknown>>;

function mappingAt(value: unknown, key: string): Loose {
  const found = typeof value === "object" && value !== null ? (value as Loose)[key] : null;
  return typeof found === "object" && found !== null ? (found as Loose) : {};
}

/** Whether the settings of this host say `plainHttp`. */
function isPlain(host: string, registries: Loose): boolean {
  return Object.keys(registries).some(
    (key) => registryName(key) === registryName(host) && mappingAt(registries, key)["plainHttp"] === true,
  );
}

/**
 * Where workers leave for the world: each echo service once, http only where the host allows it, and no country or
 * network without the table that tells it, since nothing could ever meet that.
 */
export function exitObjections(value: unknown): readonly Objection[] {
  const [policy, registries] = [mappingAt(value, "policy"), mappingAt(value, "registries")];
  const [echo, distinct] = [policy["echo"], policy["distinct"]].map((each): unknown[] =>
    Array.isArray(each) ? each : [],
  );
  const seen = new Set<string>();
  const ofEcho = (echo ?? []).flatMap((text: unknown, index): Objection[] => {
    const url = typeof text === "string" ? echoUrl(text) : null;
    if (url === null) return [];
    const object = (message: string): Objection => ({ path: ["policy", "echo", index], at: "value", message });
    const twice = seen.has(url.href);
    seen.add(url.href);
    if (twice) return [object("the same service as another one; each service once")];
    if (url.protocol === "https:" || isLoopbackHost(url.hostname) || isPlain(url.host, registries)) return [];
    return [object("must be https; http is for loopback names, and for hosts with plainHttp: true under registries")];
  });
  const ofTables = (distinct ?? []).flatMap((key: unknown, index): Objection[] => {
    if ((key !== "country" && key !== "asn") || mappingAt(policy, "geo")[key] !== undefined) return [];
    const message = `needs the table that tells it, or nothing could ever meet it; add "geo: { ${key}: FILE.mmdb }" to the policy`;
    return [{ path: ["policy", "distinct", index], at: "value", message }];
  });
  return [...ofEcho, ...ofTables];
}
