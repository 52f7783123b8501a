import { parseReference } from "../../oci/reference.ts";
import type { Transport } from "../../http/transport.ts";
import { registryOf, trustOf } from "./registry.ts";
import type { Vantage } from "../vantage.ts";

const MOST_BYTES = 1024 * 1024;

/**
 * Asks a registry, `host` or `host:port`, for `/v2/`, distribution-spec "determining support", without credentials, and answers the status: 401 is
 * as good as 200 here. Rejects with what the transport met.
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
