import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { run, type Outcome } from "../lab/cli.ts";
import { writeConfig } from "../lab/config.ts";
import { makeImage } from "../lab/image.ts";
import { makeFolder } from "../lab/processes.ts";
import { pushExactly } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { startSshd } from "../lab/sshd.ts";
import { useLab } from "../lab/uselab.ts";

const lab = useLab();
const PASSWORD = "s3cret-Pa55/word";
const USER = { user: "lab", password: PASSWORD };
const REFRESH = "refresh-s3cret-0f-the-lab";
const BASIC = Buffer.from(`lab:${PASSWORD}`).toString("base64");

const [basic, bearer, fra, sgp, folder] = await Promise.all([
  lab(startRegistry({ htpasswd: USER })),
  lab(startRegistry({ token: { users: [USER], identityToken: REFRESH } })),
  lab(startSshd()),
  lab(startSshd()),
  makeFolder("credentials").then(async (made) => lab(Promise.resolve({ ...made, stop: made.remove }))),
]);
const image = makeImage({ layers: [2000] });
for (const registry of [basic, bearer]) await pushExactly(registry, "team/app", "1", image);

/** A home with these files, the helpers in its bin. */
async function homeWith(files: Readonly<Record<string, string>>): Promise<string> {
  const home = await mkdtemp(join(folder.path, "home-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), text);
    if (name.startsWith("bin/")) await chmod(join(home, name), 0o755);
  }
  return home;
}

const auths = (key: string, entry: object = { auth: BASIC }): string => JSON.stringify({ auths: { [key]: entry } });

/** A credential helper that knows one server, and is asked for it on its stdin. */
const helper = (server: string): string =>
  `#!/bin/sh\nread -r asked\n[ "$1 $asked" = "get ${server}" ] || { echo "credentials not found in native keychain"; exit 1; }\n` +
  `printf '{"ServerURL":"${server}","Username":"lab","Secret":"${PASSWORD}"}'\n`;

interface Row {
  readonly what: string;
  readonly registry: Registry;
  readonly files: Readonly<Record<string, string>>;
  readonly env?: (home: string) => Readonly<Record<string, string>>;
  readonly args?: (home: string) => readonly string[];
}

const withHelper = (home: string): Record<string, string> => ({ PATH: `${home}/bin:${process.env["PATH"] ?? ""}` });
const CONFIG = ".docker/config.json";
const port = basic.host.split(":")[1] ?? "";

const GOOD: readonly Row[] = [
  { what: "~/.docker/config.json", registry: basic, files: { [CONFIG]: auths(basic.host) } },
  { what: "a key with https:// and /v1/, as old docker wrote it", registry: basic, files: { [CONFIG]: auths(`https://${basic.host}/v1/`) } },
  { what: "DOCKER_CONFIG", registry: basic, files: { "d/config.json": auths(basic.host) }, env: (home) => ({ DOCKER_CONFIG: `${home}/d` }) },
  { what: "REGISTRY_AUTH_FILE", registry: basic, files: { "auth.json": auths(basic.host) }, env: (home) => ({ REGISTRY_AUTH_FILE: `${home}/auth.json` }) },
  { what: "--authfile", registry: basic, files: { "auth.json": auths(basic.host) }, args: (home) => ["--authfile", `${home}/auth.json`] },
  { what: "podman's auth.json in XDG_RUNTIME_DIR", registry: basic, files: { "run/containers/auth.json": auths(basic.host) }, env: (home) => ({ XDG_RUNTIME_DIR: `${home}/run` }) },
  { what: "podman's key with a path", registry: basic, files: { ".config/containers/auth.json": auths(`${basic.host}/team`) } },
  { what: "credsStore", registry: basic, files: { [CONFIG]: '{"credsStore":"lab"}', "bin/docker-credential-lab": helper(basic.host) }, env: withHelper },
  { what: "credHelpers", registry: basic, files: { [CONFIG]: JSON.stringify({ credHelpers: { [basic.host]: "lab" } }), "bin/docker-credential-lab": helper(basic.host) }, env: withHelper },
  { what: "user and password for a token", registry: bearer, files: { [CONFIG]: auths(bearer.host) } },
  { what: "an identity token, traded by OAuth2", registry: bearer, files: { [CONFIG]: auths(bearer.host, { auth: Buffer.from("lab:").toString("base64"), identitytoken: REFRESH }) } },
]; // prettier-ignore

const BAD: readonly Row[] = [
  { what: "nothing", registry: basic, files: {} },
  { what: "credentials for the host without its port", registry: basic, files: { [CONFIG]: auths("127.0.0.1") } },
  { what: "credentials for a port that begins alike", registry: basic, files: { [CONFIG]: auths(`127.0.0.1:${port.slice(0, -1)}`) } },
  { what: "credentials for a host that begins alike", registry: basic, files: { [CONFIG]: auths(`${basic.host}.evil.example`) } },
  { what: "credentials for another path", registry: basic, files: { ".config/containers/auth.json": auths(`${basic.host}/tea`) } },
  { what: "credentials for Docker Hub", registry: basic, files: { [CONFIG]: auths("https://index.docker.io/v1/") } },
  { what: "a helper that knows another server", registry: basic, files: { [CONFIG]: '{"credsStore":"lab"}', "bin/docker-credential-lab": helper("other:1") }, env: withHelper },
  { what: "an identity token where a password is needed", registry: basic, files: { [CONFIG]: auths(basic.host, { identitytoken: REFRESH }) } },
]; // prettier-ignore

function expectNoSecret(...texts: readonly string[]): void {
  for (const text of texts) for (const secret of [PASSWORD, BASIC, REFRESH]) expect(text).not.toContain(secret);
}

async function tags({ registry, files, env, args }: Row): Promise<Outcome> {
  const home = await homeWith(files);
  const ended = await run(["tags", `${registry.host}/team/app`, "--log-level", "debug", ...(args?.(home) ?? [])], {
    cwd: home,
    env: { HOME: home, ...env?.(home) },
  });
  expectNoSecret(ended.stdout, ended.stderr);
  return ended;
}

describe("credentials are found in", () => {
  test.each(GOOD)("$what", async (row) => {
    expect(await tags(row)).toMatchObject({ code: 0, stdout: "1\n" });
  });
});

describe("and not made up from", () => {
  test.each(BAD)("$what", async (row) => {
    const ended = await tags(row);
    expect(ended).toMatchObject({ code: 12, stdout: "" });
    expect(ended.stderr).toMatch(
      /tofu3: error: 127\.0\.0\.1:[0-9]+ asks for a user name and a password, and this worker has/,
    );
  });
});

test("an identity token travels in the body of a POST and stands in no URL", () => {
  const posts = bearer.tokenServer?.requests.filter((each) => each.method === "POST") ?? [];
  expect(posts.map((each) => each.parameters.get("grant_type"))).toEqual(["refresh_token"]);
  expect(
    bearer.tokenServer?.requests.some((each) => each.method === "GET" && each.parameters.toString().includes(REFRESH)),
  ).toBe(false);
});

describe("a VM gets credentials only where forwardCredentials says so", () => {
  async function verify(registry: Registry, forward: boolean): Promise<Outcome & { readonly seen: readonly string[] }> {
    const home = await homeWith({ [CONFIG]: auths(registry.host) });
    const workers = [
      { name: "fra", vm: fra },
      { name: "sgp", vm: sgp },
    ].map((each) => ({ ...each, ...(forward ? { forwardCredentials: true } : {}) }));
    const config = await writeConfig(home, { workers, registries: [registry] });
    const seen = new Set<string>();
    const watch = setInterval(() => [fra, sgp].forEach((vm) => vm.processesOf().forEach((line) => seen.add(line))), 15);
    const args = ["verify", `${registry.host}/team/app:1`, "--json", "--log-level", "debug", "--report", "report.md"];
    const ended = await run([...args, "--config", config], { cwd: home, env: { HOME: home } });
    clearInterval(watch);
    return { ...ended, seen: [...seen] };
  }

  test.each([
    { what: "with htpasswd", registry: basic },
    { what: "behind a token service", registry: bearer },
  ])("a registry $what: refused without, agreed with it, and no secret anywhere", async ({ registry }) => {
    const without = await verify(registry, false);
    expect(without.code).toBe(12);
    const evidence = JSON.parse(without.stdout) as {
      observations: { worker: string; outcome: string; error: { code: string } | null }[];
    };
    expect(evidence.observations.map(({ worker, outcome, error }) => [worker, outcome, error?.code])).toEqual([
      ["fra", "refused", "E_AUTH"],
      ["here", "saw", undefined],
      ["sgp", "refused", "E_AUTH"],
    ]);
    const ended = await verify(registry, true);
    expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: "agreed", quorum: "3/3" });
    expect(ended.seen.length).toBeGreaterThan(0);
    expectNoSecret(without.stdout, without.stderr, ended.stdout, ended.stderr, ...ended.seen, fra.log(), sgp.log());
  });
});
