import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run, type Outcome } from "../lab/cli.ts";
import { writeConfig } from "../lab/config.ts";
import { makeImage } from "../lab/image.ts";
import { makeFolder } from "../lab/processes.ts";
import { pushExactly } from "../lab/push.ts";
import { startRegistry } from "../lab/registry.ts";
import { startSocksProxy, type SocksProxy, type SocksRules } from "../lab/socks.ts";
import { startSshd } from "../lab/sshd.ts";
import { startTinyproxy } from "../lab/tinyproxy.ts";
import { useLab } from "../lab/uselab.ts";
import { VANTAGES } from "./world.ts";

const lab = useLab();
const NAME = "registry.lab";
const [fra, sgp, registry, folder] = await Promise.all([
  lab(startSshd()),
  lab(startSshd()),
  lab(startRegistry({ tls: { names: [NAME] } })),
  makeFolder("proxies").then(async (made) => lab(Promise.resolve({ ...made, stop: made.remove }))),
]);
await pushExactly(registry, "team/app", "1", makeImage({ layers: [3000, 400_000] }));
const port = registry.host.split(":")[1] ?? "";
const PASSWORD = "p@ss:w0rd/%";

async function socks(rules: SocksRules = { hosts: { [NAME]: "127.0.0.1" } }): Promise<SocksProxy> {
  const proxy = await startSocksProxy(rules);
  await lab(Promise.resolve({ stop: () => proxy.close() }));
  return proxy;
}

/** `verify` with one proxy for each worker; everything that was written, the report included, is in `told`. */
async function verify(
  host: string,
  proxies: Readonly<Record<string, string>>,
): Promise<Outcome & { readonly told: string }> {
  const cwd = await mkdtemp(join(folder.path, "run-"));
  await mkdir(join(cwd, "home"));
  const config = await writeConfig(cwd, {
    local: { proxy: proxies["here"] ?? "" },
    workers: [
      { name: "fra", vm: fra, proxy: proxies["fra"] ?? "" },
      { name: "sgp", vm: sgp, proxy: proxies["sgp"] ?? "" },
    ],
    others: {
      registries: { [`${host}:${port}`]: { caFile: registry.caFile } },
      limits: { retries: 0, connectSeconds: 20, idleSeconds: 20, totalSeconds: 50 },
    },
  });
  const args = ["verify", `${host}:${port}/team/app:1`, "--json", "--log-level", "debug", "--report", "report.md"];
  const ended = await run([...args, "--config", config], { cwd, env: { HOME: join(cwd, "home") } });
  return { ...ended, told: ended.stdout + ended.stderr + (await readFile(join(cwd, "report.md"), "utf8")) };
}

const encoded = (user: string, password: string): string =>
  `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;

describe("SOCKS5 with names that only the proxy knows, as Tor is used", () => {
  test("each worker goes through its own, and none asks this machine's resolver", async () => {
    const each = await Promise.all(VANTAGES.map(async (name) => [name, await socks()] as const));
    const ended = await verify(
      NAME,
      Object.fromEntries(each.map(([name, proxy]) => [name, `socks5h://127.0.0.1:${proxy.port}`])),
    );
    expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: "agreed", quorum: "3/3" });
    for (const [, proxy] of each) expect(new Set(proxy.asked)).toEqual(new Set([`name ${NAME}:${port}`]));
  });

  test("with a user and a password of their own, which are written nowhere", async () => {
    const credentials = { username: "circuit one", password: PASSWORD };
    const proxy = await socks({ hosts: { [NAME]: "127.0.0.1" }, credentials });
    const url = `socks5h://${encoded(credentials.username, credentials.password)}@127.0.0.1:${proxy.port}`;
    const ended = await verify(NAME, { fra: url, here: url, sgp: url });
    expect(ended.code).toBe(0);
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)])
      expect(ended.told + fra.log() + sgp.log()).not.toContain(secret);
  });

  test("socks5 without h looks the name up before, and cannot here", async () => {
    const proxy = await socks();
    const url = `socks5://127.0.0.1:${proxy.port}`;
    const ended = await verify("no-such-name.invalid", { fra: url, here: url, sgp: url });
    expect(ended.code).toBe(12);
    expect(proxy.asked).toEqual([]);
  });
});

describe("an HTTP proxy with CONNECT", () => {
  const auth = { user: "lab", password: "w0rd-0f-the-proxy" };

  test("carries https of all workers; its password is written nowhere", async () => {
    const proxy = await lab(startTinyproxy({ auth }));
    const ended = await verify("127.0.0.1", { fra: proxy.url, here: proxy.url, sgp: proxy.url });
    expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: "agreed", quorum: "3/3" });
    // the lab itself asks for / to see that the proxy is there
    expect(new Set(proxy.requests().filter((request) => request !== "GET /"))).toEqual(
      new Set([`CONNECT 127.0.0.1:${port}`]),
    );
    const base64 = Buffer.from(`${auth.user}:${auth.password}`).toString("base64");
    for (const secret of [auth.password, base64]) expect(ended.told + fra.log() + sgp.log()).not.toContain(secret);
  });

  test("that wants another password is named, and its password is not", async () => {
    const proxy = await lab(startTinyproxy({ auth }));
    const url = `http://lab:wr0ng-word@127.0.0.1:${proxy.port}`;
    const ended = await verify("127.0.0.1", { fra: url, here: url, sgp: url });
    const { outcome, observations } = JSON.parse(ended.stdout) as {
      outcome: string;
      observations: { error: { code: string; message: string } }[];
    };
    expect(outcome).toBe("incomplete");
    expect(observations.map(({ error }) => error.code)).toEqual(["E_PROXY", "E_PROXY", "E_PROXY"]);
    expect(ended.told).not.toContain("wr0ng-word");
  });

  test("that nobody runs is E_PROXY at each worker", async () => {
    const url = "http://lab:wr0ng-word@127.0.0.1:1";
    const ended = await verify("127.0.0.1", { fra: url, here: url, sgp: url });
    expect(ended.code).toBe(12);
    const { observations } = JSON.parse(ended.stdout) as { observations: { error: { code: string } }[] };
    expect(observations.map(({ error }) => error.code)).toEqual(["E_PROXY", "E_PROXY", "E_PROXY"]);
    expect(ended.told).not.toContain("wr0ng-word");
  });
});
