import { resolve } from "node:path";
import { Tofu3Error, visible } from "../errors.ts";
import { registryName } from "./registryname.ts";
import { isLiteral, type ListenAddress, type ServeConfig } from "./serve.ts";
import { listenAddress } from "./serveschema.ts";

/** Flags of `serve`, as they were written; null or empty where one was not given. */
export interface ServeFlags {
  readonly listen: readonly string[];
  readonly admin: string | null;
  readonly store: string | null;
  readonly upstreams: readonly string[];
}

/**
 * The configuration with the flags in place of what they stand for. An upstream that the configuration has keeps its
 * `private`. Throws E_USAGE.
 */
export function withFlags(serve: ServeConfig, flags: ServeFlags, cwd: string): ServeConfig {
  const { listen, admin, store, upstreams } = flags;
  return {
    ...serve,
    ...(listen.length === 0 ? {} : { listen: listen.map((text) => addressOf(text, "--listen")) }),
    ...(admin === null ? {} : { admin: adminOf(admin) }),
    ...(store === null ? {} : { store: resolve(cwd, store) }),
    ...(upstreams.length === 0 ? {} : { upstreams: new Map(upstreams.map((text) => upstreamOf(text, serve))) }),
  };
}

function addressOf(text: string, flag: string): ListenAddress {
  const address = listenAddress(text);
  if (address !== null) return address;
  throw new Tofu3Error("E_USAGE", `${flag} needs IP:PORT, not "${visible(text, 100)}"`, {
    hint: `${flag} 127.0.0.1:5005, ${flag} [::1]:5005`,
  });
}

function adminOf(text: string): ListenAddress {
  const address = addressOf(text, "--admin");
  if (address.upstream === null) return address;
  throw new Tofu3Error("E_USAGE", "--admin has no upstream", { hint: "--admin 127.0.0.1:5007" });
}

function upstreamOf(text: string, { upstreams }: ServeConfig): readonly [string, { readonly isPrivate: boolean }] {
  const name = registryName(text);
  if (name === null)
    throw new Tofu3Error("E_USAGE", `--upstream needs a registry, not "${visible(text, 100)}"`, {
      hint: "--upstream docker.io, --upstream registry.lab:5000",
    });
  return [name, upstreams.get(name) ?? { isPrivate: isLiteral(name) }];
}
