import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { makeAuthority, type Authority, type Certificate } from "../../../lab/authority.ts";
import { runCommand } from "../../../lab/cli.ts";
import { startGate, type LabGate } from "../../../lab/gate.ts";
import { makeFolder, until } from "../../../lab/processes.ts";
import { startRegistry, type Registry } from "../../../lab/registry.ts";
import { startSshd } from "../../../lab/sshd.ts";
import { useLab } from "../../../lab/uselab.ts";
import { openWay, push, readSlowly, type Way } from "./ground.ts";

const TOKEN = "a-token";
const DRAIN_SECONDS = 2;
const lab = useLab();
let registry: Registry;
let authority: Authority;
let client: Certificate;
let stranger: Certificate;
let open: (serve: Readonly<Record<string, unknown>>) => Promise<{ readonly gate: LabGate; readonly way: Way }>;
let tls: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  const [started, fra, sgp] = await Promise.all([lab(startRegistry()), lab(startSshd()), lab(startSshd())]);
  registry = started;
  authority = await makeAuthority((await makeFolder("authority")).path);
  const other = await makeAuthority((await makeFolder("other")).path, "/CN=somebody else");
  const server = await authority.issue("server", ["127.0.0.1"]);
  [client, stranger] = [await authority.issue("client", []), await other.issue("stranger", [])];
  tls = { tls: { certificate: server.certificateFile, key: server.keyFile } };
  open = async (serve) => {
    const limits = { drainSeconds: DRAIN_SECONDS };
    const way = await lab(openWay((await makeFolder("tls")).path, registry, [fra, sgp], { limits, ...serve }));
    return { gate: await lab(startGate({ config: way.config, upstream: registry.host })), way };
  };
});

/** Status and body, as curl has them over a connection of its own; `000` where there was no answer. */
async function curl({ host }: LabGate, path: string, ...args: readonly string[]): Promise<string> {
  const words = ["curl", "-sS", "--max-time", "60", "--cacert", authority.caFile, "-w", " %{http_code}", ...args];
  return (await runCommand([...words, `https://${host}${path}`])).stdout.slice(-400);
}

const shown = ({ certificateFile, keyFile }: Certificate): readonly string[] => [
  ...["--cert", certificateFile],
  ...["--key", keyFile],
];

test("over https: a token or a client certificate of the named authority, and nobody else", async () => {
  const image = await push(registry, "closed", [100]);
  const sha256 = createHash("sha256").update(TOKEN).digest("hex");
  const auth = { tokens: [{ name: "ci", sha256 }], clientCa: authority.caFile };
  const { gate, way } = await open({ ...tls, auth });
  const path = "/v2/closed/manifests/1";
  for (const refused of [[], ["-u", "ci:other"], ["-u", `dev:${TOKEN}`], shown(stranger), ["-H", "Authorization: Bearer x"]])
    expect(await curl(gate, path, ...refused), refused.join(" ")).toMatch(/UNAUTHORIZED.* 401$/s); // prettier-ignore
  expect(way.liar.requests).toEqual([]);
  const whole = `${image.manifest.bytes.toString()} 200`;
  for (const let_in of [["-u", `ci:${TOKEN}`], shown(client)])
    // prettier-ignore
    expect(await curl(gate, path, ...let_in)).toBe(whole.slice(-400));
  // a session that a certified client began is no ticket for those who show no certificate
  expect(
    await curl(gate, path, ...shown(client), "--next", "-w", " %{http_code}", "--cacert", authority.caFile),
  ).toMatch(/ 200/);
  const plain = await runCommand([
    "curl",
    "-sS",
    `http://${gate.host}${path}`,
    "-o",
    "/dev/null",
    "-w",
    "%{http_code}",
  ]);
  expect(plain.stdout).toBe("000");
  expect(gate.log()).not.toContain(TOKEN);
  expect(await readFile(way.config, "utf8")).not.toContain(TOKEN);
});

/** Ends it as systemd does; how many seconds that took. */
async function secondsToEnd(gate: LabGate): Promise<number> {
  const began = performance.now();
  process.kill(gate.pid, "SIGTERM");
  await gate.ended;
  expect(gate.exitCode(), gate.log()).toBe(0);
  return (performance.now() - began) / 1000;
}

test("a client that takes nothing is cut off after drainSeconds", async () => {
  const image = await push(registry, "slow", [24 << 20]);
  const { gate } = await open({});
  const path = `/v2/slow/blobs/${image.layers[0]?.digest ?? ""}`;
  const reader = await readSlowly(gate.url, path);
  const seconds = await secondsToEnd(gate);
  expect(seconds).toBeGreaterThanOrEqual(DRAIN_SECONDS);
  expect(seconds).toBeLessThan(DRAIN_SECONDS + 8);
  expect(gate.log()).toMatch(/1 connections were cut off/);
  reader.socket.destroy();
});

test("so is one that never ends its handshake", async () => {
  const { gate } = await open(tls);
  const [host = "", port = ""] = gate.host.split(":");
  const socket = connectTcp({ host, port: Number(port) });
  socket.on("error", () => undefined);
  await until("it is connected", () => (socket.readyState === "open" ? true : undefined));
  const seconds = await secondsToEnd(gate);
  expect(seconds).toBeLessThan(DRAIN_SECONDS + 4);
  socket.destroy();
});
