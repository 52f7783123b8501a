import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { readDockerCredentials } from "../../../src/config/docker/credentials.ts";
import type { Credentials } from "../../../src/model/credentials.ts";
import { folderWith, thrownBy } from "../folder.ts";

const signal = new AbortController().signal;
const base64 = (text: string): string => Buffer.from(text, "latin1").toString("base64");
const auths = (entries: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    auths: Object.fromEntries(Object.entries(entries).map(([key, pair]) => [key, { auth: base64(pair) }])),
  });

/** `user:password`, `<token>:…` for an identity token, null for none. */
function shown(credentials: Credentials | null): string | null {
  if (credentials === null) return null;
  return "identityToken" in credentials
    ? `<token>:${credentials.identityToken.reveal()}`
    : `${credentials.username}:${credentials.password.reveal()}`;
}

async function lookUp(file: string, hostPort: string, repository = "team/app"): Promise<string | null> {
  const home = await folderWith({ ".docker/config.json": file });
  return shown(await (await readDockerCredentials(null, { env: {}, home, cwd: home }, signal))(hostPort, repository));
}

describe("which entry of auths", () => {
  const several = auths({
    "r.example": "a:host",
    "r.example:5000": "b:port",
    "r.example/team": "c:team",
    "r.example/team/app": "d:app",
    "r.example/tea": "e:prefix",
    "https://old.example/v1/": "f:scheme",
    "http://plain.example:81": "g:http",
    "r.example/slash/": "h:slash",
    "Upper.Example": "i:case",
  });
  test.each([
    { at: "r.example", of: "other/app", is: "a:host" },
    { at: "r.example:5000", of: "team/app", is: "b:port" },
    { at: "r.example", of: "team/app", is: "d:app" },
    { at: "r.example", of: "team/app/deep", is: "d:app" },
    { at: "r.example", of: "team/application", is: "c:team" },
    { at: "r.example", of: "team", is: "c:team" },
    { at: "r.example", of: "teams/app", is: "a:host" },
    { at: "r.example", of: "slash/app", is: "h:slash" },
    { at: "R.Example", of: "other/app", is: "a:host" },
    { at: "upper.example", of: "x", is: "i:case" },
    { at: "old.example", of: "team/app", is: "f:scheme" },
    { at: "plain.example:81", of: "x", is: "g:http" },
    { at: "plain.example", of: "x", is: null },
    { at: "r.example:5001", of: "team/app", is: null },
    { at: "r.example:443", of: "team/app", is: null },
    { at: "r.example.evil.example", of: "team/app", is: null },
    { at: "evil-r.example", of: "team/app", is: null },
    { at: "example", of: "team/app", is: null },
    { at: "r.exampl", of: "team/app", is: null },
    { at: "not a host", of: "team/app", is: null },
    { at: "__proto__", of: "team/app", is: null },
  ])("$at $of: $is", async ({ at, of, is }) => {
    expect(await lookUp(several, at, of)).toBe(is);
  });

  test.each([
    { keys: { "https://index.docker.io/v1/": "a:1" }, is: "a:1" },
    { keys: { "index.docker.io/v1/": "a:1" }, is: "a:1" },
    { keys: { "index.docker.io": "a:1" }, is: "a:1" },
    { keys: { "registry-1.docker.io": "a:1" }, is: "a:1" },
    { keys: { "index.docker.io": "c:3", "https://index.docker.io/v1/": "b:2", "docker.io": "a:1" }, is: "a:1" },
    { keys: { "index.docker.io": "c:3", "https://index.docker.io/v1/": "b:2" }, is: "b:2" },
    { keys: { "docker.io": "a:1", "docker.io/library": "d:4" }, is: "d:4" },
    { keys: { "docker.io/libr": "d:4", "hub.docker.com": "e:5", "docker.io.evil.example": "f:6" }, is: null },
  ])("Docker Hub: $keys", async ({ keys, is }) => {
    const file = auths(keys);
    for (const hub of ["docker.io", "index.docker.io", "registry-1.docker.io"])
      expect(await lookUp(file, hub, "library/hello")).toBe(is);
  });
});

describe("what an entry says", () => {
  test.each([
    { entry: { auth: base64("kim:p:a:ss") }, is: "kim:p:a:ss" },
    { entry: { auth: base64("kim:pass\0\0") }, is: "kim:pass" },
    { entry: { auth: base64("kim:") }, is: "kim:" },
    { entry: { username: "kim", password: "pass" }, is: "kim:pass" },
    { entry: { auth: base64("a:b"), username: "kim", password: "pass" }, is: "a:b" },
    { entry: { auth: base64("0000:"), identitytoken: "refresh" }, is: "<token>:refresh" },
    { entry: { email: "kim@example.org", auth: "" }, is: null },
    { entry: {}, is: null },
    { entry: null, is: null },
    { entry: { username: "kim" }, is: null },
  ])("$entry: $is", async ({ entry, is }) => {
    expect(await lookUp(JSON.stringify({ auths: { r: entry }, HttpHeaders: { a: 1 }, psFormat: "x" }), "r")).toBe(is);
  });

  test.each(["", " \n", "{}", '{"auths": null}', '{"auths": {}}', '\ufeff{"auths": {}}'])(
    "an empty file (%j) has none",
    async (file) => {
      expect(await lookUp(file, "r")).toBeNull();
    },
  );
});

