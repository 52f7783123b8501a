import type { Config } from "../config/config.ts";
import type { Runtime } from "../coordinator/verify.ts";
import { wantsColor } from "./color.ts";
import type { Settings } from "./argv/invocation.ts";
import type { Io } from "./io.ts";
import type { Log } from "./log.ts";
import { passphraseAsker } from "./passphrase.ts";
import type { ProgressView } from "./progress/view.ts";

/** Everything that a verification may use of this process and its user. */
export async function runtimeOf(config: Config, settings: Settings, io: Io, progress: ProgressView): Promise<Runtime> {
  return {
    config,
    env: io.env,
    home: io.home,
    cwd: io.cwd,
    authfile: settings.authfile,
    now: io.now,
    version: io.version,
    passphrase: passphraseAsker(io, progress),
    log: await openLog(settings, io),
  };
}

/** Loads and writes nothing unless a level was requested. */
export async function openLog(settings: Settings, io: Io): Promise<Log> {
  if (settings.logLevel === "silent") return () => undefined;
  const { makeLog } = await import("./log.ts");
  return makeLog(io.stderr, settings.logLevel, settings.logFormat, wantsColor(io.stderr, io.env, settings.color));
}
