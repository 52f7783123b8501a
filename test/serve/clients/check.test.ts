import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { watchArmed, type Armory } from "../../../src/serve/clients/armed.ts";
import { checkClient, type CheckReport } from "../../../src/serve/clients/check.ts";
import { configText } from "../../../src/serve/clients/clients.ts";
import type { Doors } from "../../../src/serve/clients/doors.ts";
import type { Checked } from "../../../src/serve/clients/plan.ts";
import { installBrew } from "../../lab/clients/brew.ts";
import { startContainerd, type Containerd } from "../../lab/clients/containerd.ts";
import { daemonsWork } from "../../lab/clients/daemon.ts";
import { startDockerd } from "../../lab/clients/dockerd.ts";
import { startFence, type Fence } from "../../lab/clients/fence.ts";
import { makeHome, type Home } from "../../lab/clients/home.ts";
import { startRefuser, type Refuser } from "../../lab/clients/refuser.ts";
import { findProgram } from "../../lab/install.ts";
import { makeFolder } from "../../lab/processes.ts";
import { pushImage } from "../../lab/push.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { useLab } from "../../lab/uselab.ts";

const lab = useLab();

let store: Awaited<ReturnType<typeof makeFolder>>;
let fence: Fence;
let home: Home;
let registry: Registry;
/** Without a default upstream, and one that has the registry for its own. */
let gate: Refuser;
let own: Refuser;
let doors: Doors;
let armory: Armory;

beforeAll(async () => {
  store = await makeFolder("store");
  [fence, registry] = await Promise.all([lab(startFence()), lab(startRegistry())]);
  home = await lab(makeHome(fence.env));
  await pushImage(registry, { name: "lab/app", tag: "1", layers: [512] });
  armory = watchArmed(store.path);
  gate = await lab(startRefuser(armory, "none.invalid"));
  own = await lab(startRefuser(armory, registry.host));
  doors = {
    scheme: "http",
    general: gate.host,
    own: new Map([[registry.host, own.host]]),
    upstreams: [registry.host, "docker.io", "ghcr.io"],
    hasAuth: false,
  };
});
afterAll(async () => {
  await armory.close();
  await store.remove();
});

async function check(
  client: Checked,
  image: string | null,
  more: { readonly env?: Readonly<Record<string, string>>; readonly hosts?: string } = {},
): Promise<CheckReport> {
  const env = { PATH: process.env["PATH"], ...home.env, ...more.env };
  const request = { client, image, doors, store: store.path, hosts: more.hosts ?? "/nowhere", timeoutMs: 60_000 };
  const report = await checkClient(request, { env, now: () => new Date() }, new AbortController().signal);
  expect(await readdir(join(store.path, "armed"))).toEqual([]);
  return report;
}

const CLOSED = { kind: "closed", because: "it asked the gate, told its refusal, and asked nobody else" };
const went = (host: string): object => ({ kind: "open", because: `after the gate's refusal it asked ${host}` });

/** How often somebody wanted to leave, and to the registry itself, while `act` ran. */
async function around(act: () => Promise<CheckReport>): Promise<{ report: CheckReport; left: number; direct: number }> {
  const [left, direct] = [fence.attempts().length, registry.requests().length];
  const report = await act();
  return { report, left: fence.attempts().length - left, direct: registry.requests().length - direct };
}

const INSTALLED = (["podman", "buildah", "skopeo"] as const).filter((name) => findProgram(name) !== null);

