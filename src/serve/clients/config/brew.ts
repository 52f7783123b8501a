import { byCommand, comment, type TextRequest } from "./request.ts";

const BOTTLES = "ghcr.io";

/** brew.env: bottles come from the gate, and from nowhere else when it refuses. */
export function brewEnv(request: TextRequest): string {
  const { doors } = request;
  const own = doors.own.get(BOTTLES);
  const domain = own === undefined ? `${doors.general}/v2/${BOTTLES}` : own;
  return `${comment([
    "brew asks the gate for its bottles, and nobody else when it refuses. Both variables are needed: with the first alone",
    "brew goes to ghcr.io whenever the gate refuses.",
    "File: ~/.homebrew/brew.env, or /etc/homebrew/brew.env for everybody",
    `Made by: ${byCommand(request)}`,
    ...(own === undefined
      ? [
          "Needs brew of August 2026 or later. An older one needs an address of its own, in serve.listen:",
          '"127.0.0.1:5006=ghcr.io"; then make this file again.',
        ]
      : []),
    ...(doors.hasAuth ? ["printf %s NAME:TOKEN | base64", "HOMEBREW_DOCKER_REGISTRY_BASIC_AUTH_TOKEN=…"] : []),
    "Only bottles of ghcr.io are gated: casks, sources and taps elsewhere are not. Then: tofu3 serve check brew",
  ])}HOMEBREW_ARTIFACT_DOMAIN=${doors.scheme}://${domain}
HOMEBREW_ARTIFACT_DOMAIN_NO_FALLBACK=1
`;
}
