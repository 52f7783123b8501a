import { byCommand, comment, type TextRequest } from "./request.ts";

/** Two files make k3s (and RKE2's kin) stop at a refusal, so this is a script for sh. */
export function k3sScript(request: TextRequest): string {
  const { doors, upstreams } = request;
  const url = `${doors.scheme}://${doors.general}`;
  const secrets = [
    ...(doors.hasAuth ? ["    auth: { username: NAME, password: TOKEN }"] : []),
    ...(doors.scheme === "https" ? ["    tls: { ca_file: /etc/tofu3/ca.pem }"] : []),
  ];
  return `#!/bin/sh
${comment([
  "k3s asks the gate for these registries, and nobody else when it refuses.",
  `For root, on every node: ${byCommand(request)} | sudo sh`,
  "Needs k3s of January 2024 or later (v1.26.13, v1.27.10, v1.28.6, v1.29.1). What is not listed is not gated.",
  "Then restart k3s or k3s-agent.",
])}set -eu
umask 077
registries=/etc/rancher/k3s/registries.yaml
if [ -e "$registries" ] && ! grep -q '^# tofu3' "$registries"; then
  echo "$registries is there already: join the mirrors by hand" >&2
  exit 1
fi
mkdir -p /etc/rancher/k3s/config.yaml.d
cat > "$registries" << 'END'
# tofu3: the gate
mirrors:
${upstreams.map((upstream) => `  "${upstream}":\n    endpoint: ["${url}"]\n`).join("")}${
    secrets.length === 0 ? "" : `configs:\n  "${doors.general}":\n${secrets.join("\n")}\n`
  }END
cat > /etc/rancher/k3s/config.yaml.d/50-tofu3.yaml << 'END'
# tofu3: without it the registry itself is asked last
disable-default-registry-endpoint: true
END
`;
}