describe("a bad file", () => {
  test.each([
    {
      file: '{"auths": {"r": {"auth": "aHVudGVyMjp4"',
      says: /config\.json": it is not JSON \(line 1, column \d+\)$|it is not JSON$/,
    },
    { file: '{\n "auths": {"r": hunter2}}', says: /it is not JSON/ },
    { file: "[]", says: /: the whole file must be an object$/ },
    { file: '{"auths": ["hunter2"]}', says: /: "auths" must be an object$/ },
    { file: '{"auths": {"r": "hunter2"}}', says: /: "auths" > "r" must be an object$/ },
    { file: '{"auths": {"r": {"auth": 42}}}', says: /: "auths" > "r" > "auth" must be a string$/ },
    { file: '{"credsStore": ["hunter2"]}', says: /: "credsStore" must be a string$/ },
    {
      file: '{"auths": {"r": {"auth": "hunter2!"}}}',
      says: /: auths > "r" > auth is not the base64 of "user:password"$/,
    },
    {
      file: `{"auths": {"r": {"auth": "${base64("kim:hunter2")}!"}}}`,
      says: /auth is not the base64 of "user:password"$/,
    },
    { file: `{"auths": {"r": {"auth": "${base64("hunter2")}"}}}`, says: /auth is not the base64 of "user:password"$/ },
    { file: `{"auths": {"r": {"auth": "${base64(":hunter2")}"}}}`, says: /auth is not the base64 of "user:password"$/ },
    { file: '{"credsStore": "../hunter2"}', says: /has something that is not the name of a helper$/ },
    { file: '{"credHelpers": {"r": "hunter2 x"}}', says: /has something that is not the name of a helper$/ },
  ])("$file", async ({ file, says }) => {
    const error = await thrownBy(lookUp(file, "r"));
    expect(error).toMatchObject({ code: "E_CREDENTIALS", message: expect.stringMatching(says) as string });
    expect(inspect(error, { depth: 9 })).not.toMatch(/hunter2|aHVudGVy/);
  });

  test("an entry that cannot be read harms only its own registry", async () => {
    expect(await lookUp(`{"auths": {"bad": {"auth": "!"}, "r": {"auth": "${base64("a:b")}"}}}`, "r")).toBe("a:b");
  });
});

describe("which file", () => {
  const files = {
    "flag.json": auths({ r: "in:flag" }),
    "env.json": auths({ r: "in:env" }),
    "docker/config.json": auths({ r: "in:docker_config" }),
    "home/.docker/config.json": auths({ r: "in:home", only: "home:only" }),
    "run/containers/auth.json": auths({ r: "in:runtime", podman: "in:runtime" }),
    "xdg/containers/auth.json": auths({ r: "in:xdg", podman: "in:xdg", late: "in:xdg" }),
    "home/.config/containers/auth.json": auths({ r: "in:config", late: "in:config" }),
    "empty/x": "",
  };
  const folders = { DOCKER_CONFIG: "docker", XDG_RUNTIME_DIR: "<>/run", XDG_CONFIG_HOME: "<>/xdg" };
  const all = { REGISTRY_AUTH_FILE: "env.json", ...folders };
  test.each<{ why: string; flag?: string; env: Record<string, string>; at?: string; is: string | null }>([
    { why: "--authfile", flag: "flag.json", env: all, is: "in:flag" },
    { why: "--authfile is the only one", flag: "flag.json", env: all, at: "podman", is: null },
    { why: "REGISTRY_AUTH_FILE", env: all, is: "in:env" },
    { why: "REGISTRY_AUTH_FILE is the only one", env: all, at: "podman", is: null },
    { why: "DOCKER_CONFIG", env: folders, is: "in:docker_config" },
    { why: "DOCKER_CONFIG stands for ~/.docker", env: folders, at: "only", is: null },
    { why: "DOCKER_CONFIG without a file in it has none", env: { DOCKER_CONFIG: "empty" }, at: "only", is: null },
    { why: "~/.docker", env: { REGISTRY_AUTH_FILE: "", DOCKER_CONFIG: "" }, is: "in:home" },
    { why: "podman's, where docker's has nothing", env: folders, at: "podman", is: "in:runtime" },
    { why: "podman's lasting one, where the other has nothing", env: folders, at: "late", is: "in:xdg" },
    { why: "~/.config is the last", env: {}, at: "late", is: "in:config" },
    { why: "nowhere", env: folders, at: "unknown", is: null },
  ])("$why", async ({ flag, env, at, is }) => {
    const folder = await folderWith(files);
    const filled = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, value.replace("<>", folder)]));
    const credentialsFor = await readDockerCredentials(
      flag ?? null,
      { env: filled, home: join(folder, "home"), cwd: folder },
      signal,
    );
    expect(shown(await credentialsFor(at ?? "r", "app"))).toBe(is);
  });

  test.each([
    { why: "--authfile", flag: "no.json", env: {} },
    { why: "REGISTRY_AUTH_FILE", flag: null, env: { REGISTRY_AUTH_FILE: "no.json" } },
  ])("$why names a file that is not there", async ({ why, flag, env }) => {
    const cwd = await folderWith({});
    const error = await thrownBy(readDockerCredentials(flag, { env, home: cwd, cwd }, signal));
    expect(error).toMatchObject({
      code: "E_CREDENTIALS",
      message: expect.stringMatching(new RegExp(`no\\.json", which ${why} names: there is no such file$`)) as string,
      hint: expect.stringContaining("docker login") as string,
    });
  });

  test("no file at all is no error", async () => {
    const cwd = await folderWith({});
    expect(await (await readDockerCredentials(null, { env: {}, home: cwd, cwd }, signal))("r", "app")).toBeNull();
  });
});
