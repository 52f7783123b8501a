import type { Flag } from "./command.ts";
import { isOn, text, type Flags } from "./values.ts";

export const LOG_LEVELS = ["silent", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ["pretty", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];
export const PROGRESS_MODES = ["auto", "plain", "json", "none"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

export const GLOBAL_FLAGS: readonly Flag[] = [
  {
    name: "config",
    value: "FILE",
    text: "configuration, - for stdin; otherwise TOFU3_CONFIG, ./tofu3.yaml, ~/.config/tofu3/config.yaml",
  },
  {
    name: "authfile",
    value: "FILE",
    text: "registry credentials; otherwise REGISTRY_AUTH_FILE, DOCKER_CONFIG, ~/.docker/config.json",
  },
  { name: "json", text: "print one JSON object on stdout" },
  { name: "quiet", short: "q", text: "no progress, no notes; only the result and errors" },
  {
    name: "progress",
    value: "MODE",
    choices: PROGRESS_MODES,
    text: "on stderr; auto (default): live lines on a terminal, plain lines elsewhere; json: an object a line",
  },
  { name: "no-progress", text: "as --progress none" },
  { name: "no-color", text: "no colours, as NO_COLOR does" },
  {
    name: "debug",
    text: "as --log-level debug: also every exchange, and where an error arose; no secrets, no queries of URLs",
  },
  { name: "log-level", value: "LEVEL", choices: LOG_LEVELS, text: "log to stderr; silent unless asked for" },
  { name: "log-format", value: "FORMAT", choices: LOG_FORMATS, text: "how log lines look" },
  { name: "help", short: "h", text: "print this and exit" },
  { name: "version", short: "V", text: "print the version and exit" },
];

/** Flags that every command takes. */
export interface Settings {
  readonly config: string | null;
  readonly authfile: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: ProgressMode;
  /** False if a flag disabled colours. */
  readonly color: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export function settingsOf(flags: Flags): Settings {
  const level = LOG_LEVELS.find((each) => each === text(flags, "log-level")) ?? "silent";
  return {
    config: text(flags, "config"),
    authfile: text(flags, "authfile"),
    json: isOn(flags, "json"),
    quiet: isOn(flags, "quiet"),
    progress: isOn(flags, "no-progress")
      ? "none"
      : (PROGRESS_MODES.find((mode) => mode === text(flags, "progress")) ?? "auto"),
    color: !isOn(flags, "no-color"),
    logLevel: isOn(flags, "debug") && level !== "trace" ? "debug" : level,
    logFormat: LOG_FORMATS.find((format) => format === text(flags, "log-format")) ?? "pretty",
  };
}