describe.each(INSTALLED)("%s", (client) => {
  const mirror = (name: string, at: string): string =>
    `[[registry]]\nprefix = "${name}"\nlocation = "${name}"\ninsecure = true\n[[registry.mirror]]\nlocation = "${at}"\ninsecure = true\n`;

  test("fails closed with what serve config prints", async () => {
    await home.setRegistries(configText(client, doors, null));
    const hub = await around(() => check(client, null));
    expect(hub).toMatchObject({ report: { ...CLOSED, image: "docker.io/library/hello-world:latest" }, left: 0 });
    expect(hub.report.refusals).toBeGreaterThan(0);
    const alias = await around(() => check(client, "registry-1.docker.io/library/hello-world"));
    expect(alias).toMatchObject({ report: CLOSED, left: 0 });
    const lonely = await around(() => check(client, `${registry.host}/lab/app:1`));
    expect(lonely).toMatchObject({ report: CLOSED, left: 0, direct: 0 });
  });

  test("fails open with a mirror: it pulls from the registry itself", async () => {
    await home.setRegistries(mirror(registry.host, own.host));
    const image = `${registry.host}/lab/app:1`;
    const { report, direct } = await around(() => check(client, image));
    expect(report).toMatchObject({ kind: "open", because: `it got ${image} elsewhere after the gate had refused it` });
    expect(direct).toBeGreaterThan(0);
  });

  test("fails open with a mirror, also where the registry has no such image or cannot be reached", async () => {
    await home.setRegistries(mirror(registry.host, own.host));
    expect(await check(client, `${registry.host}/lab/none:1`)).toMatchObject(went(registry.host));
    await home.setRegistries(mirror("docker.io", `${gate.host}/docker.io`));
    const { report, left } = await around(() => check(client, null));
    expect(report).toMatchObject(went("registry-1.docker.io"));
    expect(left).toBeGreaterThan(0);
  });

  test("fails closed with a mirror and a blocked registry", async () => {
    const blocked = mirror("docker.io", `${gate.host}/docker.io`).replace("insecure", "blocked = true\ninsecure");
    await home.setRegistries(blocked);
    expect(await around(() => check(client, null))).toMatchObject({ report: CLOSED, left: 0 });
  });

  test("fails open where nobody told it of the gate", async () => {
    await home.setRegistries(`[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
    const image = `${registry.host}/lab/app:1`;
    expect(await check(client, image)).toMatchObject({ kind: "open", because: `it got ${image} without the gate` });
    expect(await check(client, null)).toMatchObject({
      kind: "open",
      because: "it asked registry-1.docker.io, and not the gate",
    });
  });

  test("is unknown where it asks nobody", async () => {
    await home.setRegistries("[[registry]\n");
    const { kind, because } = await check(client, null);
    expect(kind).toBe("unknown");
    expect(because).toMatch(/^it never asked the gate: .*registries\.conf/);
  });
});

describe.skipIf(!daemonsWork())("containerd", () => {
  let containerd: Containerd;
  beforeAll(async () => {
    containerd = await lab(startContainerd(home.env));
  });
  const ctr = (image: string | null): Promise<CheckReport> =>
    check("containerd", image, { env: containerd.env, hosts: containerd.hosts });

  test.each(["_default", "docker.io"])("fails closed with what serve config prints, in %s", async (folder) => {
    await containerd.setHosts({ [folder]: configText("containerd", doors, folder === "_default" ? null : folder) });
    expect(await around(() => ctr(null))).toMatchObject({ report: CLOSED, left: 0 });
  });

  const NEITHER = { kind: "open", because: "it asked registry-1.docker.io, and not the gate" };
  test.each([
    [
      "[host] alone",
      (url: string) => `[host."${url}"]\n  capabilities = ["pull", "resolve"]\n`,
      went("registry-1.docker.io"),
    ],
    ["a server without [host]", (url: string) => `server = "${url}"\n`, NEITHER],
    ["a file that does not parse", (url: string) => `server = "${url}\n`, NEITHER],
  ])("fails open with %s", async (_what, text, verdict) => {
    await containerd.setHosts({ "docker.io": text(`http://${gate.host}`) });
    const { report, left } = await around(() => ctr(null));
    expect(report).toMatchObject(verdict);
    expect(left).toBeGreaterThan(0);
  });

  test("fails open with [host] alone: it pulls from the registry itself, or hides that it was there", async () => {
    const text = `[host."http://${own.host}"]\n  capabilities = ["pull", "resolve"]\n`;
    await containerd.setHosts({ [registry.host]: text });
    const image = `${registry.host}/lab/app:1`;
    expect(await ctr(image)).toMatchObject({
      kind: "open",
      because: `it got ${image} elsewhere after the gate had refused it`,
    });
    // the last line is the gate's sentence
    expect(await ctr(`${registry.host}/lab/none:1`)).toMatchObject(went(registry.host));
  });

  test("leaves nothing behind", async () => {
    await containerd.setHosts({ [registry.host]: `[host."${registry.url}"]\n` });
    expect(await ctr(`${registry.host}/lab/app:1`)).toMatchObject({ kind: "open" });
    expect(await readdir(join(containerd.folder, "root/io.containerd.content.v1.content/blobs/sha256"))).toEqual([]);
  });
});

describe.skipIf(!daemonsWork())("docker before 29", () => {
  test("fails open with a mirror, and closed with the gate's own names", async () => {
    const mirror = await lab(startRefuser(armory, "docker.io"));
    const dockerd = await startDockerd({ env: home.env, mirrors: [`http://${mirror.host}`] });
    try {
      const hub = await around(() => check("docker", null, { env: dockerd.env }));
      expect(hub.left).toBeGreaterThan(0);
      expect(hub.report).toMatchObject(went("registry-1.docker.io"));
      const named = `${gate.host}/docker.io/library/hello-world`;
      const { report, left } = await around(() => check("docker", named, { env: dockerd.env }));
      expect(report).toMatchObject({ ...CLOSED, image: `${named}:latest` });
      expect(left).toBe(0);
      const short = await check("docker", `${own.host}/lab/app:1`, { env: dockerd.env });
      expect(short).toMatchObject(CLOSED);
      const direct = await check("docker", `${registry.host}/lab/app:1`, { env: dockerd.env });
      expect(direct).toMatchObject({ kind: "open", because: `it got ${registry.host}/lab/app:1 without the gate` });
    } finally {
      await dockerd.stop();
    }
  });
});

describe("brew", () => {
  test("fails closed with what serve config prints, and open with its first line alone", async () => {
    const brew = await installBrew(home, { name: "hello", version: "2.12.1", bottle: `sha256:${"a".repeat(64)}` });
    const [ghcr, text] = [await lab(startRefuser(armory, "ghcr.io")), { ...doors, own: new Map<string, string>() }];
    text.own.set("ghcr.io", ghcr.host);
    const lines = configText("brew", text, null)
      .split("\n")
      .filter((line) => /^HOMEBREW/.test(line));
    const variables = Object.fromEntries(lines.map((line) => line.split("=") as [string, string]));
    expect(Object.keys(variables)).toEqual(["HOMEBREW_ARTIFACT_DOMAIN", "HOMEBREW_ARTIFACT_DOMAIN_NO_FALLBACK"]);
    const closed = await around(() => check("brew", null, { env: { ...brew.env, ...variables } }));
    expect(closed).toMatchObject({ report: { ...CLOSED, image: "hello" }, left: 0 });
    const first = { HOMEBREW_ARTIFACT_DOMAIN: variables["HOMEBREW_ARTIFACT_DOMAIN"] ?? "" };
    const open = await around(() => check("brew", null, { env: { ...brew.env, ...first } }));
    expect(open.report).toMatchObject(went("ghcr.io"));
    expect(open.left).toBeGreaterThan(0);
    expect(await check("brew", "hello", { env: brew.env })).toMatchObject({
      kind: "open",
      because: "it asked ghcr.io, and not the gate",
    });
  });
});

test("a client that is not installed is a mistake of the user", async () => {
  await expect(check("brew", null, { env: { PATH: "/nowhere" } })).rejects.toMatchObject({ code: "E_USAGE" });
});

test("a store that no gate watches is told, and nothing is pulled", async () => {
  const other = await makeFolder("store");
  const request = { client: "skopeo", image: null, doors, hosts: "", timeoutMs: 1000, store: other.path } as const;
  const surroundings = { env: { PATH: process.env["PATH"], ...home.env }, now: () => new Date() };
  const signal = new AbortController().signal;
  const report = await checkClient(request, surroundings, signal);
  expect(report).toMatchObject({ kind: "unknown", exitCode: null });
  expect(report.because).toContain("is tofu3 serve running?");
  expect(await readdir(join(other.path, "armed"))).toEqual([]);
  await other.remove();
  await expect(checkClient(request, surroundings, signal)).rejects.toMatchObject({ code: "E_USAGE" });
});
