import { isIP } from "node:net";
import { z } from "zod";
import type { Defaults } from "./defaults.ts";
import { mapping, path, wholeNumber, yesOrNo } from "./fields.ts";
import { registryName } from "./registryname.ts";

/** `HOST:PORT[=UPSTREAM]`, parsed. */
export interface ListenAddress {
  /** An IP address without brackets, or `localhost`. */
  readonly host: string;
  /** 0: the system chooses one. */
  readonly port: number;
  /** The upstream of requests that name none; null: they have to. */
  readonly upstream: string | null;
}

/** Null unless it is an IP address (IPv6 in brackets) or `localhost`, a port and, if any, a registry. */
export function listenAddress(text: string): ListenAddress | null {
  const [, host = "", port = "", upstream] = /^(\[[0-9a-f:.]+\]|[0-9a-z.]+):([0-9]{1,5})(?:=(.+))?$/i.exec(text) ?? [];
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  const isAddress = bare === "localhost" || (host.startsWith("[") ? isIP(bare) === 6 : isIP(bare) === 4);
  const name = upstream === undefined ? null : registryName(upstream);
  if (!isAddress || port === "" || Number(port) > 65_535 || (upstream !== undefined && name === null)) return null;
  return { host: bare, port: Number(port), upstream: name };
}

const ADDRESS = "must be IP:PORT, such as 127.0.0.1:5005 or [::1]:5005";

function address(description: string, mayName: boolean): z.ZodString {
  const error = mayName ? `${ADDRESS}, and =REGISTRY where it has a default upstream: 127.0.0.1:5006=ghcr.io` : ADDRESS;
  const isGood = (text: string): boolean => {
    const parsed = listenAddress(text);
    return parsed !== null && (mayName || parsed.upstream === null);
  };
  return z.string({ error }).refine(isGood, { error }).meta({ description });
}

const registry = z
  .string({ error: "must be a registry as host or host:port" })
  .refine((text) => registryName(text) !== null, { error: "must be a registry as host or host:port, without scheme" });

export const upstreamShape = {
  name: registry.meta({ description: "host or host:port" }),
  private: yesOrNo("Whether its name may lead to a private address.").default(false),
};

const upstream = z.union([registry, z.strictObject(upstreamShape)], {
  error: "must be a registry as host or host:port, or { name: registry.lab:5000, private: true }",
});

export const tokenShape = {
  name: z
    .string({ error: "must be a name" })
    .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: "must be 1 to 64 letters, digits, dots, dashes or underscores" })
    .meta({ description: "The user name of Basic authentication." }),
  sha256: z
    .string({ error: "must be 64 hexadecimal digits" })
    .regex(/^[0-9a-f]{64}$/, { error: "must be the sha256 of the token: printf %s TOKEN | sha256sum" })
    .meta({ description: "sha256 of the token, which is random: openssl rand -hex 32." }),
};

const keysOf = (shape: object): { readonly error: string } => mapping(Object.keys(shape).join(", "));

type ServeDefaults = Defaults["serve"];

/** Keys of `serve`. */
export function serveShape(defaults: ServeDefaults) {
  const limits = limitsShape(defaults.limits);
  return {
    ...accessShape(defaults),
    ...storeShape(defaults),
    limits: z
      .strictObject(limits, keysOf(limits))
      .default(defaults.limits)
      .meta({ description: "Of the gate itself." }),
  };
}

function accessShape({ listen, upstreams, hosts, upstreamCredentials }: ServeDefaults) {
  const host = { error: "must be a name in lower case, or name:port" };
  const tls = { certificate: path("PEM of the certificate, with its chain."), key: path("PEM of its private key.") };
  const auth = {
    tokens: z
      .array(z.strictObject(tokenShape, keysOf(tokenShape)), { error: "must be a list of { name, sha256 }" })
      .default([])
      .meta({ description: "Who may ask, by Basic authentication." }),
    clientCa: path("PEM of the authorities whose client certificates may ask; needs tls.").optional(),
  };
  return {
    listen: z
      .array(address("IP:PORT, or IP:PORT=UPSTREAM.", true), { error: `must be a list: ["127.0.0.1:5005"]` })
      .min(1, { error: "must name one address or more" })
      .default(listen)
      .meta({ description: "Where clients ask. Anything but loopback needs tls and auth." }),
    admin: address("Health, metrics and verdicts; nobody listens unless it is set.", false).optional(),
    upstreams: z
      .array(upstream, { error: "must be a list of registries: [docker.io, ghcr.io]" })
      .default(upstreams)
      .meta({ description: "The registries that are asked for clients; no others are." }),
    hosts: z
      .array(z.string(host).regex(/^[a-z0-9[\]:._-]{1,255}$/, host), { error: "must be a list of names" })
      .default(hosts)
      .meta({ description: "More names under which clients reach it (Host), besides the listen addresses." }),
    tls: z.strictObject(tls, keysOf(tls)).optional().meta({ description: "Speak https." }),
    auth: z
      .strictObject(auth, keysOf(auth))
      .optional()
      .meta({ description: "Who may ask; everybody unless it is set." }),
    upstreamCredentials: yesOrNo(
      "Ask upstreams with this user's registry credentials, for every client; needs auth.",
    ).default(upstreamCredentials),
  };
}

function storeShape(defaults: ServeDefaults) {
  type Key = "answerWithin" | "tagTtl" | "staleFor" | "maxBytes" | "minFreeBytes";
  const number = (minimum: number, maximum: number, key: Key, description: string) =>
    wholeNumber(minimum, maximum, description).default(defaults[key]);
  return {
    store: path("Folder of the store; $XDG_STATE_HOME/tofu3/store otherwise.").optional(),
    answerWithin: number(
      1,
      600,
      "answerWithin",
      "Seconds that a client waits for a verdict before it is told to come back.",
    ),
    tagTtl: number(0, 604_800, "tagTtl", "Seconds for which an agreed tag is not asked again."),
    staleFor: number(
      0,
      31_536_000,
      "staleFor",
      "Seconds for which an agreed tag is served while vantages do not answer.",
    ),
    gate: z
      .enum(["objects", "everything"], { error: "must be objects or everything" })
      .default(defaults.gate)
      .meta({ description: "Whether a manifest waits for the verdict on all of its blobs, or for answerWithin." }),
    maxBytes: number(0, 2 ** 50, "maxBytes", "Bytes that the store may keep; the least used go first."),
    minFreeBytes: number(0, 2 ** 50, "minFreeBytes", "Bytes that stay free on its file system."),
  };
}

function limitsShape(defaults: ServeDefaults["limits"]) {
  const limit = (minimum: number, maximum: number, key: keyof ServeDefaults["limits"], description: string) =>
    wholeNumber(minimum, maximum, description).default(defaults[key]);
  return {
    flights: limit(1, 64, "flights", "Objects that the vantages are asked for at a time."),
    queue: limit(0, 10_000, "queue", "Objects that wait for their turn."),
    waiting: limit(1, 100_000, "waiting", "Requests that wait for a verdict."),
    connections: limit(1, 100_000, "connections", "Open connections."),
    headerSeconds: limit(1, 300, "headerSeconds", "Seconds for a request to arrive."),
    idleSeconds: limit(1, 3600, "idleSeconds", "Seconds without a byte taken by a client."),
    drainSeconds: limit(0, 3600, "drainSeconds", "Seconds for answers under way after SIGTERM."),
  };
}
