import type { Config } from "../config/config.ts";
import type { Runtime } from "../coordinator/verify.ts";
import { wantsColor } from "./color.ts";
import type { Settings } from "./argv/settings.ts";
import type { Io } from "./io.ts";
import type { Log } from "./log.ts";
import { passphraseAsker } from "./passphrase.ts";
import type { Pausable } from "./progress/view.ts";

/** Everything that a verification may use of this process and its user. */
export async function runtimeOf(config: Config, settings: Settings, io: Io, progress: Pausable): Promise<Runtime> {
  const log = await openLog(settings, io);
  return {
    config,
    env: io.env,
    home: io.home,
    cwd: io.cwd,
    authfile: settings.authfile,
    now: io.now,
    version: io.version,
    passphrase: passphraseAsker(io, progress),
    log,
    ...(await exchangesOf(settings, log)),
  };
}

/** With `--debug`, every exchange is a line of the log. */
export async function exchangesOf({ logLevel }: Settings, log: Log): Promise<Pick<Runtime, "exchange">> {
  if (logLevel !== "debug" && logLevel !== "trace") return {};
  const { exchangeText } = await import("./exchangetext.ts");
  return { exchange: (exchange) => log("debug", exchangeText(exchange), { exchange }) };
}

/** Loads and writes nothing unless a level was requested. */
export async function openLog(settings: Settings, io: Io): Promise<Log> {
  if (settings.logLevel === "silent") return () => undefined;
  const { makeLog } = await import("./log.ts");
  return makeLog(io.stderr, settings.logLevel, settings.logFormat, wantsColor(io.stderr, io.env, settings.color));
}
