import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../install.ts";
import { launch, makeFolder, until, type Launched } from "../processes.ts";

/** Its mounts and its children are its own: they end with it, however it ends. */
const APART = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"] as const;

/** Whether daemons of containers can be started here; for `test.skipIf`. */
export function daemonsWork(): boolean {
  const installed = ["dockerd", "docker", "ctr"].every((name) => findProgram(name) !== null);
  return installed && process.getuid?.() === 0 && spawnSync(APART[0], [...APART.slice(1), "true"]).status === 0;
}

export interface Daemon {
  readonly folder: string;
  readonly socket: string;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Starts one in a folder of its own, and waits until it logs that it is ready. */
export async function startDaemon(
  name: string,
  command: (folder: string) => readonly string[],
  ready: RegExp,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Daemon> {
  const folder = await makeFolder(name);
  mkdirSync(join(folder.path, "tmp"));
  const [program = "", ...args] = command(folder.path);
  const server: Launched = launch([...APART, findProgram(program) ?? program, ...args], {
    logFile: join(folder.path, "log"),
    env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, ...env, TMPDIR: join(folder.path, "tmp") },
  });
  let ended = false;
  void server.ended.then(() => (ended = true));
  const stop = async (): Promise<void> => {
    await server.stop();
    await folder.remove();
  };
  try {
    await until(
      `${name} is ready`,
      () => {
        if (ended) throw new Error(`${name} does not start: ${server.log()}`);
        return ready.test(server.log()) || undefined;
      },
      60,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { folder: folder.path, socket: join(folder.path, "sock"), log: server.log, stop };
}
