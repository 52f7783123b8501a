import { isIPv6 } from "node:net";
import { HUB, isDockerHub, registryHost } from "../oci/reference.ts";

const SHAPE = /^(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?)(?::([0-9]{1,5}))?$/;

/**
 * `host[:port]` in lower case, every name of Docker Hub as `docker.io`, every spelling of an address or a port as one
 * (`127.1:05000` is `127.0.0.1:5000`); null if it is not a registry. Never a prefix, never with a path.
 */
export function registryName(text: string): string | null {
  const name = text.toLowerCase();
  const match = SHAPE.exec(name);
  if (match === null) return null;
  const [, host = "", port] = match;
  if (host.startsWith("[") && !isIPv6(host.slice(1, -1))) return null;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) return null;
  const bare = port === "443" ? host : name;
  return isDockerHub(bare) ? HUB : spelledAsAsked(name);
}

function spelledAsAsked(registry: string): string | null {
  try {
    return registryHost({ registry, repository: "" });
  } catch {
    return null;
  }
}
