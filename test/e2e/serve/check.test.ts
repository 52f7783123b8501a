import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { installBrew } from "../../lab/clients/brew.ts";
import { skopeo } from "../../lab/clients/pull.ts";
import { findProgram } from "../../lab/install.ts";
import { makeImage } from "../../lab/image.ts";
import { stock } from "../../lab/liar-shelf.ts";
import { useLab } from "../../lab/uselab.ts";
import { startGateStage } from "./gatestage.ts";

const lab = useLab();
const stage = await startGateStage(lab);
const gate = await stage.startGate({ upstream: "registry.lab" });
const image = makeImage({ layers: [512] });
stock(stage.upstream, "lab/app", "1", { root: image.manifest, images: [image] });

const IMAGE = "registry.lab/lab/app:1";
const ENGINES = ["skopeo", "buildah", "podman"].filter((name) => findProgram(name) !== null);
const check = (...args: readonly string[]): ReturnType<typeof gate.serve> => gate.serve(["check", ...args]);

test("podman, buildah and skopeo fail closed with what serve config prints", async () => {
  const printed = await gate.serve(["config", "podman"]);
  expect(printed).toMatchObject({ code: 0, stderr: "" });
  await stage.home.setRegistries(printed.stdout);
  for (const client of ENGINES) {
    const { code, stdout, stderr } = await check(client, "--image", IMAGE);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `${client} fails closed: it asked the gate, told its refusal, and asked nobody else\n`,
      stderr: "",
    });
  }
  expect(stage.around()).toEqual([]);
  expect(await readdir(join(gate.store, "armed"))).toEqual([]);
});

test("a mirror fails open: code 10, the reason, and what closes it", async () => {
  const mirror = `[[registry.mirror]]\nlocation = "${gate.own}"\ninsecure = true\n`;
  await stage.home.setRegistries(`[[registry]]\nprefix = "registry.lab"\nlocation = "registry.lab"\n${mirror}`);
  const { code, stdout, stderr } = await check("skopeo", "--image", IMAGE);
  expect({ code, stdout }).toEqual({
    code: 10,
    stdout: "skopeo FAILS OPEN, because after the gate's refusal it asked registry.lab\n",
  });
  expect(stderr).toBe("tofu3: hint: tofu3 serve config skopeo prints what closes it\n");
  const object = JSON.parse((await check("skopeo", "--image", IMAGE, "--json")).stdout) as unknown;
  expect(object).toMatchObject({ schemaVersion: 1, client: "skopeo", image: IMAGE, outcome: "open", exitCode: 1 });
});

test("what is warm is refused, and served again right after", async () => {
  await stage.home.setRegistries((await gate.serve(["config", "podman"])).stdout);
  expect(await skopeo(stage.home)(IMAGE)).toMatchObject({ code: 0 });
  expect((await check("skopeo", "--image", IMAGE)).code).toBe(0);
  expect(await skopeo(stage.home)(IMAGE)).toMatchObject({ code: 0 });
});

test("brew, with what serve config prints for it", async () => {
  const brew = await installBrew(stage.home, { name: "hello", version: "1", bottle: image.config.digest });
  const { stdout } = await gate.serve(["config", "brew"]);
  const lines = stdout.split("\n").filter((line) => line.startsWith("HOMEBREW_"));
  const variables = Object.fromEntries(lines.map((line) => line.split("=") as [string, string]));
  const closed = await gate.serve(["check", "brew"], { env: { ...brew.env, ...variables } });
  expect(closed).toMatchObject({ code: 0, stderr: "" });
  const open = await gate.serve(["check", "brew"], { env: brew.env });
  expect(open).toMatchObject({ code: 10, stdout: "brew FAILS OPEN, because it asked ghcr.io, and not the gate\n" });
});

test("what cannot be told is 12, and a mistake 2", async () => {
  await stage.home.setRegistries("[[registry]\n");
  expect(await check("skopeo", "--image", IMAGE)).toMatchObject({
    code: 12,
    stdout: expect.stringMatching(/^skopeo: unknown, because it never asked the gate: /) as string,
  });
  expect(await check("skopeo", "--image", "quay.io/a/b")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the gate does not ask "quay.io"') as string,
  });
  const nowhere = await check("skopeo", "--image", IMAGE, "--store", "/nowhere");
  expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no such folder") as string });
  expect(await gate.serve(["check", "brew"], { env: { PATH: "/nowhere" } })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no program "brew"') as string,
  });
});
