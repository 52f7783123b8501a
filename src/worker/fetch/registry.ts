import { registryHost, registryKey, requestRepository } from "../../oci/reference.ts";
import type { Repository } from "../../oci/reference.ts";
import type { Job } from "../../model/job.ts";
import { isFile } from "../../model/subject.ts";
import type { RegistrySettings } from "../../model/credentials.ts";
import type { Trust } from "../../model/trust.ts";
import { isLoopbackHost, isPublicAddress, refusePrivateHost } from "../../http/address.ts";
import type { Vantage } from "../vantage.ts";

/** The registry of one repository, or the server of one file, as one vantage reaches it. */
export interface Registry {
  /** `docker.io`, `localhost:5000`: the key to its settings and credentials. */
  readonly name: string;
  /** Empty for a file. */
  readonly repository: string;
  /** A file is fetched without credentials. */
  readonly isAnonymous: boolean;
  /** Its base URL: `https://registry-1.docker.io`. */
  readonly base: URL;
  readonly loopback: boolean;
  /** Neither it nor anything that it names may be anywhere else than on public addresses. */
  readonly publicOnly: boolean;
  readonly settings: (hostPort: string) => RegistrySettings;
  /** Addresses that answered for it; empty behind a proxy. */
  readonly addresses: Set<string>;
}

/**
 * https, except: http if the settings say `plainHttp`, and for a loopback name with neither a CA of its own nor port
 * 443 (docker, skopeo and crane expect http from a registry on localhost). The scheme is decided here, and no other is
 * ever tried. With `publicOnly`, throws E_ADDRESS for a name that is visibly not on the public internet.
 */
export function registryOf(repository: Repository, vantage: Pick<Vantage, "registries">, publicOnly = false): Registry {
  const hostPort = registryHost(repository);
  const name = registryKey(repository);
  const settings = vantage.registries(name);
  const secure = new URL(`https://${hostPort}/`);
  const loopback = isLoopbackHost(secure.hostname);
  if (publicOnly) refusePrivateHost(secure.hostname.replace(/^\[(.*)\]$/, "$1"));
  const plain = settings.plainHttp || (loopback && settings.trust === null && !hostPort.endsWith(":443"));
  return {
    name,
    repository: requestRepository(repository),
    isAnonymous: false,
    base: plain ? new URL(`http://${hostPort}/`) : secure,
    loopback,
    publicOnly,
    settings: vantage.registries,
    addresses: new Set(),
  };
}

/** What a job asks first. Throws as `registryOf` does. */
export function originOf(
  { subject, url, publicOnly = false }: Pick<Job, "subject" | "url" | "publicOnly">,
  vantage: Pick<Vantage, "registries">,
): Registry {
  return isFile(subject)
    ? serverOf(new URL(url ?? subject.url), vantage, publicOnly)
    : registryOf(subject, vantage, publicOnly);
}

/** Always https. Throws E_ADDRESS as `registryOf` does. */
export function serverOf(url: URL, { registries }: Pick<Vantage, "registries">, publicOnly = false): Registry {
  if (publicOnly) refusePrivateHost(url.hostname.replace(/^\[(.*)\]$/, "$1"));
  return {
    name: url.host,
    repository: "",
    isAnonymous: true,
    base: new URL(url.origin),
    loopback: isLoopbackHost(url.hostname),
    publicOnly,
    settings: registries,
    addresses: new Set(),
  };
}

export function apiUrl(registry: Registry, path: string): URL {
  return new URL(`/v2/${registry.repository}/${path}`, registry.base);
}

/** Same scheme, host and port: where this registry's credentials and headers may go. */
export function isOrigin(registry: Registry, url: URL): boolean {
  return url.origin === registry.base.origin;
}

/**
 * `true`: the URL must resolve to a public address. `false`: the registry itself is there (its name on any port, its
 * address, or both are loopback); never for a registry that must be on a public address itself. `null`: a non-public address that is not the registry's, which must not be requested.
 */
export function needsPublicAddress(registry: Registry, url: URL): boolean | null {
  const address = literalOf(url.hostname);
  if (!registry.publicOnly) {
    if (url.hostname === registry.base.hostname) return false;
    if (registry.loopback && isLoopbackHost(url.hostname)) return false;
    if (address !== null && registry.addresses.has(address)) return false;
  }
  if (isLoopbackHost(url.hostname)) return null;
  return address === null || isPublicAddress(address) ? true : null;
}

/**
 * The host's own settings come first. The registry's CA also counts for other ports of its host; its client certificate
 * only for the registry itself.
 */
export function trustOf(registry: Registry, url: URL): Trust | null {
  const own = registry.settings(registry.name).trust;
  if (isOrigin(registry, url)) return own;
  const configured = registry.settings(url.host).trust;
  if (configured !== null || own === null || url.hostname !== registry.base.hostname) return configured;
  return { ca: own.ca, clientCertificate: null };
}

/**
 * The IP address in the host of a parsed URL; null for a name. URL parsing has already turned every numeric form into
 * dotted decimal (WHATWG URL §3.5).
 */
function literalOf(hostname: string): string | null {
  if (hostname.startsWith("[")) return hostname.slice(1, -1);
  return /^[0-9.]+$/.test(hostname) ? hostname : null;
}
