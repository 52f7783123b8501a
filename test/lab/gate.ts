import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PROGRAM } from "./cli.ts";
import { launch, makeFolder, until } from "./processes.ts";

export interface GateOptions {
  /** Path of a tofu3.yaml whose `serve` names the upstreams. */
  readonly config: string;
  /** A folder that stays; one of its own that goes with it otherwise. */
  readonly store?: string;
  /** The upstream of requests that name none. */
  readonly upstream?: string;
  /** With an admin listener. */
  readonly admin?: boolean;
  /** Further words of the command line. */
  readonly args?: readonly string[];
  /** Words before the program, for node: `["--expose-gc"]`. */
  readonly node?: readonly string[];
}

/** A `tofu3 serve` that listens. */
export interface LabGate {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly url: string;
  /** Of the admin listener; null without one. */
  readonly admin: string | null;
  readonly pid: number;
  readonly store: string;
  /** What it said on stderr. */
  readonly log: () => string;
  /** Settles when it has ended, however that came. */
  readonly ended: Promise<void>;
  /** Null while it runs, and of one that a signal ended. */
  readonly exitCode: () => number | null;
  readonly kill9: () => Promise<void>;
  /** SIGTERM, after three seconds SIGKILL. */
  readonly stop: () => Promise<void>;
}

/** Runs `tofu3 serve --listen 127.0.0.1:0 …` as a person would, and waits until it listens. */
export async function startGate(options: GateOptions): Promise<LabGate> {
  const { config, upstream, admin = false, args = [], node = [] } = options;
  const folder = await makeFolder("gate");
  const store = options.store ?? join(folder.path, "store");
  await mkdir(join(folder.path, "home"));
  const listen = `127.0.0.1:0${upstream === undefined ? "" : `=${upstream}`}`;
  const words = ["serve", "--config", config, "--listen", listen, "--store", store];
  const more = [...(admin ? ["--admin", "127.0.0.1:0"] : []), ...args];
  const { PATH, TMPDIR } = process.env;
  const server = launch([process.execPath, ...node, PROGRAM, ...words, ...more], {
    logFile: join(folder.path, "gate.log"),
    env: { PATH, TMPDIR, HOME: join(folder.path, "home") },
  });
  let ended = false;
  void server.ended.then(() => (ended = true));
  const lines = await until("tofu3 serve listens", () => {
    if (ended) throw new Error(`tofu3 serve does not start: ${server.log()}`);
    const found = [...server.log().matchAll(/listening on (127\.0\.0\.1:[0-9]+)/g)].map(([, host = ""]) => host);
    return found.length < (admin ? 2 : 1) ? undefined : found;
  });
  const [host = "", other] = lines;
  return {
    host,
    url: `http://${host}`,
    admin: other === undefined ? null : `http://${other}`,
    pid: server.pid,
    store,
    log: server.log,
    ended: server.ended,
    exitCode: server.exitCode,
    kill9: server.kill9,
    async stop() {
      await server.stop();
      await folder.remove();
    },
  };
}
