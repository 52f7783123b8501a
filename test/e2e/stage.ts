import { readdirSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Evidence } from "../../src/model/evidence.ts";
import { run, type Outcome, type RunOptions } from "../lab/cli.ts";
import { writeConfig, type LabConfig, type LabWorker } from "../lab/config.ts";
import type { Liar } from "../lab/liar.ts";
import { makeFolder } from "../lab/processes.ts";
import { startSshd, type Sshd, type SshdOptions } from "../lab/sshd.ts";

/** A VM whose temporary files are its own, so that what is left of them can be told from that of others. */
export interface Vm extends Sshd {
  readonly tmp: string;
}

export interface Ask {
  /** Further arguments of `verify`; `--json` is there unless `plain`. */
  readonly flags?: readonly string[];
  readonly plain?: boolean;
  /** In place of the stage's two VMs and of no limits. */
  readonly config?: Partial<LabConfig>;
  /** The VMs go through its proxies, so that it tells the vantages apart. */
  readonly liar?: Liar;
  readonly limits?: Readonly<Record<string, number>>;
  readonly env?: RunOptions["env"];
  /** Runs the program inside of this. */
  readonly prefix?: readonly string[];
  readonly onStart?: (pid: number) => void;
  readonly timeoutMs?: number;
}

export interface Verified extends Outcome {
  /** The JSON object on stdout; throws where there is none. */
  readonly evidence: Evidence;
  /** Where it ran: DEST and nothing else should be there. */
  readonly cwd: string;
  /** Names in `cwd`, those of a quarantine included. */
  readonly left: () => Promise<readonly string[]>;
}

export interface Stage {
  readonly folder: string;
  /** An empty home. */
  readonly home: string;
  readonly fra: Vm;
  readonly sgp: Vm;
  /** Writes a configuration for one run and returns its path. */
  readonly configure: (ask?: Ask) => Promise<string>;
  /** A new empty directory. */
  readonly room: () => Promise<string>;
  /** `tofu3 verify REFERENCE` in a directory of its own, or in the given one. */
  readonly verify: (reference: string, ask?: Ask, cwd?: string) => Promise<Verified>;
  readonly stop: () => Promise<void>;
}

/** Short enough that a test does not wait, long enough for a busy machine. */
export const SHORT = { retries: 1, connectSeconds: 15, idleSeconds: 2, totalSeconds: 40 };

export async function startVm(options: SshdOptions = {}): Promise<Vm> {
  const tmp = await makeFolder("vm");
  const vm = await startSshd({ ...options, env: { TMPDIR: tmp.path, ...options.env } });
  return {
    ...vm,
    tmp: tmp.path,
    async stop() {
      await vm.stop();
      await tmp.remove();
    },
  };
}

function workersOf(fra: Vm, sgp: Vm, liar: Liar | undefined): LabWorker[] {
  return [
    { name: "fra", vm: fra, ...(liar === undefined ? {} : { proxy: liar.proxyOf("fra") }) },
    { name: "sgp", vm: sgp, ...(liar === undefined ? {} : { proxy: liar.proxyOf("sgp") }) },
  ];
}

/** Two VMs behind real sshds, and the command line with a configuration for them. */
export async function startStage(): Promise<Stage> {
  const folder = await makeFolder("e2e");
  const [fra, sgp] = await Promise.all([startVm(), startVm()]);
  const home = join(folder.path, "home");
  await mkdir(home);
  let rooms = 0;

  async function room(): Promise<string> {
    rooms += 1;
    const path = join(folder.path, `room${rooms}`);
    await mkdir(path);
    return path;
  }

  async function configure({ config, liar, limits }: Ask = {}): Promise<string> {
    const { others, ...rest } = config ?? {};
    const more = { ...others, ...(limits === undefined ? {} : { limits }) };
    return writeConfig(await room(), { workers: workersOf(fra, sgp, liar), ...rest, others: more });
  }

  async function verify(reference: string, ask: Ask = {}, at?: string): Promise<Verified> {
    const cwd = at ?? (await room());
    const file = await configure(ask);
    const args = [
      "verify",
      reference,
      "--config",
      file,
      ...(ask.plain === true ? [] : ["--json"]),
      ...(ask.flags ?? []),
    ];
    const { onStart, timeoutMs, prefix = [] } = ask;
    const outcome = await run(args, {
      cwd,
      env: { HOME: home, ...ask.env },
      prefix,
      ...(onStart === undefined ? {} : { onStart }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    return {
      ...outcome,
      cwd,
      left: async () => (await readdir(cwd)).sort(),
      get evidence() {
        if (outcome.stdout === "") throw new Error(`exit ${String(outcome.code)} without a result: ${outcome.stderr}`);
        return JSON.parse(outcome.stdout) as Evidence;
      },
    };
  }

  return {
    folder: folder.path,
    home,
    fra,
    sgp,
    configure,
    room,
    verify,
    async stop() {
      await Promise.all([fra.stop(), sgp.stop()]);
      await folder.remove();
    },
  };
}

/** Writes a docker config.json that knows this password and returns its path. */
export async function writeAuthFile(folder: string, host: string, user: string, password: string): Promise<string> {
  const file = join(folder, "config.json");
  const auth = Buffer.from(`${user}:${password}`).toString("base64");
  await writeFile(file, JSON.stringify({ auths: { [host]: { auth } } }), { mode: 0o600 });
  return file;
}

/** What runs on a VM for a client (shells, curls, hash tools), and the files that they made. */
export function leftOn(vm: Vm): string[] {
  return [...vm.processesOf().filter((each) => !/^\d+ sshd: /.test(each)), ...readdirSync(vm.tmp)];
}
