import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeAuthority } from "../lab/authority.ts";
import { run, type Outcome } from "../lab/cli.ts";
import { writeConfig } from "../lab/config.ts";
import { makeImage, makeIndex } from "../lab/image.ts";
import { stock } from "../lab/liar-shelf.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { makeFolder } from "../lab/processes.ts";
import { startSshd } from "../lab/sshd.ts";
import { answerOf, filled, type Artifact, type AttackCase, type CaseAnswer } from "./case.ts";

export const REGISTRY = "registry.example";
/** Where credentials may be shown: the registry and the token service that it may name. */
export const TRUSTED: readonly string[] = [REGISTRY, "auth.example"];
const HOSTS = [...TRUSTED, "cdn.example", "evil.example"];
export const VANTAGES = ["fra", "here", "sgp"] as const;
export const POSITIONS = ["here", "fra", "all"] as const;
export type Position = (typeof POSITIONS)[number];

/** Small, so that a stalled answer costs seconds; the way to a VM is given more, since the machine may be busy. */
export const LIMITS = { retries: 1, connectSeconds: 10, idleSeconds: 2, totalSeconds: 20, manifestBytes: 1 << 20 };

export interface Attacked extends Outcome {
  readonly artifact: Artifact;
  /** Names beside DEST, those of a quarantine included. */
  readonly left: readonly string[];
  /** The bytes of the layer that was released; null for none. */
  readonly layer: Buffer | null;
  /** Most memory that the program had, in bytes. */
  readonly peak: number;
}

export interface Ground {
  readonly liar: Liar;
  /** A password and a token that nobody but the registry and its token service may see; each has the mark in it. */
  readonly mark: string;
  readonly attack: (attack: AttackCase, position: Position) => Promise<Attacked>;
  /** Command lines and environments in which the mark was seen while the attacks ran. */
  readonly exposed: () => readonly string[];
  /** Files on the VMs with the mark in them, and processes that were left there. */
  readonly remains: () => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
}

/** The most memory of a process so far; 0 when it is gone. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+([0-9]+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Looks at the command line and the environment of every process for a text, until it is told to stop. */
function watchProcesses(text: string): { readonly found: Set<string>; readonly stop: () => void } {
  const found = new Set<string>();
  const timer = setInterval(() => {
    for (const pid of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
      for (const file of ["cmdline", "environ"]) {
        try {
          if (readFileSync(`/proc/${pid}/${file}`, "latin1").includes(text)) found.add(`/proc/${pid}/${file}`);
        } catch {
          // it ended meanwhile
        }
      }
    }
  }, 300);
  return { found, stop: () => clearInterval(timer) };
}

async function filesWith(folder: string, text: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hits = await Promise.all(files.map(async (file) => ((await readFile(file)).includes(text) ? [file] : [])));
  return hits.flat();
}

let artifacts = 0;

function makeArtifact(kind: "index" | "image"): Artifact {
  artifacts += 1;
  const platform = { os: "linux", architecture: "amd64" };
  const image = makeImage({ layers: [40_000], platform });
  const [layer] = image.layers;
  if (layer === undefined) throw new Error("an image without a layer");
  const root = kind === "image" ? image.manifest : makeIndex([{ manifest: image.manifest, platform }]);
  return { repository: `attack${artifacts}`, root, image, layer };
}

/** Two VMs, a public-looking registry behind one proxy for each vantage, and a person who is logged in to it. */
export async function startGround(): Promise<Ground> {
  const folder = await makeFolder("attacks");
  const authority = await makeAuthority(folder.path);
  const certificate = await authority.issue("attacks", HOSTS);
  const vmTmp = await makeFolder("attacks-vm");
  const [liar, fra, sgp] = await Promise.all([
    startLiar({ vantages: VANTAGES, certificate }),
    startSshd({ env: { TMPDIR: vmTmp.path } }),
    startSshd({ env: { TMPDIR: vmTmp.path } }),
  ]);
  const mark = `s3cr3t${randomBytes(8).toString("hex")}`;
  const home = join(folder.path, "home");
  await mkdir(home);
  const auths = { [REGISTRY]: { auth: Buffer.from(`alice:${mark}`).toString("base64") } };
  await writeFile(join(folder.path, "config.json"), JSON.stringify({ auths }), { mode: 0o600 });
  const config = await writeConfig(folder.path, {
    local: { proxy: liar.proxyOf("here") },
    workers: [
      { name: "fra", vm: fra, proxy: liar.proxyOf("fra"), forwardCredentials: true },
      { name: "sgp", vm: sgp, proxy: liar.proxyOf("sgp"), forwardCredentials: true },
    ],
    others: {
      registries: Object.fromEntries(HOSTS.map((host) => [host, { caFile: authority.caFile }])),
      limits: LIMITS,
    },
  });
  const watch = watchProcesses(mark);

  function prepare(attack: AttackCase, position: Position): Artifact {
    const artifact = makeArtifact(attack.artifact ?? "index");
    const { repository, root, image, layer } = artifact;
    stock(liar, repository, "v1", { root, images: [image] });
    const words = { token: `token-${mark}`, registry: REGISTRY };
    const places: Readonly<Record<string, string>> = {
      root: `/v2/${repository}/manifests/v1`,
      manifest: `/v2/${repository}/manifests/${image.manifest.digest}`,
      blob: `/v2/${repository}/blobs/${layer.digest}`,
    };
    for (const [place, said] of Object.entries(attack.answers)) {
      const answers = (Array.isArray(said) ? said : [said]) as readonly CaseAnswer[];
      const scripted = answers.map((each) => answerOf(each, place, artifact, words));
      const where = places[place] ?? `http://${filled(place, artifact, words)}`;
      if (position === "all") liar.answer(where, ...scripted);
      else liar.lie(position, where, ...scripted);
    }
    return artifact;
  }

  async function attack(each: AttackCase, position: Position): Promise<Attacked> {
    const artifact = prepare(each, position);
    const cwd = join(folder.path, artifact.repository);
    await mkdir(cwd);
    let pid = 0;
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, peakOf(pid))), 100);
    const reference = `${REGISTRY}/${artifact.repository}:v1`;
    const args = [
      "verify",
      reference,
      "--config",
      config,
      "--json",
      "--log-level",
      "debug",
      "-o",
      "oci:out",
      ...(each.flags ?? []),
    ];
    const outcome = await run(args, {
      cwd,
      env: { HOME: home, DOCKER_CONFIG: folder.path },
      timeoutMs: 90_000,
      onStart: (started) => (pid = started),
    });
    clearInterval(timer);
    const blob = join(cwd, "out", "blobs", artifact.layer.digest.replace(":", "/"));
    const layer = existsSync(blob) ? await readFile(blob) : null;
    return { ...outcome, artifact, peak, layer, left: (await readdir(cwd)).sort() };
  }

  return {
    liar,
    mark,
    attack,
    exposed: () => [...watch.found],
    async remains() {
      const files = await Promise.all([vmTmp.path, fra.home, sgp.home].map((each) => filesWith(each, mark)));
      const work = [fra, sgp].flatMap((vm) => vm.processesOf()).filter((each) => !/^\d+ sshd: /.test(each));
      return [...files.flat(), ...(await readdir(vmTmp.path)), ...work];
    },
    async stop() {
      watch.stop();
      await Promise.all([fra.stop(), sgp.stop(), liar.stop()]);
      await Promise.all([folder.remove(), vmTmp.remove()]);
    },
  };
}
