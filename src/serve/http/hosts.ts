import { isIPv6 } from "node:net";
import { isLoopbackHost } from "../../http/address.ts";
import { problem, type Problem } from "./route.ts";

/** What of a request says by which name, and from which page, it came. */
export interface Origin {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** https://www.w3.org/TR/fetch-metadata/ */
  readonly site: string | undefined;
  /** Where the connection came in. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly isTls: boolean;
}

/**
 * Null for a request that reached the gate under a name of its own. A page in somebody's browser can make its own name
 * lead here (DNS rebinding), so the name must be an address that is listened on, localhost on that port, or one of
 * `hosts`; and no page of another site may ask at all. Clients that send no Host, which HTTP/1.0 allows, are no
 * browsers.
 */
export function strangerOf(request: Origin, hosts: readonly string[]): Problem | null {
  const { host, origin, site } = request;
  if (host !== undefined && !isKnown(host.toLowerCase(), request, hosts))
    return problem(403, "DENIED", "this gate is not known by the name in Host: add it to serve.hosts");
  if (site !== undefined && site !== "same-origin" && site !== "none")
    return problem(403, "DENIED", "a page of another site asks: Sec-Fetch-Site");
  const own = `${request.isTls ? "https" : "http"}://${host?.toLowerCase() ?? ""}`;
  if (origin !== undefined && (host === undefined || origin.toLowerCase() !== own))
    return problem(403, "DENIED", "a page of another site asks: Origin");
  return null;
}

function isKnown(host: string, { localAddress, localPort, isTls }: Origin, hosts: readonly string[]): boolean {
  const bare = host.replace(/:[0-9]{1,5}$/, "");
  if (hosts.includes(host) || hosts.includes(bare)) return true;
  const port = host === bare ? (isTls ? 443 : 80) : Number(host.slice(bare.length + 1));
  const address = localAddress.replace(/^::ffff:(?=[0-9.]+$)/, "");
  const names = [
    isIPv6(address) ? `[${address}]` : address,
    ...(isLoopbackHost(address) ? ["localhost", "127.0.0.1", "[::1]"] : []),
  ];
  return port === localPort && names.includes(bare);
}
