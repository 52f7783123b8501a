import { HUB } from "../../../oci/reference.ts";
import { prefixOf } from "../doors.ts";
import { byCommand, comment, type TextRequest } from "./request.ts";

/** Under these names, too, Docker Hub answers; to podman they are other registries. */
const HUB_ALIASES = ["registry-1.docker.io", "registry.hub.docker.com"];

/** A drop-in of registries.conf(5): every name of these registries becomes one at the gate, and nothing else is tried. */
export function registriesConf(request: TextRequest): string {
  const { doors, upstreams } = request;
  const login = doors.hasAuth ? [`The gate wants to know who asks: podman login ${doors.general}`] : [];
  const trust =
    doors.scheme === "https"
      ? [`Its authority, if it is your own: /etc/containers/certs.d/${doors.general}/ca.crt`]
      : [];
  const head = comment([
    "podman, buildah, skopeo and CRI-O ask the gate for these registries, and nobody else when it refuses.",
    `File: /etc/containers/registries.conf.d/50-tofu3.conf, or ~/.config/containers/registries.conf.d/50-tofu3.conf`,
    `Made by: ${byCommand(request)}`,
    ...login,
    ...trust,
    "What is not listed here is not gated. A longer prefix in another file, such as docker.io/library, beats this one.",
    "CRI-O reads it after: systemctl reload crio. Then: tofu3 serve check podman",
  ]);
  const names = upstreams.flatMap((upstream) =>
    (upstream === HUB ? [HUB, ...HUB_ALIASES] : [upstream]).map((name) => ({ name, upstream })),
  );
  const blocks = names.map(({ name, upstream }) =>
    [
      "[[registry]]",
      `prefix = "${name}"`,
      `location = "${prefixOf(doors, upstream)}"`,
      ...(doors.scheme === "http" ? ["insecure = true"] : []),
      "",
    ].join("\n"),
  );
  return [head, ...blocks].join("\n");
}
