import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { askHelper } from "../../../src/config/docker/helper.ts";
import { readDockerCredentials } from "../../../src/config/docker/credentials.ts";
import type { Credentials } from "../../../src/model/credentials.ts";
import { folderWith, thrownBy } from "../folder.ts";

const signal = new AbortController().signal;
const HUB = "https://index.docker.io/v1/";

function shown(credentials: Credentials | null): string | null {
  if (credentials === null) return null;
  return "identityToken" in credentials
    ? `<token>:${credentials.identityToken.reveal()}`
    : `${credentials.username}:${credentials.password.reveal()}`;
}

/** A PATH with `docker-credential-NAME` scripts; each notes what it was called with in `calls`. */
async function helpers(scripts: Readonly<Record<string, string>>): Promise<{ folder: string; env: { PATH: string } }> {
  const files = Object.entries(scripts).map(([name, body]) => {
    const note =
      'read -r server || true\necho "$0 $* $server" | sed "s,.*/docker-credential-,," >>"$(dirname "$0")/calls"';
    return [`docker-credential-${name}`, `#!/bin/sh\n${note}\n${body}\n`];
  });
  const folder = await folderWith({ calls: "", ...(Object.fromEntries(files) as Record<string, string>) }, 0o700);
  return { folder, env: { PATH: `${folder}:/usr/bin:/bin` } };
}

const answer = (user: string, secret: string): string =>
  `echo '${JSON.stringify({ ServerURL: "x", Username: user, Secret: secret })}'`;
const NONE = 'echo "credentials not found in native keychain"; exit 1';

describe("docker-credential-x get", () => {
  test.each([
    { script: answer("kim", "pass"), is: "kim:pass" },
    { script: answer("<token>", "refresh"), is: "<token>:refresh" },
    { script: answer("", ""), is: null },
    { script: NONE, is: null },
    { script: `echo noise >&2; ${answer("kim", "pass")}`, is: "kim:pass" },
  ])("$script: $is", async ({ script, is }) => {
    const { env } = await helpers({ x: script });
    expect(shown(await askHelper("x", "r.example", { env }, signal))).toBe(is);
  });

  test.each([
    { script: "echo hunter2; echo hunter2 >&2; exit 1", says: /docker-credential-x failed with status 1$/ },
    { script: 'echo "{\\"Username\\": \\"hunter2\\""', says: /did not answer with Username and Secret in JSON$/ },
    {
      script: 'echo "{\\"Username\\": \\"hunter2\\", \\"Secret\\": 1}"',
      says: /did not answer with Username and Secret in JSON$/,
    },
    { script: "exec 0<&-; sleep 0.2; echo hunter2 >&2; exit 3", says: /failed with status 3$/ },
    { script: "while :; do echo hunter2 >&2; done", says: /answered with more than 65536 bytes$/ },
    { script: "trap '' TERM; while :; do sleep 1; done", says: /gave no answer within 0\.5 seconds$/ },
    { script: "true", says: /did not answer with Username and Secret in JSON$/ },
    { script: "kill -9 $$", says: /was killed$/ },
    { script: "while :; do echo hunter2; done", says: /answered with more than 65536 bytes$/ },
    { script: "exec sleep 60", says: /gave no answer within 0\.5 seconds$/ },
    { script: "sleep 3 & echo '{}'; exit 0", says: /gave no answer within 0\.5 seconds$/ },
  ])("$script", async ({ script, says }) => {
    const { env } = await helpers({ x: script });
    const error = await thrownBy(askHelper("x", "r.example", { env, limitSeconds: 0.5 }, signal));
    expect(error).toMatchObject({
      code: "E_CREDENTIALS",
      message: expect.stringMatching(says) as string,
      hint: "echo r.example | docker-credential-x get",
    });
    expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
  });

  test("a helper that closes its stdin before the server is written to it is judged by its answer", async () => {
    const folder = await folderWith(
      { "docker-credential-x": `#!/bin/sh\nexec 0<&-\n${answer("kim", "pass")}\n` },
      0o700,
    );
    const env = { PATH: `${folder}:/usr/bin:/bin` };
    // more than a pipe holds, so that writing fails for sure
    expect(shown(await askHelper("x", "r".repeat(1024 * 1024), { env }, signal))).toBe("kim:pass");
  });

  test("a helper that may not be run is told by name", async () => {
    const folder = await folderWith({ "docker-credential-x": "#!/bin/sh\n" }, 0o600);
    const error = await thrownBy(askHelper("x", "r.example", { env: { PATH: folder } }, signal));
    expect(error).toMatchObject({
      code: "E_CREDENTIALS",
      message: 'cannot get the credentials for "r.example": docker-credential-x cannot be run (EACCES)',
    });
  });

  test("a helper that is not there is told by name", async () => {
    const { env } = await helpers({});
    const error = await thrownBy(askHelper("gone", "r.example", { env }, signal));
    expect(error).toMatchObject({
      code: "E_CREDENTIALS",
      message: 'cannot get the credentials for "r.example": docker-credential-gone cannot be run (ENOENT)',
    });
  });

  test.each(["", "../x", "x y", "x;true", "x/y", "$(x)"])("%j is not the name of a helper", async (name) => {
    expect(await thrownBy(askHelper(name, "r.example", { env: {} }, signal))).toMatchObject({ code: "E_CREDENTIALS" });
  });

  test("the signal ends it at once and kills it", async () => {
    const { env, folder } = await helpers({
      x: `trap "" TERM; echo $$ >"$(dirname "$0")/pid"; while :; do sleep 1; done`,
    });
    const controller = new AbortController();
    const asking = thrownBy(askHelper("x", "r.example", { env }, controller.signal));
    const readPid = async (): Promise<number> => Number(await readFile(join(folder, "pid"), "utf8").catch(() => "0"));
    while ((await readPid()) === 0) await sleep(20);
    controller.abort(new Error("stopped"));
    expect(await asking).toMatchObject({ message: "stopped" });
    const pid = await readPid();
    const isAlive = async (): Promise<boolean> =>
      !/^\d+ \(.*\) [ZX]/.test(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "0 () X"));
    for (let waited = 0; waited < 100 && (await isAlive()); waited++) await sleep(20);
    expect(await isAlive()).toBe(false);
  });
});

