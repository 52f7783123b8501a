import { createHash, randomBytes, randomInt } from "node:crypto";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { run, type Outcome } from "../lab/cli.ts";
import { writeConfig } from "../lab/config.ts";
import { descriptorOf, documentOf, makeImage, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, type Blob } from "../lab/image.ts";
import { startLiar } from "../lab/liar.ts";
import { stock } from "../lab/liar-shelf.ts";
import { makeFolder } from "../lab/processes.ts";
import { startSshd, type Sshd } from "../lab/sshd.ts";
import { startTcpProxy, type LinkFault, type TcpProxy } from "../lab/tcpproxy.ts";
import { gateDay } from "./gate.ts";
import type { verify as Verify } from "../../src/api.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const mib = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MiB`;

/** `VmHWM` or `VmRSS` of a process in bytes; 0 when it is gone. */
function memoryOf(pid: number | string, what: "VmHWM" | "VmRSS"): number {
  try {
    return (
      Number(new RegExp(`^${what}:\\s+([0-9]+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) *
      1024
    );
  } catch {
    return 0;
  }
}

function workOn(vm: Sshd): string[] {
  return vm.processesOf().filter((each) => !/^\d+ sshd: /.test(each));
}

/** A registry with one image whose layer is `size` bytes that nobody ever holds: one mebibyte again and again. */
async function startEndless(size: number): Promise<{ host: string; stop: () => Promise<void> }> {
  const piece = randomBytes(1 << 20);
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += piece.length) hash.update(piece.subarray(0, Math.min(piece.length, size - at)));
  const layer = { mediaType: OCI_LAYER, digest: `sha256:${hash.digest("hex")}`, size };
  const config = documentOf(OCI_CONFIG, { os: "linux", architecture: "amd64" });
  const content = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: descriptorOf(config), layers: [layer] };
  const manifest = documentOf(OCI_MANIFEST, content);
  const documents = new Map<string, Blob>([
    ["/v2/big/manifests/v1", manifest],
    [`/v2/big/manifests/${manifest.digest}`, manifest],
    [`/v2/big/blobs/${config.digest}`, config],
  ]);
  const server = createServer((socket) => {
    let head = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      const target = head.split(" ")[1] ?? "";
      head = "";
      const document = documents.get(target);
      if (document !== undefined) {
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: ${document.mediaType}\r\nContent-Length: ${document.size}\r\n\r\n`,
        );
        socket.write(document.bytes);
        return;
      }
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      let sent = 0;
      const more = (): void => {
        while (sent < size && !socket.destroyed) {
          const part = piece.subarray(0, Math.min(piece.length, size - sent));
          sent += part.length;
          if (!socket.write(part)) return;
        }
        socket.off("drain", more);
      };
      socket.on("drain", more);
      more();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}

/**
 * One large blob: how much memory the coordinator and whatever runs on the VMs take at most, and that no VM keeps it on
 * its disk.
 */
async function blob(megabytes: number): Promise<boolean> {
  const folder = await makeFolder("soak");
  const registry = await startEndless(megabytes * (1 << 20));
  const vms = await Promise.all([
    startSshd({ env: { TMPDIR: folder.path } }),
    startSshd({ env: { TMPDIR: folder.path } }),
  ]);
  const workers = vms.map((vm, at) => ({ name: `vm${at + 1}`, vm }));
  const config = await writeConfig(folder.path, { workers, others: { limits: { totalSeconds: 7200 } } });
  let pid = 0;
  const peaks = { coordinator: 0, vm: 0 };
  const timer = setInterval(() => {
    peaks.coordinator = Math.max(peaks.coordinator, memoryOf(pid, "VmHWM"));
    const sum = vms.map((vm) =>
      vm.processesOf().reduce((all, each) => all + memoryOf(each.split(" ")[0] ?? "", "VmRSS"), 0),
    );
    peaks.vm = Math.max(peaks.vm, ...sum);
  }, 500);
  const out = join(folder.path, "out");
  await mkdir(out);
  const seen = await run(["verify", `${registry.host}/big:v1`, "--config", config, "-o", "file:blob", "--json"], {
    cwd: out,
    timeoutMs: 7_200_000,
    onStart: (started) => (pid = started),
  });
  clearInterval(timer);
  say(
    `blob: ${megabytes} MiB, exit ${seen.code}, ${(seen.ms / 1000).toFixed(1)} s; at most: coordinator ${mib(peaks.coordinator)}, one VM ${mib(peaks.vm)}`,
  );
  if (seen.code !== 0) say(seen.stderr.slice(-2000));
  await Promise.all(vms.map((vm) => vm.stop()));
  await folder.remove();
  return seen.code === 0 && peaks.coordinator < 400 << 20 && peaks.vm < 200 << 20;
}

function descriptorsOpen(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) !== "";
    } catch {
      return false;
    }
  }).length;
}

