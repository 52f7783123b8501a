import { byCommand, comment, type TextRequest } from "./request.ts";

const CONTAINERD = "/etc/containerd/certs.d";
const DOCKER = "/etc/docker/certs.d";

/** hosts.toml of containerd; for every registry, unless it is for one. */
export function containerdHosts(request: TextRequest): string {
  return hostsToml(request, CONTAINERD, [
    `containerd reads it if its config.toml names the folder, as config_path = "${CONTAINERD}" in`,
    '[plugins."io.containerd.grpc.v1.cri".registry], from containerd 2 on [plugins."io.containerd.cri.v1.images".registry].',
    "nerdctl reads it by itself, ctr with --hosts-dir. Then: tofu3 serve check containerd",
  ]);
}

/** The same for Docker's containerd image store. */
export function dockerHosts(request: TextRequest): string {
  return hostsToml(request, DOCKER, [
    "Docker 29 or later with the containerd image store: docker info says io.containerd.snapshotter.v1. Without it, and",
    "in Docker 28 and earlier, it is ignored and docker goes around the gate: tofu3 serve config docker-28. Leave",
    '"registry-mirrors" out of daemon.json: what it lists is never the last that is asked. Then: tofu3 serve check docker',
  ]);
}

function hostsToml(request: TextRequest, folder: string, how: readonly string[]): string {
  const { doors, registry } = request;
  const url = `${doors.scheme}://${doors.general}`;
  const login = doors.hasAuth
    ? [`[host."${url}".header]`, `  # printf %s NAME:TOKEN | base64`, `  # Authorization = ["Basic …"]`, ""]
    : [];
  const which =
    registry === null
      ? [
          "For every registry. A folder of a registry's own beats it; pushes go to the gate as well, which takes none: give",
          `the registries that you push to a folder of their own, and see that it holds no way around.`,
        ]
      : [`For ${registry} only.`];
  return [
    comment([
      "All that is pulled is asked of the gate, and of nobody else when it refuses.",
      `File: ${folder}/${registry ?? "_default"}/hosts.toml`,
      `Made by: ${byCommand(request)}`,
      ...which,
      ...how,
    ]),
    "# Both are needed: [host] alone leaves the registry itself as the last resort, and containerd 1.5 to 1.7 ignores",
    "# a server without a [host]. A file that cannot be parsed is ignored, too, and then the registry is asked.",
    `server = "${url}"`,
    "",
    `[host."${url}"]`,
    `  capabilities = ["pull", "resolve"]`,
    ...(doors.scheme === "https" ? [`  # ca = "/etc/tofu3/ca.pem"`] : []),
    "",
    ...login,
  ].join("\n");
}
