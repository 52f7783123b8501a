import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { resultIn } from "./contract.ts";
import type { WorkerReport } from "../../src/coordinator/check.ts";
import { SCRIPT_FILE } from "../../src/ssh/script/script.ts";
import { run, type Outcome } from "../lab/cli.ts";
import type { LabConfig, LabWorker } from "../lab/config.ts";
import { startLiar } from "../lab/liar.ts";
import { freePort } from "../lab/processes.ts";
import { pushImage } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { startSocksProxy } from "../lab/socks.ts";
import { startTinyproxy } from "../lab/tinyproxy.ts";
import { useLab } from "../lab/uselab.ts";
import { startStage, startVm, type Stage, type Vm } from "./stage.ts";

/** `workers check` with what can be wrong with real VMs, and `verify` beside it. */

const lab = useLab();
let stage: Stage;
let registry: Registry;
beforeAll(async () => {
  [stage, registry] = await Promise.all([lab(startStage()), lab(startRegistry())]);
  await pushImage(registry, { name: "check/it", tag: "v1", layers: [1000] });
});

const SHORT = { limits: { connectSeconds: 4, idleSeconds: 4, retries: 0 } };

async function check(config: Partial<LabConfig>, ...flags: string[]): Promise<Outcome> {
  const file = await stage.configure({ config: { ...config, others: { ...SHORT, ...config.others } } });
  return run(["workers", "check", "--config", file, ...flags], { cwd: await stage.room(), env: { HOME: stage.home } });
}

async function reports(config: Partial<LabConfig>, ...flags: string[]): Promise<Map<string, WorkerReport>> {
  const { stdout, stderr } = await check(config, "--json", ...flags);
  expect(stderr, stdout).toMatch(/^tofu3: reaching /);
  const { workers } = JSON.parse(stdout) as { workers: WorkerReport[] };
  return new Map(workers.map((each) => [each.worker, each]));
}

async function startForced(text: string): Promise<Vm> {
  const file = join(await stage.room(), "worker.sh");
  await writeFile(file, text);
  return lab(startVm({ forcedCommand: `/bin/sh ${file}` }));
}

