import { describe, expect, test } from "vitest";
import { pushBottleIndex } from "./bottles.ts";
import { ask, pushImage, pushIndex, skopeoOptions } from "./push.ts";
import { runTool, until } from "./processes.ts";
import { startRegistry, type Registry } from "./registry.ts";
import { startSshd, type Sshd } from "./sshd.ts";
import { useLab } from "./uselab.ts";

const lab = useLab();

function ssh(vm: Sshd, command: string): Promise<string> {
  const strict = [
    "-o",
    "StrictHostKeyChecking=yes",
    "-o",
    `UserKnownHostsFile=${vm.knownHostsFile}`,
    "-o",
    "LogLevel=ERROR",
  ];
  return runTool("ssh", [
    "-F",
    "/dev/null",
    ...strict,
    "-i",
    vm.identityFile,
    "-p",
    String(vm.port),
    `${vm.user}@${vm.host}`,
    command,
  ]);
}

async function inspect(registry: Registry, reference: string): Promise<{ Digest: string; Layers: string[] }> {
  const text = await runTool("skopeo", [
    "inspect",
    ...(await skopeoOptions(registry, "")),
    `docker://${registry.host}/${reference}`,
  ]);
  return JSON.parse(text) as { Digest: string; Layers: string[] };
}

describe("sshd", () => {
  test("lets the OpenSSH client in with its own key, home and host key", async () => {
    const vm = await lab(startSshd({ env: { COLOUR: "blue" } }));
    expect(await ssh(vm, "echo $HOME $COLOUR")).toBe(`${vm.home} blue\n`);
    expect(vm.hostKeyFingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(vm.log()).toContain("Accepted publickey");
  });

  test.each(["rsa", "ecdsa"] as const)("has a host key of type %s when asked", async (type) => {
    const vm = await lab(startSshd({ hostKeyTypes: [type] }));
    expect(vm.knownHostsLine).toContain(type);
    expect(await ssh(vm, "echo in")).toBe("in\n");
  });

  test("runs the forced command, or the login shell that was asked for", async () => {
    const forced = await lab(startSshd({ forcedCommand: "echo $SSH_ORIGINAL_COMMAND, you say" }));
    const bash = await lab(startSshd({ shell: "/bin/bash" }));
    expect(await ssh(forced, "ls")).toBe("ls, you say\n");
    expect(await ssh(bash, "echo ${BASH_VERSION:+bash}")).toBe("bash\n");
  });

  test("knows what its sessions run, and ends that too", async () => {
    const vm = await lab(startSshd({ address: "127.0.0.9" }));
    const session = ssh(vm, "sleep 61 & sleep 62").catch((error: unknown) => error);
    await until(
      "two sleeps",
      () => vm.processesOf().filter((each) => /^\d+ sleep 6[12]$/.test(each)).length === 2 || undefined,
    );
    await vm.kill9();
    expect(await session).toBeInstanceOf(Error);
    expect(vm.processesOf().join()).toContain("sleep 61");
    await vm.stop();
    await until("none left", () => vm.processesOf().length === 0 || undefined);
  });
});

describe("registry", () => {
  test.each([
    { what: "plain http", options: {} },
    { what: "https", options: { tls: true } },
    { what: "a password", options: { htpasswd: { user: "ann", password: "s3cret:x" } } },
    { what: "tokens", options: { token: { users: [{ user: "ann", password: "s3cret" }], anonymous: true } } },
    {
      what: "tokens over https",
      options: { tls: true, token: { users: [{ user: "ann", password: "s3cret" }], member: "access_token" as const } },
    },
  ])("with $what: skopeo reads what skopeo pushed", async ({ options }) => {
    const registry = await lab(startRegistry(options));
    const image = await pushImage(registry, { name: "team/app", tag: "1.10", layers: [100_000, Buffer.from("fixed")] });
    const seen = await inspect(registry, "team/app:1.10");
    expect(seen.Digest).toBe(image.manifest.digest);
    expect(seen.Layers).toEqual(image.layers.map((layer) => layer.digest));
    expect(registry.requests().some((each) => /^GET \/v2\/team\/app\/manifests\/1\.10 200$/.test(each))).toBe(true);
  });

  test("with a client certificate: turns away who has none", async () => {
    const registry = await lab(startRegistry({ tls: { names: ["registry.lab"] }, clientCertificates: true }));
    expect((await ask(registry, "GET", "/v2/")).status).toBe(200);
    await expect(ask({ ...registry, clientCertificate: null }, "GET", "/v2/")).rejects.toThrow();
  });

  test.each([{ docker: false }, { docker: true }])(
    "serves an index byte by byte, Docker media types: $docker",
    async ({ docker }) => {
      const registry = await lab(startRegistry());
      const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
      const { index, images } = await pushIndex(registry, { name: "multi", tag: "v1", platforms, docker });
      const served = await ask(registry, "GET", "/v2/multi/manifests/v1", { headers: { accept: index.mediaType } });
      expect(served.body.equals(index.bytes)).toBe(true);
      expect((await inspect(registry, "multi:v1")).Digest).toBe(index.digest);
      expect(images).toHaveLength(2);
    },
  );

  test("serves a Homebrew index without media type byte by byte", async () => {
    const registry = await lab(startRegistry());
    const { index, tag } = await pushBottleIndex(registry, { formula: "vim", version: "9.0.1900", rebuild: 1 });
    const served = await ask(registry, "GET", `/v2/homebrew/core/vim/manifests/${tag}`, {
      headers: { accept: index.mediaType },
    });
    expect(served.body.equals(index.bytes)).toBe(true);
    expect(served.headers["content-type"]).toBe(index.mediaType);
  });
});
