import { parseReference } from "../../oci/reference.ts";
import type { Transport } from "../../http/transport.ts";
import { orTlsInstead, tlsAtRoot } from "./instead.ts";
import { registryOf, trustOf } from "./registry.ts";
import type { Vantage } from "../vantage.ts";

const MOST_BYTES = 1024 * 1024;

/**
 * Requests `/v2/` of a registry, `host` or `host:port`, without credentials (distribution-spec 1.1, "Determining
 * Support"). Returns the status: 401 is as good as 200 here. Rejects with the transport's fault, and with E_TLS if it speaks
 * TLS and the settings say `plainHttp`.
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
  const asked = { registry, transport };
  const { status } = await transport.read(query, signal).catch(async (thrown: unknown) => {
    throw await orTlsInstead(asked, thrown, signal);
  });
  const instead = status === 400 ? await tlsAtRoot(asked, signal) : null;
  if (instead !== null) throw instead;
  return status;
}
