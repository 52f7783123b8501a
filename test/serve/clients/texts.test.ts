import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "../../../src/config/config.ts";
import { CLIENT_NAMES, clientNamed, configText, type ClientName } from "../../../src/serve/clients/clients.ts";
import { doorsOf, type Doors } from "../../../src/serve/clients/doors.ts";
import { makeFolder } from "../../lab/processes.ts";

const WORKERS = [
  { name: "here", via: "local" },
  { name: "a", via: "ssh", host: "a.example.org" },
  { name: "b", via: "ssh", host: "b.example.org" },
];

function doorsIn(serve: object, gate: string | null = null): Doors {
  const text = JSON.stringify({ workers: WORKERS, serve });
  return doorsOf(parseConfig(text, { file: "/etc/tofu3.yaml", home: "/root" }).serve, gate);
}

const PLAIN = doorsIn({ upstreams: ["docker.io", "ghcr.io"] });
const sameText = (doors: Doors): Record<string, string> =>
  Object.fromEntries(CLIENT_NAMES.map((name) => [name, configText(name, doors, null)]));
/** What counts, without comments and blank lines. */
const bare = (text: string): string[] => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

describe("where clients reach the gate", () => {
  test.each([
    [{ listen: ["127.0.0.1:5005"] }, null, "127.0.0.1:5005"],
    [{ listen: ["[::1]:5005"] }, null, "[::1]:5005"],
    [{ listen: ["127.0.0.1:5006=ghcr.io", "127.0.0.1:5005"] }, null, "127.0.0.1:5005"],
    [{ listen: ["127.0.0.1:5006=ghcr.io"] }, null, "127.0.0.1:5006"],
    [{ listen: ["0.0.0.0:5005"], hosts: ["gate.lab"] }, null, "gate.lab:5005"],
    [{ listen: ["0.0.0.0:5005"], hosts: ["gate.lab:443"] }, null, "gate.lab:443"],
    [{ listen: ["127.0.0.1:0"] }, "127.0.0.1:4711", "127.0.0.1:4711"],
  ])("%o with --gate %s: %s", (serve, gate, general) => {
    expect(doorsIn(serve, gate).general).toBe(general);
  });

  test.each([
    [{ listen: ["127.0.0.1:0"] }, null],
    [{ listen: ["0.0.0.0:5005"] }, null],
    [{}, "http://127.0.0.1:5005"],
    [{}, "gate"],
    [{}, 'gate:1"\nblocked = false'],
  ])("%o with --gate %s is a mistake", (serve, gate) => {
    expect(() => doorsIn(serve, gate)).toThrow(expect.objectContaining({ code: "E_USAGE" }) as Error);
  });
});