describe("what is wrong with a worker is told apart", () => {
  test("each state, what the VM said in place of an answer, what to do, and no hint that leads back to this command", async () => {
    const [old, nologin, banner] = await Promise.all([
      startForced(SCRIPT_FILE.replace("begin 5", "begin 1")),
      startForced("echo This account is currently not available.\nexit 1\n"),
      startForced("printf 'Closed until \\033[31mnoon\\n'; exec sleep 60\n"),
    ]);
    const { fra, sgp } = stage;
    const stranger = { ...sgp, identityFile: nologin.identityFile };
    const workers: LabWorker[] = [
      { name: "good", vm: fra },
      { name: "dead", vm: { ...fra, port: await freePort(), hostKeyFingerprint: `SHA256:${"A".repeat(43)}` } },
      { name: "key", vm: { ...sgp, host: "localhost", hostKeyFingerprint: `SHA256:${"B".repeat(42)}A` } },
      { name: "login", vm: stranger },
      { name: "old", vm: old },
      { name: "nologin", vm: nologin },
      { name: "banner", vm: banner },
    ];
    const found = await reports({ workers });
    expect([...found.values()].map(({ worker, state, reachable }) => `${worker} ${state} ${reachable}`)).toEqual([
      "here usable true",
      "good usable true",
      "dead unreachable false",
      "key host-key false",
      "login login-refused false",
      "old old-script false",
      "nologin no-worker false",
      "banner no-worker false",
    ]);
    const seen = await check({ workers });
    expect(seen.code).toBe(12);
    const line = (name: string): string => seen.stdout.split("\n").find((each) => each.startsWith(`${name}: `)) ?? "";
    expect(line("dead")).toMatch(/connection refused; hint: try it by hand: ssh -p \d+ \S+ true$/);
    expect(seen.stdout).toMatch(
      /^THE HOST KEY OF key HAS CHANGED.*\n.* HAS CHANGED: somebody may be answering in its place\n {4}expected SHA256:BB.*, offered SHA256:.*\n {4}nothing was sent/m,
    );
    expect(line("login")).toMatch(/does not let user .* in.*; hint: add the public key/);
    expect(line("old")).toMatch(
      /version 1 of the worker script .* needs version 5; hint: install the new worker script on the VM: /,
    );
    expect(line("nologin")).toMatch(
      /ended with status 1; it said: This account is currently not available\.; hint: check the login shell/,
    );
    expect(line("banner")).toMatch(
      /does not run the worker script; it said: Closed until \\u\{1b\}\[31mnoon; hint: check the login shell/,
    );
    expect(seen.stdout).not.toContain("workers check");
    expect(seen.stdout).toMatch(/^login +ssh +login refused /m);
  });

  test("verify says the same of them: what it said, and install the new script", async () => {
    const [old, banner] = await Promise.all([
      startForced(SCRIPT_FILE.replace("begin 5", "begin 1")),
      startForced("echo Closed until noon; exit 3\n"),
    ]);
    const workers = [
      { name: "fra", vm: old },
      { name: "sgp", vm: banner },
    ];
    const seen = await stage.verify(`${registry.host}/check/it:v1`, { config: { workers } });
    expect(seen.code, seen.stderr).toBe(12);
    const errors = new Map(seen.evidence.observations.map(({ worker, error }) => [worker, error]));
    expect(errors.get("fra")).toMatchObject({
      code: "E_VM_SCRIPT",
      hint: expect.stringContaining("tofu3 workers script") as unknown,
    });
    expect(errors.get("sgp")).toMatchObject({
      code: "E_VM_REPLY",
      message:
        'worker "sgp" lets us in and does not run the worker script: its shell ended with status 3; it said: Closed until noon',
    });
  });

  test("a clock that is 25 h off is a warning: verify agrees, and so does this", async () => {
    const folder = await stage.room();
    await writeFile(join(folder, "date"), '#!/bin/sh\necho $(($(/bin/date "$@") - 90000))\n');
    await chmod(join(folder, "date"), 0o755);
    const late = await lab(startVm({ env: { PATH: `${folder}:/usr/bin:/bin` } }));
    const config = {
      workers: [
        { name: "fra", vm: late },
        { name: "sgp", vm: stage.sgp },
      ],
    };
    const seen = await check(config);
    expect(seen.code, seen.stdout).toBe(0);
    expect(seen.stdout).toMatch(/^fra +ssh +usable .*-(9\d{4}|89999)\.\d s/m);
    expect(seen.stdout).toMatch(/^warning: fra: its clock is -9\d{4} s off.*: set it: timedatectl/m);
    expect((await stage.verify(`${registry.host}/check/it:v1`, { config })).code).toBe(0);
  });
});

describe("proxies and registries", () => {
  const through = (here: string, fra: string, sgp: string): Partial<LabConfig> => ({
    local: { proxy: here },
    workers: [
      { name: "fra", vm: stage.fra, proxy: fra },
      { name: "sgp", vm: stage.sgp, proxy: sgp },
    ],
  });

  test.each(["http", "socks5", "socks5h"])("a dead %s proxy is not usable, here and on a VM", async (scheme) => {
    const [dead, alive] = [`${scheme}://127.0.0.1:${await freePort()}`, await lab(startTinyproxy())];
    const found = await reports(through(dead, dead, alive.url));
    expect([...found.values()].map(({ state }) => state)).toEqual(["lacking", "lacking", "usable"]);
    for (const name of ["here", "fra"])
      expect(found.get(name)?.lacks).toEqual([
        {
          what: expect.stringContaining(`its proxy ${dead} does not answer: `) as unknown,
          todo: "start the proxy, or correct or remove the proxy: line of that worker",
        },
      ]);
    const seen = await check(through(dead, dead, alive.url));
    expect(seen.code).toBe(12);
    expect(seen.stdout).toMatch(/^here: its proxy .* does not answer: connection refused: start the proxy/m);
    expect(seen.stdout).toMatch(/^fra: its proxy .* does not answer: the VM cannot connect to it: start the proxy/m);
  });

  test("proxies that listen are usable, and nobody is asked for anything behind them", async () => {
    const [http, socks, liar] = await Promise.all([lab(startTinyproxy()), startSocksProxy(), lab(startLiar())]);
    const url = `socks5h://127.0.0.1:${socks.port}`;
    const seen = await check({
      ...through(url, http.url, url),
      others: { registries: { [liar.host]: { plainHttp: true } } },
    });
    expect(seen.code, seen.stdout).toBe(0);
    expect([liar.requests, socks.asked, socks.counts.accepted]).toEqual([[], [], 2]);
    await socks.close();
  });

  test("--registry: every worker asks it for /v2/ through its proxy, without credentials", async () => {
    const liar = await lab(startLiar({ vantages: ["here", "fra", "sgp"] }));
    liar.answer("/v2/", { status: 401, headers: { "WWW-Authenticate": 'Basic realm="x"' }, body: "" });
    const seen = await check(
      through(liar.proxyOf("here"), liar.proxyOf("fra"), liar.proxyOf("sgp")),
      "--registry",
      liar.host,
    );
    expect(seen.code, seen.stdout).toBe(0);
    expect(liar.requests.map(({ vantage, method, target }) => `${vantage} ${method} ${target}`).sort()).toEqual([
      "fra GET /v2/",
      "here GET /v2/",
      "sgp GET /v2/",
    ]);
    expect(liar.requests.filter(({ headers }) => "authorization" in headers)).toEqual([]);
  });

  test("--registry that one worker does not reach: 12, who and why", async () => {
    const [alive, dead] = [await lab(startTinyproxy()), `http://127.0.0.1:${await freePort()}`];
    const seen = await check(through(alive.url, dead, alive.url), "--registry", registry.host);
    expect(seen.code, seen.stdout).toBe(12);
    expect(seen.stdout).toMatch(
      new RegExp(
        `^fra: it does not reach ${registry.host}: the VM cannot connect to the proxy .*: check that the proxy`,
        "m",
      ),
    );
    expect(seen.stdout).toMatch(/^here +local +usable/m);
  });

  test("--registry that answers 503 to one worker: 12", async () => {
    const liar = await lab(startLiar({ vantages: ["here", "fra", "sgp"] }));
    liar.answer("/v2/", { body: "{}" });
    liar.lie("sgp", "/v2/", { status: 503, body: "busy" });
    const seen = await check(
      through(liar.proxyOf("here"), liar.proxyOf("fra"), liar.proxyOf("sgp")),
      "--registry",
      liar.host,
    );
    expect(seen.code, seen.stdout).toBe(12);
    expect(seen.stdout).toMatch(new RegExp(`^sgp: ${liar.host} answers 503 to it: `, "m"));
    expect(seen.stdout).toMatch(/^fra +ssh +usable/m);
  });

  test("--registry with plainHttp that speaks TLS: 12 for every worker, and what to remove", async () => {
    const secure = await lab(startRegistry({ tls: true, address: "0.0.0.0" }));
    const host = secure.host.replace(/^.*:(?=\d+$)/, "0.0.0.0:");
    const seen = await check({ others: { registries: { [host]: { plainHttp: true } } } }, "--registry", host);
    expect(seen.code, seen.stdout).toBe(12);
    for (const name of ["here", "fra", "sgp"])
      expect(seen.stdout).toMatch(
        new RegExp(`^${name}: it does not reach ${host}: "${host}" speaks TLS, .*: remove plainHttp`, "m"),
      );
  });

  test.each(["ghcr.io/a", "https://ghcr.io", "library", ""])("--registry %j is no registry: 2", async (name) => {
    const seen = await check({}, "--registry", name);
    expect({ code: seen.code, stdout: resultIn(seen.stdout) }).toEqual({ code: 2, stdout: "" });
    expect(seen.stderr).toMatch(/registry/);
  });
});

test("a home with a known_hosts that nobody can read is told by the worker that needs it", async () => {
  const home = await stage.room();
  await mkdir(join(home, ".ssh", "known_hosts"), { recursive: true });
  const workers = [
    { name: "fra", vm: stage.fra, others: { hostKey: undefined } },
    { name: "sgp", vm: stage.sgp },
  ];
  const file = await stage.configure({ config: { workers } });
  const seen = await run(["workers", "check", "--config", file], { cwd: home, env: { HOME: home } });
  expect(seen.code, seen.stderr).toBe(12);
  expect(seen.stdout).toMatch(/^fra: cannot read the known host keys in /m);
});
