import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findProgram } from "../install.ts";
import { pushImage } from "../push.ts";
import { startRegistry } from "../registry.ts";
import { useLab } from "../uselab.ts";
import { startContainerd } from "./containerd.ts";
import { daemonsWork } from "./daemon.ts";
import { startDockerd } from "./dockerd.ts";
import { startFence } from "./fence.ts";
import { makeHome } from "./home.ts";
import { buildah, ctr, docker, podman, skopeo, type Pull } from "./pull.ts";

const lab = useLab();

describe("every client pulls from a plain registry, leaves nothing, and goes nowhere else", async () => {
  const registry = await lab(startRegistry());
  const fence = await lab(startFence());
  const home = await lab(makeHome(fence.env));
  await home.setRegistries(`[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
  const image = await pushImage(registry, { name: "lab/app", tag: "1", layers: [4096] });
  const mounts = readFileSync("/proc/self/mounts", "utf8");

  async function pulls(pull: Pull): Promise<void> {
    const { code, stderr } = await pull(`${registry.host}/lab/app:1`);
    expect(stderr).not.toMatch(/error/i);
    expect(code).toBe(0);
    expect(registry.requests().some((line) => line.includes(`/blobs/${image.layers[0]?.digest}`))).toBe(true);
    const missing = await pull(`${registry.host}/lab/app:2`);
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toMatch(/manifest unknown|not found/);
    expect(readFileSync("/proc/self/mounts", "utf8")).toBe(mounts);
    expect(fence.attempts()).toEqual([]);
  }

  test.skipIf(findProgram("podman") === null)("podman", () => pulls(podman(home)));
  test("buildah", () => pulls(buildah(home)));
  test("skopeo", () => pulls(skopeo(home)));
  test.skipIf(!daemonsWork())("docker", async () => {
    const dockerd = await startDockerd({ env: home.env });
    await pulls(docker(dockerd)).finally(dockerd.stop);
  });
  test.skipIf(!daemonsWork())("ctr", async () => {
    const containerd = await startContainerd(home.env);
    await containerd.setHosts({ [registry.host]: `server = "${registry.url}"\n[host."${registry.url}"]\n` });
    await pulls(ctr(containerd)).finally(containerd.stop);
  });
});
