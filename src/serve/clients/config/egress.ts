import { isLoopbackHost } from "../../../http/address.ts";
import { prefixOf } from "../doors.ts";
import { byCommand, comment, type TextRequest } from "./request.ts";

/**
 * Docker before 29, and later with graph drivers: no file makes it stop at a refusal, so its service loses the way to
 * the registries. A drop-in of systemd.
 */
export function dockerEgress(request: TextRequest): string {
  const { doors, upstreams } = request;
  const host = doors.general.replace(/:[0-9]+$/, "").replace(/^\[(.*)\]$/, "$1");
  const isLocal = isLoopbackHost(host);
  const examples = upstreams.map((upstream) => `  docker pull ${prefixOf(doors, upstream)}/NAME:TAG`);
  return `${comment([
    'Docker before 29 goes around the gate whenever it is refused: "registry-mirrors" fails open, and it knows no other',
    "setting. So names go through the gate:",
    ...examples,
    "and the daemon gets no other way out. This stops dockerd alone, not what runs in containers; name servers on",
    "loopback stay within reach, others have to be allowed below.",
    "File: /etc/systemd/system/docker.service.d/50-tofu3.conf; then: systemctl daemon-reload; systemctl restart docker",
    `Made by: ${byCommand(request)}`,
    ...(doors.scheme === "https"
      ? [`The gate's authority, if it is your own: /etc/docker/certs.d/${doors.general}/ca.crt`]
      : []),
    ...(doors.hasAuth ? [`The gate wants to know who asks: docker login ${doors.general}`] : []),
    `Then: tofu3 serve check docker --image ${prefixOf(doors, upstreams[0] ?? "")}/NAME:TAG`,
  ])}
[Service]
IPAddressDeny=any
IPAddressAllow=localhost
${isLocal ? "" : `${/^[0-9.]+$|:/.test(host) ? "" : `# the address of ${host}:\n# `}IPAddressAllow=${host}\n`}`;
}
