import { Tofu3Error, visible } from "../../errors.ts";
import type { SelectionText } from "../../model/job.ts";
import { reportKind, REPORT_KINDS } from "../../report/kinds.ts";
import { LOG_FORMATS, LOG_LEVELS, type Command, type LogFormat, type LogLevel } from "./usage.ts";

/** Flags that every command takes. */
export interface Settings {
  readonly config: string | null;
  readonly authfile: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
  /** False when colours were switched off by a flag. */
  readonly color: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export interface VerifyArguments extends SelectionText {
  readonly command: "verify";
  readonly reference: string;
  readonly destination: string | null;
  readonly force: boolean;
  readonly reports: readonly string[];
}

export interface InspectArguments extends SelectionText {
  readonly command: "inspect";
  readonly reference: string;
  readonly raw: boolean;
}

export interface TagsArguments {
  readonly command: "tags";
  readonly repository: string;
}

export interface DemoArguments {
  readonly command: "demo";
  readonly tamper: boolean;
}

export interface WorkersCheckArguments {
  readonly command: "workers check";
  /** Asked from every worker; null: none is. */
  readonly registry: string | null;
}

export type Arguments =
  | VerifyArguments
  | InspectArguments
  | TagsArguments
  | DemoArguments
  | WorkersCheckArguments
  | { readonly command: "workers script" };

export interface Invocation {
  readonly arguments: Arguments;
  readonly settings: Settings;
}

/** What each flag that was given was given as: a switch, or its texts. */
export type Values = ReadonlyMap<string, boolean | readonly string[]>;

/** Checked words and flags of one command → its typed arguments. Throws E_USAGE for a report of unknown kind. */
export function invocationOf(command: Command, positionals: readonly string[], values: Values): Invocation {
  return { arguments: argumentsOf(command, positionals, values), settings: settingsOf(values) };
}

function argumentsOf(command: Command, positionals: readonly string[], values: Values): Arguments {
  const [first = ""] = positionals;
  const selection = { platform: text(values, "platform"), osVersion: text(values, "os-version"), bottle: text(values, "bottle") };
  switch (command.name) {
    case "verify":
      return {
        command: "verify",
        reference: first,
        ...selection,
        destination: text(values, "output"),
        force: values.get("force") === true,
        reports: reportsOf(values),
      };
    case "inspect":
      if (values.get("raw") === true && values.get("json") === true) {
        throw new Tofu3Error("E_USAGE", "--raw and --json exclude each other", { hint: "--raw prints the bytes as they are" });
      }
      return { command: "inspect", reference: first, ...selection, raw: values.get("raw") === true };
    case "tags":
      return { command: "tags", repository: first };
    case "demo":
      return { command: "demo", tamper: values.get("tamper") === true };
    case "workers check":
      return { command: "workers check", registry: text(values, "registry") };
    case "workers script":
      return { command: "workers script" };
    default:
      throw new Tofu3Error("E_BUG", `the command ${command.name} is listed and not implemented`);
  }
}

function reportsOf(values: Values): readonly string[] {
  const paths = texts(values, "report");
  const wrong = paths.find((path) => reportKind(path) === null);
  if (wrong === undefined) return paths;
  throw new Tofu3Error("E_USAGE", `there is no kind of report for ${JSON.stringify(visible(wrong, 200))}`, {
    hint: `the ending chooses the kind: ${REPORT_KINDS.join(", ")}`,
  });
}

function settingsOf(values: Values): Settings {
  return {
    config: text(values, "config"),
    authfile: text(values, "authfile"),
    json: values.get("json") === true,
    quiet: values.get("quiet") === true,
    progress: values.get("no-progress") !== true,
    color: values.get("no-color") !== true,
    logLevel: LOG_LEVELS.find((level) => level === text(values, "log-level")) ?? "silent",
    logFormat: LOG_FORMATS.find((format) => format === text(values, "log-format")) ?? "pretty",
  };
}

function text(values: Values, name: string): string | null {
  return texts(values, name)[0] ?? null;
}

function texts(values: Values, name: string): readonly string[] {
  const value = values.get(name);
  return typeof value === "object" ? value : [];
}
