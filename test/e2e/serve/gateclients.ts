import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Outcome } from "../../lab/cli.ts";
import { installBrew } from "../../lab/clients/brew.ts";
import { startContainerd } from "../../lab/clients/containerd.ts";
import { daemonsWork } from "../../lab/clients/daemon.ts";
import { startDockerd } from "../../lab/clients/dockerd.ts";
import type { Home } from "../../lab/clients/home.ts";
import { buildah, ctr, docker, podman, skopeo, type Pull } from "../../lab/clients/pull.ts";
import { findProgram } from "../../lab/install.ts";
import type { Lab, RunningGate } from "./gatestage.ts";

export type Client = "podman" | "buildah" | "skopeo" | "docker" | "ctr" | "brew";

/** Those that can be run here. */
export const CLIENTS: readonly Client[] = [
  ...(findProgram("podman") === null ? [] : (["podman"] as const)),
  ...(["buildah", "skopeo"] as const),
  ...(daemonsWork() ? (["docker", "ctr"] as const) : []),
  "brew",
];

/** What a client is to pull: `lab/NAME:1` of the gate's own upstream; for brew version 1 of the formula NAME. */
export interface Wanted {
  readonly name: string;
  readonly bottle: string;
  /** How often brew's curl comes back, after the Retry-After of the gate. */
  readonly retries: number;
}

export type PullAt = (client: Client, gate: RunningGate, wanted: Wanted) => Promise<Outcome>;

/** Every client, with what `serve config` of these gates prints for it; `upstreams` in the same order. */
export async function startClients(
  lab: Lab,
  home: Home,
  gates: readonly (readonly [upstream: string, gate: RunningGate])[],
): Promise<PullAt> {
  const printed = async (gate: RunningGate, ...args: readonly string[]): Promise<string> =>
    (await gate.serve(["config", ...args])).stdout;
  const texts = await Promise.all(gates.map(([upstream, gate]) => printed(gate, "podman", "--registry", upstream)));
  await home.setRegistries(texts.join("\n"));
  const named: Partial<Record<Client, Pull>> = { podman: podman(home), buildah: buildah(home), skopeo: skopeo(home) };
  if (daemonsWork()) {
    const [dockerd, containerd] = await Promise.all([
      lab(startDockerd({ env: home.env })),
      lab(startContainerd(home.env)),
    ]);
    const hosts = gates.map(async ([upstream, gate], index) => {
      const isFirst = index === 0;
      const args = isFirst ? [] : ["--registry", upstream];
      return [isFirst ? "_default" : upstream, await printed(gate, "containerd", ...args)] as const;
    });
    await containerd.setHosts(Object.fromEntries(await Promise.all(hosts)));
    named.docker = docker(dockerd);
    named.ctr = ctr(containerd);
  }
  const variables = new Map(
    await Promise.all(gates.map(async ([, gate]) => [gate, variablesIn(await printed(gate, "brew"))] as const)),
  );
  const upstreams = new Map(gates.map(([upstream, gate]) => [gate, upstream]));
  return async (client, gate, { name, bottle, retries }) => {
    if (client !== "brew") {
      // docker before 29 knows the gate's own names only
      const place = client === "docker" ? gate.own : upstreams.get(gate);
      const pull = named[client];
      if (pull === undefined) throw new Error(`${client} cannot be run here`);
      return pull(`${place ?? ""}/lab/${name}:1`);
    }
    const path = join(home.path, "brew", name);
    await mkdir(path, { recursive: true });
    const brew = await installBrew({ ...home, path }, { name, version: "1", bottle });
    const own = { HOMEBREW_CACHE: join(path, "cache"), HOMEBREW_CURL_RETRIES: String(retries) };
    return brew.fetch({ ...variables.get(gate), ...own });
  };
}

function variablesIn(brewEnv: string): Readonly<Record<string, string>> {
  const lines = brewEnv.split("\n").filter((line) => line.startsWith("HOMEBREW_"));
  return Object.fromEntries(lines.map((line) => line.split("=") as [string, string]));
}
