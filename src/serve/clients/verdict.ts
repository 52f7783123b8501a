import { isDockerHub } from "../../oci/reference.ts";
import { visible } from "../../errors.ts";

/** What became of a client's own pull of something that the gate refused. */
export interface Pulled {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** How many of its requests the gate refused. */
  readonly refusals: number;
  /** Stands in the gate's sentence, and nowhere else. */
  readonly nonce: string;
  /** What the image was asked of, by `registryName`. */
  readonly upstream: string;
  /** As the client was asked for it. */
  readonly image: string;
}

export interface PullVerdict {
  readonly kind: "closed" | "open" | "unknown";
  /** Follows "because". */
  readonly because: string;
}

/** Where Docker Hub's images really come from. */
const HUB_HOSTS = [
  "docker.io",
  "registry-1.docker.io",
  "index.docker.io",
  "registry.hub.docker.com",
  "auth.docker.io",
  "production.cloudflare.docker.com",
];
const MORE_HOSTS: Readonly<Record<string, readonly string[]>> = {
  "ghcr.io": ["pkg-containers.githubusercontent.com"],
};

/**
 * A client that stops at a refusal tells it and has named no URL of the upstream. Whatever else it did, it is not closed:
 * the success, of course, but also a failure at the upstream, which on another day would be a success.
 */
export function verdictOfPull(client: string, pulled: Pulled): PullVerdict {
  const { code, refusals, upstream, image, nonce } = pulled;
  const said = `${pulled.stdout}\n${pulled.stderr}`;
  const asked = hostsOf(upstream).find((host) => namesUrlOf(said, host));
  if (code === 0)
    return open(
      refusals > 0 ? `it got ${image} elsewhere after the gate had refused it` : `it got ${image} without the gate`,
    );
  if (asked !== undefined)
    return open(refusals > 0 ? `after the gate's refusal it asked ${asked}` : `it asked ${asked}, and not the gate`);
  const last = lastLine(pulled);
  if (refusals === 0) return { kind: "unknown", because: `it never asked the gate: ${last}` };
  const told = said.includes(nonce) || (client === "brew" && /returned error: 403/.test(said));
  if (told) return { kind: "closed", because: "it asked the gate, told its refusal, and asked nobody else" };
  // docker tells what the last place said that it asked
  if (client === "docker") return open(`after the gate's refusal it had another answer: ${last}`);
  return { kind: "unknown", because: `it asked the gate, but does not tell its refusal: ${last}` };
}

function open(because: string): PullVerdict {
  return { kind: "open", because };
}

function hostsOf(upstream: string): readonly string[] {
  return isDockerHub(upstream) ? HUB_HOSTS : [upstream, ...(MORE_HOSTS[upstream] ?? [])];
}

/** `https://HOST/…`, not `docker://HOST/…`, nor HOST in a path below the gate. */
function namesUrlOf(text: string, host: string): boolean {
  for (const scheme of ["https://", "http://"]) {
    const start = `${scheme}${host}`;
    for (let at = text.indexOf(start); at !== -1; at = text.indexOf(start, at + 1)) {
      const next = text.slice(at + start.length, at + start.length + 1);
      if (!/[a-z0-9.-]/i.test(next)) return true;
    }
  }
  return false;
}

function lastLine({ stdout, stderr, code }: Pulled): string {
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter(
    (line) => /error|fatal|failed|denied|cannot/i.test(line) && !/level=(?:debug|info)/.test(line),
  );
  const line = errors.at(-1) ?? lines.at(-1);
  return line === undefined ? `exit status ${code ?? "unknown"}` : visible(line, 300);
}
