import { parseReference } from "../../oci/reference.ts";
import type { Transport } from "../../http/transport.ts";
import { registryOf, trustOf } from "./registry.ts";
import type { Vantage } from "../vantage.ts";

const MOST_BYTES = 1024 * 1024;

/**
 * Requests `/v2/` of a registry, `host` or `host:port`, without credentials (distribution-spec 1.1, "Determining
 * Support"). Returns the status: 401 is as good as 200 here. Rejects with the transport's fault.
 */
export async function reachRegistry(
  registries: Vantage["registries"],
  transport: Transport,
  host: string,
  signal: AbortSignal,
): Promise<number> {
  const registry = registryOf(parseReference(`${host}/any`), { registries });
  const url = new URL("/v2/", registry.base);
  const query = { url: url.href, headers: [], maxBytes: MOST_BYTES, publicOnly: false, trust: trustOf(registry, url) };
  return (await transport.read(query, signal)).status;
}