describe("credHelpers before credsStore before auths", () => {
  const auth = Buffer.from("in:auths").toString("base64");
  const scripts = { own: answer("in", "own"), store: answer("in", "store"), none: NONE };
  test.each([
    {
      why: "a helper of its own",
      config: { credHelpers: { r: "own" }, credsStore: "store", auths: { r: { auth } } },
      is: "in:own",
      calls: "own get r",
    },
    {
      why: "a helper of its own has the last word",
      config: { credHelpers: { r: "none" }, credsStore: "store", auths: { r: { auth } } },
      is: null,
      calls: "none get r",
    },
    {
      why: "the helper of another registry is not asked",
      config: { credHelpers: { r2: "own", "r:5000": "own" }, auths: { r: { auth } } },
      is: "in:auths",
      calls: "",
    },
    { why: "the store", config: { credsStore: "store", auths: { r: { auth } } }, is: "in:store", calls: "store get r" },
    {
      why: "auths, where the store has none",
      config: { credsStore: "none", auths: { r: { auth } } },
      is: "in:auths",
      calls: "none get r",
    },
    { why: "nothing anywhere", config: { credsStore: "none", auths: { r: {} } }, is: null, calls: "none get r" },
    {
      why: "Docker Hub under the name that docker login uses",
      config: { credsStore: "store" },
      at: "docker.io",
      is: "in:store",
      calls: `store get ${HUB}`,
    },
    {
      why: "Docker Hub under both names",
      config: { credHelpers: { "index.docker.io": "none" } },
      at: "docker.io",
      is: null,
      calls: `none get ${HUB}\nnone get docker.io`,
    },
  ])("$why", async ({ config, at, is, calls }) => {
    const { folder, env } = await helpers(scripts);
    const home = await folderWith({ ".docker/config.json": JSON.stringify(config) });
    const credentialsFor = await readDockerCredentials(null, { env, home, cwd: home }, signal);
    const asked = await Promise.all([
      credentialsFor(at ?? "r", "a"),
      credentialsFor(at ?? "r", "b"),
      credentialsFor(at ?? "r", "a"),
    ]);
    expect(asked.map(shown)).toEqual([is, is, is]);
    expect((await readFile(join(folder, "calls"), "utf8")).trim()).toBe(calls);
  });
});