describe("what makes clients fail closed", () => {
  test("podman, buildah, skopeo and CRI-O: every name of the registries, Docker Hub under all of its names", () => {
    const text = bare(configText("podman", PLAIN, null));
    const block = (prefix: string, location: string): string[] => [
      "[[registry]]",
      `prefix = "${prefix}"`,
      `location = "${location}"`,
      "insecure = true",
    ];
    expect(text).toEqual([
      ...["docker.io", "registry-1.docker.io", "registry.hub.docker.com"].flatMap((name) =>
        block(name, "127.0.0.1:5005/docker.io"),
      ),
      ...block("ghcr.io", "127.0.0.1:5005/ghcr.io"),
    ]);
    for (const client of ["buildah", "skopeo", "cri-o"] as const)
      expect(bare(configText(client, PLAIN, null))).toEqual(text);
    expect(bare(configText("podman", PLAIN, "ghcr.io"))).toEqual(block("ghcr.io", "127.0.0.1:5005/ghcr.io"));
  });

  test("an upstream with an address of its own is found there, which one with a port has to be", () => {
    const upstreams = ["registry.lab:5000"];
    expect(() => configText("podman", doorsIn({ upstreams }), null)).toThrow(/no second port/);
    const doors = doorsIn({ upstreams, listen: ["127.0.0.1:5005", "127.0.0.1:5006=registry.lab:5000"] });
    expect(bare(configText("podman", doors, null))).toContain('location = "127.0.0.1:5006"');
  });

  test("containerd, nerdctl, docker: a server and a [host], which no version reads otherwise", () => {
    const text = [
      'server = "http://127.0.0.1:5005"',
      '[host."http://127.0.0.1:5005"]',
      '  capabilities = ["pull", "resolve"]',
    ];
    for (const client of ["containerd", "nerdctl", "docker"] as const) {
      expect(bare(configText(client, PLAIN, null))).toEqual(text);
      expect(bare(configText(client, PLAIN, "docker.io"))).toEqual(text);
    }
    expect(configText("containerd", PLAIN, null)).toContain("/etc/containerd/certs.d/_default/hosts.toml");
    expect(configText("docker", PLAIN, "docker.io")).toContain("/etc/docker/certs.d/docker.io/hosts.toml");
  });

  test("docker before 29: no way out of the daemon's service, and it says that mirrors fail open", () => {
    const text = configText("docker-28", PLAIN, null);
    expect(bare(text)).toEqual(["[Service]", "IPAddressDeny=any", "IPAddressAllow=localhost"]);
    expect(text).toContain('"registry-mirrors" fails open');
    expect(text).toContain("docker pull 127.0.0.1:5005/docker.io/NAME:TAG");
    const afar = doorsIn({ upstreams: ["docker.io"], listen: ["203.0.113.9:5005"] });
    expect(bare(configText("docker-28", afar, null))).toContain("IPAddressAllow=203.0.113.9");
  });

  test("k3s: both files, by a script that shellcheck likes and that overwrites no file of others", async () => {
    const folder = await makeFolder("k3s");
    const place = join(folder.path, "etc/rancher/k3s");
    const script = configText("k3s", PLAIN, null).replaceAll("/etc/rancher", `${folder.path}/etc/rancher`);
    const file = join(folder.path, "script.sh");
    await writeFile(file, script);
    execFileSync("shellcheck", [file]);
    for (let turn = 0; turn < 2; turn++) execFileSync("sh", [file]);
    expect(parse(await readFile(join(place, "registries.yaml"), "utf8"))).toEqual({
      mirrors: {
        "docker.io": { endpoint: ["http://127.0.0.1:5005"] },
        "ghcr.io": { endpoint: ["http://127.0.0.1:5005"] },
      },
    });
    const config = parse(await readFile(join(place, "config.yaml.d/50-tofu3.yaml"), "utf8")) as unknown;
    expect(config).toEqual({ "disable-default-registry-endpoint": true });
    await mkdir(place, { recursive: true });
    await writeFile(join(place, "registries.yaml"), "mirrors: {}\n");
    expect(() => execFileSync("sh", [file], { stdio: "pipe" })).toThrow(/join the mirrors by hand/);
    expect(await readFile(join(place, "registries.yaml"), "utf8")).toBe("mirrors: {}\n");
    await folder.remove();
  });

  test("brew: both variables, and the address of its own where there is one", () => {
    expect(bare(configText("brew", PLAIN, null))).toEqual([
      "HOMEBREW_ARTIFACT_DOMAIN=http://127.0.0.1:5005/v2/ghcr.io",
      "HOMEBREW_ARTIFACT_DOMAIN_NO_FALLBACK=1",
    ]);
    const doors = doorsIn({ upstreams: ["ghcr.io"], listen: ["127.0.0.1:5005", "127.0.0.1:5006=ghcr.io"] });
    expect(bare(configText("brew", doors, null))[0]).toBe("HOMEBREW_ARTIFACT_DOMAIN=http://127.0.0.1:5006");
  });

  test("https and authentication: no text allows plain http, and each says how to log in", () => {
    const serve = {
      upstreams: ["docker.io"],
      listen: ["0.0.0.0:5005"],
      hosts: ["gate.lab"],
      tls: { certificate: "a.pem", key: "a.key" },
      auth: { tokens: [{ name: "ci", sha256: "0".repeat(64) }] },
    };
    const texts = sameText(doorsIn(serve));
    for (const text of Object.values(texts)) expect(text).not.toMatch(/insecure|http:\/\//);
    expect(texts["podman"]).toContain("podman login gate.lab:5005");
    expect(texts["containerd"]).toContain('Authorization = ["Basic …"]');
    expect(texts["docker-28"]).toContain("docker login gate.lab:5005");
    expect(texts["k3s"]).toContain("auth: { username: NAME, password: TOKEN }");
    expect(texts["brew"]).toContain("HOMEBREW_DOCKER_REGISTRY_BASIC_AUTH_TOKEN=");
  });

  test.each(CLIENT_NAMES)(
    "%s: says where it goes, how it was made, and how to try it; lines fit a screen",
    (client) => {
      const text = configText(client, PLAIN, "docker.io");
      expect(text).toContain(`tofu3 serve config ${client} --registry docker.io`);
      expect(text).toMatch(/^# File: |sudo sh/m);
      expect(text.endsWith("\n") && !text.endsWith("\n\n\n")).toBe(true);
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(130);
      if (client !== "k3s") expect(text).toMatch(/tofu3 serve check /);
    },
  );
});

describe("mistakes", () => {
  const refused = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (error) {
      return error;
    }
  };
  test("a client that nobody knows", () => {
    expect(refused(() => clientNamed("podmann", CLIENT_NAMES))).toMatchObject({
      code: "E_USAGE",
      hint: expect.stringMatching(/^did you mean podman\? one of: podman, buildah/) as string,
    });
    expect(refused(() => clientNamed("\u001b[2J", CLIENT_NAMES))).toMatchObject({
      message: expect.stringContaining("u{1b}") as string,
    });
    expect(clientNamed("Podman", CLIENT_NAMES)).toBe("podman" satisfies ClientName);
  });
  test("nothing to gate, or not this", () => {
    expect(refused(() => configText("podman", doorsIn({}), null))).toMatchObject({ code: "E_USAGE" });
    expect(configText("podman", doorsIn({}), "quay.io")).toContain("127.0.0.1:5005/quay.io");
    expect(refused(() => configText("podman", PLAIN, "quay.io"))).toMatchObject({ code: "E_USAGE" });
  });
});
