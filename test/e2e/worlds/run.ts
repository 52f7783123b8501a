import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { main } from "../../../src/cli/main.ts";
import type { Evidence } from "../../../src/model/evidence.ts";
import { capture } from "../../cli/capture.ts";
import { writeConfig, type LabWorker } from "../../lab/config.ts";
import { startLiar, type Liar } from "../../lab/liar.ts";
import { freePort, makeFolder, until } from "../../lab/processes.ts";
import { startSshd, type Sshd } from "../../lab/sshd.ts";
import { startTcpProxy, type TcpProxy } from "../../lab/tcpproxy.ts";
import { resultIn } from "../contract.ts";
import { exitsFor, type Sent } from "./expect.ts";
import { pathOf, stage, VANTAGES, type Vantage, type View, type World } from "./view.ts";

export interface Seen {
  readonly code: number;
  /** Exit codes that are right for this world. */
  readonly right: ReadonlySet<number>;
  /** Null where the program ended without a verdict. */
  readonly evidence: Evidence | null;
  readonly stderr: string;
  /** Names in the directory that it ran in. */
  readonly left: readonly string[];
  /** What was released, by digest. */
  readonly released: ReadonlyMap<string, Buffer>;
}

export interface Theatre {
  readonly play: (world: World) => Promise<Seen>;
  readonly stop: () => Promise<void>;
}

/** Long enough for a busy machine; the slow parts of a world are shorter. */
const LIMITS = { retries: 1, connectSeconds: 20, idleSeconds: 10, totalSeconds: 60 };
const UNCLEAN = { forcedCommand: '/bin/sh -c "$SSH_ORIGINAL_COMMAND"; exit 1' };

type Vms = Readonly<Record<"fra" | "sgp", { readonly clean: Sshd; readonly unclean: Sshd }>>;

async function releasedIn(cwd: string): Promise<Map<string, Buffer>> {
  const folder = join(cwd, "out", "blobs");
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const found = new Map<string, Buffer>();
  for (const file of files.filter((each) => each.isFile())) {
    const path = join(file.parentPath, file.name);
    found.set(path.slice(folder.length + 1).replace("/", ":"), await readFile(path));
  }
  return found;
}

/**
 * The program as it runs from the command line, but in this process: hundreds of worlds would otherwise be hundreds of
 * starts.
 */
export async function openTheatre(): Promise<Theatre> {
  const folder = await makeFolder("worlds");
  const tmp = await makeFolder("worlds-vm");
  const start = (options = {}): Promise<Sshd> => startSshd({ env: { TMPDIR: tmp.path }, ...options });
  const [liar, nobody, fra, sgp, fraUnclean, sgpUnclean] = await Promise.all([
    startLiar({ vantages: VANTAGES }),
    freePort(),
    start(),
    start(),
    start(UNCLEAN),
    start(UNCLEAN),
  ]);
  const vms: Vms = { fra: { clean: fra, unclean: fraUnclean }, sgp: { clean: sgp, unclean: sgpUnclean } };

  async function workerFor({ vantage, way }: View, lines: TcpProxy[]): Promise<LabWorker> {
    const { clean, unclean } = vms[vantage === "fra" ? "fra" : "sgp"];
    const proxy = liar.proxyOf(vantage);
    if (way === "open") return { name: vantage, vm: clean, proxy };
    if (way === "unclean") return { name: vantage, vm: unclean, proxy };
    if (way === "dead") return { name: vantage, vm: { ...clean, port: nobody }, proxy };
    const line = await startTcpProxy(clean);
    line.setFault({ at: way.cutAt, then: "rst" });
    lines.push(line);
    return { name: vantage, vm: { ...clean, port: line.port }, proxy };
  }

  async function configFor(cwd: string, world: World, lines: TcpProxy[]): Promise<string> {
    const of = (vantage: Vantage): View[] => world.views.filter((view) => view.vantage === vantage);
    const workers = await Promise.all([...of("fra"), ...of("sgp")].map((view) => workerFor(view, lines)));
    const isDead = of("here").some(({ way }) => way === "dead");
    const local = { proxy: isDead ? `http://127.0.0.1:${nobody}` : liar.proxyOf("here") };
    return writeConfig(cwd, { local, workers, others: { limits: LIMITS } });
  }

  async function play(world: World): Promise<Seen> {
    const repository = `world${world.seed}`;
    const cwd = join(folder.path, repository, "here");
    await mkdir(cwd, { recursive: true });
    stage(liar, repository, world);
    const lines: TcpProxy[] = [];
    const config = await configFor(join(folder.path, repository), world, lines);
    const reference = `${liar.host}/${repository}:v1${world.pin === null ? "" : `@${world.pin}`}`;
    // schema 1 fits no OCI layout
    const output = world.views.some(({ root }) => root.kind === "schema1") ? [] : ["-o", "oci:out"];
    const io = { ...capture(cwd), home: join(folder.path, repository) };
    try {
      const argv = ["verify", reference, "--config", config, "--json", ...output, ...world.flags];
      const code = await main(argv, io, new AbortController().signal);
      const told = resultIn(io.out());
      const evidence = told === "" ? null : (JSON.parse(told) as Evidence);
      const sent = await sentBy(liar, repository);
      const right = exitsFor(world, (view, node) => sent(view.vantage, pathOf(repository, node)));
      return { code, right, evidence, stderr: io.err(), left: await readdir(cwd), released: await releasedIn(cwd) };
    } finally {
      await Promise.all(lines.map((line) => line.stop()));
    }
  }

  return {
    play,
    async stop() {
      await Promise.all([fra, sgp, fraUnclean, sgpUnclean, liar].map((each) => each.stop()));
      await Promise.all([folder.remove(), tmp.remove()]);
    },
  };
}

/** What the liar sent, once it has done with everybody. */
async function sentBy(liar: Liar, repository: string): Promise<(vantage: Vantage, path: string) => Sent> {
  const mine = liar.requests.filter((each) => each.target.startsWith(`/v2/${repository}/`));
  await until("the liar to end its answers", () => mine.every(({ end }) => end !== null) || undefined);
  return (vantage, path) => {
    const asked = mine.filter((each) => each.vantage === vantage && each.target === path);
    if (asked.some(({ end }) => end === "complete")) return "all";
    return asked.length > 0 ? "some" : "none";
  };
}
