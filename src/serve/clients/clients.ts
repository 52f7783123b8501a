import { Tofu3Error, visible } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import { brewEnv } from "./config/brew.ts";
import { dockerEgress } from "./config/egress.ts";
import { containerdHosts, dockerHosts } from "./config/hoststoml.ts";
import { k3sScript } from "./config/k3s.ts";
import { registriesConf } from "./config/registriesconf.ts";
import type { TextRequest } from "./config/request.ts";
import type { Doors } from "./doors.ts";

/** What makes each client fail closed. */
const TEXTS = {
  podman: registriesConf,
  buildah: registriesConf,
  skopeo: registriesConf,
  "cri-o": registriesConf,
  containerd: containerdHosts,
  nerdctl: containerdHosts,
  docker: dockerHosts,
  "docker-28": dockerEgress,
  k3s: k3sScript,
  brew: brewEnv,
} as const satisfies Readonly<Record<string, (request: TextRequest) => string>>;

export type ClientName = keyof typeof TEXTS;

export const CLIENT_NAMES = Object.keys(TEXTS) as readonly ClientName[];

/** Throws E_USAGE with what was meant. */
export function clientNamed<N extends string>(name: string, known: readonly N[]): N {
  const found = known.find((each) => each === name.toLowerCase());
  if (found !== undefined) return found;
  const meant = nearest(name, known);
  throw new Tofu3Error("E_USAGE", `there is no client ${JSON.stringify(visible(name, 60))} here`, {
    hint: `${meant === null ? "" : `did you mean ${meant}? `}one of: ${known.join(", ")}`,
  });
}

/**
 * The file, or the script, that makes `client` fail closed; it ends with a newline. `registry`, by `registryName`, null
 * for all upstreams. Throws E_USAGE where there is nothing to gate, or where the client cannot express it.
 */
export function configText(client: ClientName, doors: Doors, registry: string | null): string {
  const upstreams = registry === null ? doors.upstreams : [registry];
  if (registry !== null && doors.upstreams.length > 0 && !doors.upstreams.includes(registry))
    throw new Tofu3Error("E_USAGE", `the gate does not ask "${visible(registry, 100)}"`, {
      hint: `serve.upstreams has ${doors.upstreams.join(", ")}`,
    });
  if (upstreams.length === 0)
    throw new Tofu3Error("E_USAGE", "serve.upstreams is empty: the gate would ask nobody", {
      hint: "name them in the configuration: serve: { upstreams: [docker.io, ghcr.io] }; or one with --registry",
    });
  return TEXTS[client]({ client, doors, upstreams, registry });
}
