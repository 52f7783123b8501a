import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, type Outcome } from "../cli.ts";
import { findProgram } from "../install.ts";
import type { Containerd } from "./containerd.ts";
import type { Dockerd } from "./dockerd.ts";
import type { Home } from "./home.ts";

/** A client's own pull, as its user types it, into a place that is gone afterwards. */
export type Pull = (reference: string) => Promise<Outcome>;

async function runIn(home: Home, command: (folder: string) => readonly string[]): Promise<Outcome> {
  // podman takes no runroot of more than 50 characters
  const folder = await mkdtemp("/tmp/t3-");
  try {
    return await runCommand(command(folder), { env: home.env, timeoutMs: 120_000 });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function storage(folder: string): readonly string[] {
  return ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
}

export const podman =
  (home: Home): Pull =>
  (reference) =>
    runIn(home, (folder) => ["podman", ...storage(folder), "--tmpdir", join(folder, "tmp"), "pull", reference]);

export const buildah =
  (home: Home): Pull =>
  (reference) =>
    runIn(home, (folder) => ["buildah", ...storage(folder), "pull", reference]);

export const skopeo =
  (home: Home): Pull =>
  (reference) =>
    runIn(home, (folder) => ["skopeo", "copy", `docker://${reference}`, `dir:${join(folder, "image")}`]);

export const docker = ({ env }: Dockerd): Pull => {
  const program = findProgram("docker") ?? "docker";
  return async (reference) => {
    const pulled = await runCommand([program, "pull", reference], { env, timeoutMs: 120_000 });
    await runCommand([program, "image", "rm", "--force", reference], { env });
    return pulled;
  };
};

/** Each in a namespace of its own, so that nothing is there already. */
export const ctr = ({ env, hosts }: Containerd): Pull => {
  let turn = 0;
  return async (reference) => {
    turn += 1;
    const own = [findProgram("ctr") ?? "ctr", "--namespace", `pull${turn}`, "images"];
    const pulled = await runCommand([...own, "pull", "--hosts-dir", hosts, reference], { env, timeoutMs: 120_000 });
    await runCommand([...own, "rm", "--sync", reference], { env });
    return pulled;
  };
};
