import { spawn } from "node:child_process";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { run, PROGRAM, type Outcome } from "../lab/cli.ts";
import { writeConfig } from "../lab/config.ts";
import { makeImage } from "../lab/image.ts";
import { freePort, launch, makeFolder, until } from "../lab/processes.ts";
import { pushExactly } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { startSshd, type Sshd } from "../lab/sshd.ts";
import { useLab } from "../lab/uselab.ts";
import { startLiar } from "../lab/liar.ts";
import { relay } from "../lab/liar-relay.ts";
import { ask } from "./http/door.ts";

const lab = useLab();
let registry: Registry;
let vms: readonly [Sshd, Sshd];
const image = makeImage({ layers: [100_000] });

beforeAll(async () => {
  registry = await lab(startRegistry());
  await pushExactly(registry, "app", "1", image);
  vms = [await lab(startSshd()), await lab(startSshd())];
});

interface Home {
  readonly config: string;
  readonly store: string;
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
}

async function newHome(serve: Readonly<Record<string, unknown>> = {}, proxy?: string): Promise<Home> {
  const folder = await makeFolder("serve");
  await lab(Promise.resolve({ stop: folder.remove }));
  const [fra, sgp] = vms;
  const config = await writeConfig(folder.path, {
    workers: [
      { name: "fra", vm: fra },
      { name: "sgp", vm: sgp, ...(proxy === undefined ? {} : { proxy }) },
    ],
    others: {
      serve: { listen: ["127.0.0.1:0"], upstreams: [registry.host], store: "./store", minFreeBytes: 0, ...serve },
    },
  });
  const env = { PATH: process.env["PATH"], HOME: folder.path };
  return { config, store: join(folder.path, "store"), env, folder: folder.path };
}

interface Running {
  readonly ports: readonly number[];
  readonly pid: number;
  readonly log: () => string;
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

let count = 0;

async function startGate(home: Home, listeners: number, args: readonly string[] = []): Promise<Running> {
  const gate = launch([process.execPath, PROGRAM, "serve", "--config", home.config, ...args], {
    logFile: join(home.folder, `gate${++count}.log`),
    env: home.env,
  });
  const running = await lab(Promise.resolve(gate));
  let over = false;
  void running.ended.then(() => (over = true));
  const ports = await until("it listens", () => {
    if (over) throw new Error(running.log());
    const found = [...running.log().matchAll(/^tofu3: listening on \S+:([0-9]+)/gm)].map(([, port]) => Number(port));
    return found.length === listeners ? found : undefined;
  });
  return { ports, pid: running.pid, log: running.log, ended: running.ended, stop: running.stop };
}

const tried = (home: Home, args: readonly string[]): Promise<Outcome> =>
  run(["serve", "--config", home.config, ...args], { env: home.env, cwd: home.folder });

test("answers, with its admin page, and ends with 0 after what is under way", async () => {
  const home = await newHome({ admin: "127.0.0.1:0" });
  const child = spawn(process.execPath, [PROGRAM, "serve", "--config", home.config, "--log-level", "info"], {
    env: home.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [port = 0, admin = 0] = await until("it listens", () => {
    const found = [...stderr.matchAll(/^tofu3: listening on 127\.0\.0\.1:([0-9]+)/gm)].map(([, each]) => Number(each));
    return found.length === 2 ? found : undefined;
  });
  const path = `/v2/${registry.host}/app/manifests/1`;
  expect((await ask(port, path)).body.equals(image.manifest.bytes)).toBe(true);
  expect((await ask(admin, "/healthz")).body.toString()).toBe("ok\n");
  await until("it is ready", async () => ((await ask(admin, "/readyz")).status === 200 ? true : undefined));
  const metrics = (await ask(admin, "/metrics")).body.toString();
  expect(metrics).toContain(`tofu3_requests_total{upstream="${registry.host}",kind="manifest",code="200"} 1`);
  expect(metrics).toContain('tofu3_worker_up{worker="sgp"} 1');
  const page = await ask(admin, "/");
  expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'/);
  const [, verdict = ""] = /href="(\/verdicts\/[^"]+)"/.exec(page.body.toString()) ?? [];
  const told = await ask(admin, verdict);
  expect(told.body.toString()).toMatch(/<h1>[^]*<\/svg>agreed<\/h1>/);
  expect(told.body.toString()).toContain(`<a href="${verdict}.json">`);
  // the header allows what the page itself allows, and no other page may show it in a frame
  const [, own = ""] = /Content-Security-Policy" content="([^"]*)"/.exec(told.body.toString()) ?? [];
  expect(own).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/);
  expect(told.headers["content-security-policy"]).toBe(`${own}; frame-ancestors 'none'`);
  expect(JSON.parse((await ask(admin, `${verdict}.json`)).body.toString())).toMatchObject({ outcome: "agreed" });
  expect((await ask(admin, "/", { headers: { host: "evil.example" } })).status).toBe(403);
  expect((await ask(admin, "/verdicts/..%2f..%2fstore.json")).status).toBe(404);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(stderr).toMatch(/GET \/v2\/\S+\/manifests\/1 200/);
});

test("says what is wrong before it listens", async () => {
  const home = await newHome();
  const nobody = await newHome({ upstreams: [] });
  expect(await tried(nobody, [])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("names no registry") as string,
  });
  const open = await tried(home, ["--listen", "0.0.0.0:0"]);
  expect(open).toMatchObject({ code: 2, stderr: expect.stringContaining("no loopback address") as string });
  expect(await tried(home, ["--listen", "gate:1"])).toMatchObject({ code: 2 });
  expect(await tried(home, ["--upstream", "http://x"])).toMatchObject({ code: 2 });
  const gate = await startGate(home, 1);
  const taken = await tried(home, []);
  expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot open the store") as string });
  const other = await tried(home, ["--store", "other", "--listen", `127.0.0.1:${gate.ports[0]}`]);
  expect(other).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/cannot listen on .*: somebody else does/) as string,
  });
  await gate.stop();
});