/**
 * Many verifications in one process: descriptors, memory, what runs on the VMs and what is left on the disk must not
 * grow.
 */
async function many(count: number, verify: typeof Verify): Promise<boolean> {
  const folder = await makeFolder("soak");
  const tmp = await makeFolder("soak-vm");
  const liar = await startLiar();
  const image = makeImage({ layers: [50_000, 2000] });
  stock(liar, "a", "v1", { root: image.manifest, images: [image] });
  const vms = await Promise.all([startSshd({ env: { TMPDIR: tmp.path } }), startSshd({ env: { TMPDIR: tmp.path } })]);
  const config = await writeConfig(folder.path, { workers: vms.map((vm, at) => ({ name: `vm${at + 1}`, vm })) });
  const rows: { descriptors: number; memory: number; remote: number; files: number }[] = [];
  let wrong = 0;
  for (let round = 1; round <= count; round += 1) {
    const cwd = join(folder.path, "room");
    await mkdir(cwd);
    const evidence = await verify(`${liar.host}/a:v1`, { config, env: {}, home: folder.path, cwd, output: "oci:out" });
    if (evidence.outcome !== "agreed" || (await readdir(cwd)).join() !== "out") wrong += 1;
    await rm(cwd, { recursive: true });
    if (round % Math.max(1, Math.floor(count / 5)) !== 0) continue;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    (globalThis as { gc?: () => void }).gc?.();
    const remote = vms.reduce((sum, vm) => sum + workOn(vm).length, 0);
    const row = {
      descriptors: descriptorsOpen(),
      memory: process.memoryUsage().rss,
      remote,
      files: readdirSync(tmp.path).length,
    };
    rows.push(row);
    say(
      `many: ${round}: ${row.descriptors} descriptors, ${mib(row.memory)}, ${remote} remote processes, ${row.files} remote files`,
    );
  }
  await Promise.all([...vms.map((vm) => vm.stop()), liar.stop()]);
  await Promise.all([folder.remove(), tmp.remove()]);
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return false;
  say(`many: ${count} verifications, ${wrong} not agreed`);
  return wrong === 0 && last.descriptors <= first.descriptors + 5 && last.remote === 0 && last.files === 0;
}

const HARM = ["fin", "rst", "stall", "corrupt"] as const;

/**
 * A random fault on a random link: the verdict is right or incomplete, and nothing but the honest bytes is ever
 * released.
 */
