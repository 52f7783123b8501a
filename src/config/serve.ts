import { z } from "zod";
import { Tofu3Error } from "../errors.ts";
import { isLoopbackHost } from "../http/address.ts";
import type { GateSettings } from "../model/gate.ts";
import type { Path } from "./document.ts";
import type { NamedFile } from "./places.ts";
import { registryName } from "./registryname.ts";
import { readDefaults } from "./defaults.ts";
import { listenAddress, serveShape, type ListenAddress } from "./serveschema.ts";

export type { ListenAddress } from "./serveschema.ts";

/** One who may ask, by Basic authentication. */
export interface Token {
  readonly name: string;
  /** Of the token, hex. */
  readonly sha256: string;
}

/** The gate's part of the configuration. */
export interface ServeConfig extends GateSettings {
  readonly listen: readonly ListenAddress[];
  readonly admin: ListenAddress | null;
  /** By `registryName`, whether it may lead to a private address. */
  readonly upstreams: ReadonlyMap<string, { readonly isPrivate: boolean }>;
  /** Absolute; null for the usual place. */
  readonly store: string | null;
  readonly hosts: readonly string[];
  readonly tls: { readonly certificate: NamedFile; readonly key: NamedFile } | null;
  readonly auth: { readonly tokens: readonly Token[]; readonly clientCa: NamedFile | null } | null;
}

type Input = z.output<z.ZodObject<ReturnType<typeof serveShape>>>;

export function serveOf(
  input: Input,
  place: (path: string) => string,
  named: (path: Path, text: string) => NamedFile,
): ServeConfig {
  const { admin, store, tls, auth } = input;
  const upstreams = input.upstreams.map((each) => (typeof each === "string" ? { name: each, private: false } : each));
  return {
    ...input,
    listen: input.listen.map(addressOf),
    admin: admin === undefined ? null : addressOf(admin),
    upstreams: new Map(
      upstreams.map((each) => [
        registryName(each.name) ?? each.name,
        { isPrivate: each.private || isLiteral(each.name) },
      ]),
    ),
    store: store === undefined ? null : place(store),
    tls:
      tls === undefined
        ? null
        : {
            certificate: named(["serve", "tls", "certificate"], tls.certificate),
            key: named(["serve", "tls", "key"], tls.key),
          },
    auth:
      auth === undefined
        ? null
        : {
            tokens: auth.tokens,
            clientCa: auth.clientCa === undefined ? null : named(["serve", "auth", "clientCa"], auth.clientCa),
          },
  };
}

/** As if the configuration did not mention it. */
export function defaultServe(): ServeConfig {
  const input = z.strictObject(serveShape(readDefaults().serve)).parse({});
  const named = (path: Path, text: string): NamedFile => ({ path: text, at: path.join(".") });
  return serveOf(input, (path) => path, named);
}

function addressOf(text: string): ListenAddress {
  const parsed = listenAddress(text);
  if (parsed === null) throw new Tofu3Error("E_BUG", `an address that was checked cannot be read: ${text}`);
  return parsed;
}

/** Whoever lists an address, or localhost, means that machine. */
export function isLiteral(registry: string): boolean {
  const host = registry.replace(/:[0-9]+$/, "");
  return isLoopbackHost(host) || /^[0-9.]+$|^\[/.test(host);
}

/** Throws E_CONFIG for a gate that strangers could use, or that would hand out what is not theirs. */
export function checkExposure({ listen, admin, tls, auth, upstreamCredentials }: ServeConfig): void {
  const open = [...listen, ...(admin === null ? [] : [admin])].find(({ host }) => !isLoopbackHost(host));
  const hasAuth = auth !== null && (auth.tokens.length > 0 || auth.clientCa !== null);
  if (open !== undefined && (tls === null || !hasAuth))
    throw new Tofu3Error("E_CONFIG", `${open.host} is no loopback address: others could ask, and read, there`, {
      hint: "set serve.tls and serve.auth, or listen on 127.0.0.1",
    });
  if (upstreamCredentials && !hasAuth)
    throw new Tofu3Error("E_CONFIG", "serve.upstreamCredentials hands out private images to whoever asks", {
      hint: "set serve.auth, so that only those who are named may ask",
    });
  if (auth?.clientCa != null && tls === null)
    throw new Tofu3Error("E_CONFIG", "serve.auth.clientCa needs https", { hint: "set serve.tls" });
}