test("what is on hold is cleared while it runs, and only that", async () => {
  const liar = await lab(startLiar({ vantages: ["sgp"], otherwise: relay }));
  const other = makeImage({ layers: [10] }).manifest;
  const lie = { status: 200, headers: { "content-type": other.mediaType }, body: other.bytes };
  liar.lie("sgp", "/v2/app/manifests/1", lie);
  const home = await newHome({}, liar.proxyOf("sgp"));
  const gate = await startGate(home, 1);
  const [port = 0] = gate.ports;
  const path = `/v2/${registry.host}/app/manifests/1`;
  expect((await ask(port, path)).status).toBe(403);
  liar.lie("sgp", "/v2/app/manifests/1", relay);
  expect((await ask(port, path)).status).toBe(403);
  const reference = `${registry.host}/app:1`;
  const clear = (what: string): Promise<Outcome> =>
    run(["serve", "clear", what, "--config", home.config], { env: home.env, cwd: home.folder });
  const wrong = await clear(`${registry.host}/app:2`);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain(`it has:\n`);
  expect(wrong.stderr).toContain(reference);
  const right = await clear(reference);
  expect([right.code, right.stdout]).toEqual([0, expect.stringMatching(/is cleared, on hold since 20.*sgp/)]);
  expect((await ask(port, path)).status).toBe(200);
  expect((await clear(reference)).stderr).toContain("nothing is");
  await gate.stop();
});

test("systemd passes the sockets, and is told", async () => {
  const home = await newHome();
  const port = await freePort();
  // Node cannot make a datagram socket of the file system, nor pass one that listens
  const script = [
    "import os, socket, sys",
    "note = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); note.bind(sys.argv[1])",
    "s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
    "s.bind(('127.0.0.1', int(sys.argv[2]))); s.listen(9)",
    "pid = os.fork()",
    "if pid == 0:",
    "    os.dup2(s.fileno(), 3); os.set_inheritable(3, True)",
    "    os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), NOTIFY_SOCKET=sys.argv[1])",
    "    os.execv(sys.argv[3], sys.argv[3:])",
    "print('child', pid, flush=True)",
    "while True:",
    "    text = note.recv(4096).decode(); print(text, flush=True)",
    "    if 'STOPPING=1' in text: break",
    "print('code', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)",
  ].join("\n");
  const command = [process.execPath, PROGRAM, "serve", "--config", home.config];
  const unit = await lab(
    Promise.resolve(
      launch(["python3", "-c", script, join(home.folder, "notify"), String(port), ...command], {
        logFile: join(home.folder, "unit.log"),
        env: home.env,
      }),
    ),
  );
  await until("READY=1", () => /READY=1/.exec(unit.log()) ?? undefined, 30);
  expect(unit.log()).toContain(`listening on 127.0.0.1:${port}\n`);
  expect((await ask(port, "/v2/")).status).toBe(200);
  process.kill(Number(/child (\d+)/.exec(unit.log())?.[1]), "SIGTERM");
  await until("its end", () => /code 0/.exec(unit.log()) ?? undefined, 30);
});