async function faults(rounds: number): Promise<boolean> {
  const folder = await makeFolder("soak");
  const liar = await startLiar();
  const image = makeImage({ layers: [200_000, 3000] });
  stock(liar, "a", "v1", { root: image.manifest, images: [image] });
  const [address = "", port] = liar.host.split(":");
  const vms = await Promise.all([startSshd(), startSshd()]);
  const http = await Promise.all([0, 1, 2].map(() => startTcpProxy({ host: address, port: Number(port) })));
  const ssh = await Promise.all(vms.map((vm) => startTcpProxy({ host: vm.host, port: vm.port })));
  const links: readonly TcpProxy[] = [...http, ...ssh];
  const names = ["http here", "http vm1", "http vm2", "ssh vm1", "ssh vm2"];
  const through = (proxy: TcpProxy | undefined): string => `http://${proxy?.host ?? ""}:${proxy?.port ?? 0}`;
  const config = await writeConfig(folder.path, {
    local: { proxy: through(http[0]) },
    workers: vms.map((vm, at) => ({
      name: `vm${at + 1}`,
      vm: { ...vm, host: ssh[at]?.host ?? "", port: ssh[at]?.port ?? 0 },
      proxy: through(http[at + 1]),
    })),
    others: { limits: { retries: 1, connectSeconds: 8, idleSeconds: 3, totalSeconds: 30 } },
  });
  const tally: Record<string, number> = {};
  let wrong = 0;
  for (let round = 0; round < rounds; round += 1) {
    const link = randomInt(links.length);
    const then = HARM[randomInt(HARM.length)] ?? "fin";
    const fault: LinkFault = {
      at: randomInt(link < 3 ? 201_000 : 12_000),
      then,
      way: randomInt(4) === 0 ? "toServer" : "toClient",
    };
    links[link]?.setFault(fault);
    const cwd = join(folder.path, `room${round}`);
    await mkdir(cwd);
    const seen: Outcome = await run(["verify", `${liar.host}/a:v1`, "--config", config, "--json", "-o", "oci:out"], {
      cwd,
      timeoutMs: 120_000,
    });
    links[link]?.setFault(null);
    const layer = join(cwd, "out/blobs", (image.layers[0]?.digest ?? "").replace(":", "/"));
    const released = existsSync(layer) ? await readFile(layer) : null;
    // a damaged body is a disagreement with its digest: that, too, is right
    const right =
      seen.code === 0
        ? released?.equals(image.layers[0]?.bytes ?? Buffer.alloc(0)) === true
        : (seen.code === 12 || (seen.code === 10 && then === "corrupt")) && (await readdir(cwd)).length === 0;
    const key = `${names[link]?.split(" ")[0] ?? ""} ${then}: exit ${String(seen.code)}`;
    tally[key] = (tally[key] ?? 0) + 1;
    if (!right) {
      wrong += 1;
      say(
        `faults: WRONG ${names[link] ?? ""} ${JSON.stringify(fault)}: exit ${String(seen.code)} ${seen.signal ?? ""}, left ${(await readdir(cwd)).join()}: ${seen.stderr.slice(-600)}`,
      );
    }
    await rm(cwd, { recursive: true, force: true });
  }
  await Promise.all([...links.map((link) => link.stop()), ...vms.map((vm) => vm.stop()), liar.stop()]);
  await folder.remove();
  say(
    `faults: ${rounds} rounds, ${wrong} wrong; ${Object.entries(tally)
      .sort()
      .map(([key, count]) => `${key} × ${count}`)
      .join(", ")}`,
  );
  return wrong === 0;
}

/** `blob [MiB]`, `many [VERIFICATIONS]`, `faults [ROUNDS]`, `gate [FACTOR]`, or all of them at their full size. */
export async function main([what = "all", size]: readonly string[], verify: typeof Verify): Promise<number> {
  const of = (full: number): number => (size === undefined ? full : Number(size));
  const results: boolean[] = [];
  if (what === "blob" || what === "all") results.push(await blob(of(4096)));
  if (what === "many" || what === "all") results.push(await many(of(2000), verify));
  if (what === "faults" || what === "all") results.push(await faults(of(500)));
  if (what === "gate" || what === "all") results.push(await gateDay(of(300), say));
  say(results.length > 0 && results.every(Boolean) ? "all as it should be" : "NOT as it should be");
  return results.length > 0 && results.every(Boolean) ? 0 : 1;
}
