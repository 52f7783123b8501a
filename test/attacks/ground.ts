import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeAuthority } from "../lab/authority.ts";
import { run, type Outcome } from "../lab/cli.ts";
import { writeConfig } from "../lab/config.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { freePort, makeFolder } from "../lab/processes.ts";
import { startSshd, type Sshd, type SshdOptions } from "../lab/sshd.ts";
import { ARTIFACTS, type ArtifactName } from "./artifacts.ts";
import { answerOf, filled, pathsOf, type Answers, type AttackCase, type Told } from "./case.ts";

export const REGISTRY = "registry.example";
/** Where credentials may be shown: the registry and the token service that it may name. */
export const TRUSTED: readonly string[] = [REGISTRY, "auth.example"];
const HOSTS = [...TRUSTED, "cdn.example", "evil.example"];
export const VANTAGES = ["fra", "here", "sgp"] as const;
export type Vantage = (typeof VANTAGES)[number];
const THIRD = "sgp";
export const POSITIONS = ["here", "fra", "all"] as const;
export type Position = (typeof POSITIONS)[number];

/** Small, so that a stalled answer costs seconds; the way to a VM is given more, since the machine may be busy. */
export const LIMITS = { retries: 1, connectSeconds: 10, idleSeconds: 2, totalSeconds: 20, manifestBytes: 1 << 20 };
const UNCLEAN = { forcedCommand: '/bin/sh -c "$SSH_ORIGINAL_COMMAND"; exit 1' };

export interface Attacked extends Outcome {
  /** What all were told, or the truth. */
  readonly artifact: Told;
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

/** Who is lied to: with a third that has a fate of its own, the others only. */
export function liedTo(position: Position, { third }: AttackCase): readonly Vantage[] {
  if (position !== "all") return [position];
  return VANTAGES.filter((vantage) => third === undefined || vantage !== THIRD);
}

/** Two VMs, a public-looking registry behind one proxy for each vantage, and a person who is logged in to it. */
export async function startGround(): Promise<Ground> {
  const folder = await makeFolder("attacks");
  const authority = await makeAuthority(folder.path);
  const certificate = await authority.issue("attacks", HOSTS);
  const vmTmp = await makeFolder("attacks-vm");
  const start = (options: SshdOptions = {}): Promise<Sshd> => startSshd({ env: { TMPDIR: vmTmp.path }, ...options });
  const [liar, nobody, ...vms] = await Promise.all([
    startLiar({ vantages: VANTAGES, certificate }),
    freePort(),
    start(),
    start(),
    start(UNCLEAN),
    start(UNCLEAN),
  ]);
  const [fra, sgp, fraUnclean, sgpUnclean] = vms;
  const mark = `s3cr3t${randomBytes(8).toString("hex")}`;
  const home = join(folder.path, "home");
  await mkdir(home);
  const auths = { [REGISTRY]: { auth: Buffer.from(`alice:${mark}`).toString("base64") } };
  await writeFile(join(folder.path, "config.json"), JSON.stringify({ auths }), { mode: 0o600 });
  const watch = watchProcesses(mark);
  let attacks = 0;

  async function configure(repository: string, { unclean, third, limits }: AttackCase): Promise<string> {
    const path = join(folder.path, `config-${repository}`);
    await mkdir(path);
    const [one, two] = unclean === true ? [fraUnclean, sgpUnclean] : [fra, sgp];
    const last = third?.dead === true ? { ...two, port: nobody } : two;
    return writeConfig(path, {
      local: { proxy: liar.proxyOf("here") },
      workers: [
        { name: "fra", vm: one, proxy: liar.proxyOf("fra"), forwardCredentials: true },
        { name: THIRD, vm: last, proxy: liar.proxyOf(THIRD), forwardCredentials: true },
      ],
      others: {
        registries: Object.fromEntries(HOSTS.map((host) => [host, { caFile: authority.caFile }])),
        limits: { ...LIMITS, ...limits },
      },
    });
  }

  function tell(vantage: Vantage, told: Told, answers: Answers): void {
    const words = { token: `token-${mark}`, registry: REGISTRY };
    for (const [path, answer] of told.shelf) liar.lie(vantage, path, answer);
    for (const [place, said] of Object.entries(answers)) {
      // every layer has bytes of its own
      const wholes = place === "blobs" ? told.image.layers.map((layer) => ({ ...told, layer })) : [told];
      for (const each of wholes) {
        const at = place === "blobs" ? "blob" : place;
        const scripted = [said].flat().map((answer) => answerOf(answer, at, each, words));
        const [where = `http://${filled(place, each, words)}`] = pathsOf(at, each);
        liar.lie(vantage, where, ...scripted);
      }
    }
  }

  /** Tells every vantage what it is to see; what all were told, where all were told the same, otherwise the truth. */
  function prepare(repository: string, attack: AttackCase, position: Position): Told {
    const made = new Map<ArtifactName, Told>();
    const artifact = (name: ArtifactName): Told => {
      const known = made.get(name) ?? { ...ARTIFACTS[name](repository), repository };
      made.set(name, known);
      return known;
    };
    const truth = artifact(attack.artifact ?? "index");
    const lie = artifact(attack.instead ?? attack.artifact ?? "index");
    const victims = liedTo(position, attack);
    for (const vantage of VANTAGES) {
      const { third } = attack;
      if (vantage === THIRD && third !== undefined) {
        tell(vantage, third.instead === undefined ? truth : artifact(third.instead), third.answers ?? {});
      } else if (victims.includes(vantage)) tell(vantage, lie, attack.answers);
      else tell(vantage, truth, attack.others ?? {});
    }
    return position === "all" && attack.third === undefined ? lie : truth;
  }

  async function attack(each: AttackCase, position: Position): Promise<Attacked> {
    attacks += 1;
    const artifact = prepare(`attack${attacks}`, each, position);
    const config = await configure(artifact.repository, each);
    const cwd = join(folder.path, artifact.repository);
    await mkdir(cwd);
    let pid = 0;
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, peakOf(pid))), 100);
    const reference = `${REGISTRY}/${artifact.repository}:v1`;
    const wanted = ["--json", "--log-level", "debug", "-o", "oci:out", ...(each.flags ?? [])];
    const outcome = await run(["verify", reference, "--config", config, ...wanted], {
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
      const files = await Promise.all([vmTmp.path, ...vms.map((vm) => vm.home)].map((path) => filesWith(path, mark)));
      const work = vms.flatMap((vm) => vm.processesOf()).filter((each) => !/^\d+ sshd: /.test(each));
      return [...files.flat(), ...(await readdir(vmTmp.path)), ...work];
    },
    async stop() {
      watch.stop();
      await Promise.all([...vms, liar].map((each) => each.stop()));
      await Promise.all([folder.remove(), vmTmp.remove()]);
    },
  };
}
