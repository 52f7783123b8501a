import { Tofu3Error, visible } from "../../errors.ts";
import { DEPTHS, type Depth } from "../../model/audit.ts";
import type { FindingKind } from "../../model/findingkind.ts";
import type { SelectionText } from "../../model/job.ts";
import { reportKind, REPORT_KINDS } from "../../report/kinds.ts";
import { parseFailOn } from "../../pins/findings/failon.ts";
import { AUDIT_ENDINGS, AUDIT_FORMATS, auditReportKind, type AuditFormat } from "../../report/audit/kinds.ts";
import type { Command } from "./command.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "./usage.ts";

const MOST_DAYS = 365;

/** Flags that every command takes. */
export interface Settings {
  readonly config: string | null;
  readonly authfile: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
  /** False if a flag disabled colours. */
  readonly color: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export interface VerifyArguments extends SelectionText {
  readonly command: "verify";
  readonly reference: string;
  readonly destination: string | null;
  readonly force: boolean;
  /** Null: as many as the policy says. */
  readonly days: number | null;
  /** A `tofu3.lock`. */
  readonly lock: string | null;
  readonly keepEvidence: string | null;
  readonly reports: readonly string[];
  readonly redact: boolean;
}

export interface InspectArguments extends SelectionText {
  readonly command: "inspect";
  readonly reference: string;
  readonly raw: boolean;
}

export interface HistoryArguments {
  readonly command: "history";
  /** A reference; null for all. */
  readonly subject: string | null;
  readonly check: boolean;
}

/** What `audit` and `pin` have in common. */
export interface SearchArguments {
  /** Empty: the current folder. */
  readonly paths: readonly string[];
  readonly depth: Depth;
  readonly allowPrivate: boolean;
}

export interface AuditArguments extends SearchArguments {
  readonly command: "audit";
  readonly fresh: boolean;
  /** Null: the default. */
  readonly failOn: ReadonlySet<FindingKind> | null;
  readonly baseline: string | null;
  readonly honourComments: boolean;
  readonly details: boolean;
  readonly format: AuditFormat;
  readonly reports: readonly string[];
}

export interface PinArguments extends SearchArguments {
  readonly command: "pin";
  readonly update: boolean;
  readonly dryRun: boolean;
  readonly lock: string | null;
  readonly buildkitPolicy: string | null;
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
  /** The registry that every worker tries; null for none. */
  readonly registry: string | null;
}

export type Arguments =
  | VerifyArguments
  | InspectArguments
  | TagsArguments
  | HistoryArguments
  | AuditArguments
  | PinArguments
  | DemoArguments
  | WorkersCheckArguments
  | { readonly command: "workers script" };

export interface Invocation {
  readonly arguments: Arguments;
  readonly settings: Settings;
}

/** What yargs returns: the words, those after `--` while parsing, and each given flag by its long name. */
export interface Given {
  readonly _: readonly string[];
  readonly "--"?: readonly string[];
  readonly [flag: string]: unknown;
}

/** The typed arguments of one command, from its checked words and flags. Throws E_USAGE for an unknown report type. */
export function invocationOf(command: Command, positionals: readonly string[], flags: Flags): Invocation {
  return { arguments: argumentsOf(command, positionals, flags), settings: settingsOf(flags) };
}

type Flags = Readonly<Record<string, unknown>>;

function argumentsOf(command: Command, positionals: readonly string[], flags: Flags): Arguments {
  const [first = ""] = positionals;
  const selection = {
    platform: text(flags, "platform"),
    osVersion: text(flags, "os-version"),
    bottle: text(flags, "bottle"),
  };
  switch (command.name) {
    case "verify":
      return {
        command: "verify",
        reference: first,
        ...selection,
        destination: text(flags, "output"),
        force: isOn(flags, "force"),
        days: daysOf(flags),
        lock: text(flags, "lock"),
        keepEvidence: text(flags, "keep-evidence"),
        reports: reportsOf(flags, reportKind, REPORT_KINDS),
        redact: isOn(flags, "redact"),
      };
    case "inspect":
      return { command: "inspect", reference: first, ...selection, raw: isOn(flags, "raw") };
    case "history":
      return { command: "history", subject: positionals[0] ?? null, check: isOn(flags, "check") };
    case "audit":
      return {
        command: "audit",
        ...searchOf(positionals, flags),
        fresh: isOn(flags, "fresh"),
        failOn: failOnOf(flags),
        baseline: text(flags, "baseline"),
        honourComments: !isOn(flags, "no-ignore"),
        details: isOn(flags, "details"),
        format:
          AUDIT_FORMATS.find((each) => each === text(flags, "format")) ?? (isOn(flags, "json") ? "json" : "table"),
        reports: reportsOf(flags, auditReportKind, Object.keys(AUDIT_ENDINGS)),
      };
    case "pin":
      return {
        command: "pin",
        ...searchOf(positionals, flags),
        update: isOn(flags, "update"),
        dryRun: isOn(flags, "dry-run"),
        lock: text(flags, "lock"),
        buildkitPolicy: text(flags, "buildkit-policy"),
      };
    case "tags":
      return { command: "tags", repository: first };
    case "demo":
      return { command: "demo", tamper: isOn(flags, "tamper") };
    case "workers check":
      return { command: "workers check", registry: text(flags, "registry") };
    case "workers script":
      return { command: "workers script" };
    default:
      throw new Tofu3Error("E_BUG", `the command ${command.name} is listed and not implemented`);
  }
}

function searchOf(paths: readonly string[], flags: Flags): SearchArguments {
  const depth = DEPTHS.find((each) => each === text(flags, "depth")) ?? "root";
  return { paths, depth, allowPrivate: isOn(flags, "allow-private") };
}

function failOnOf(flags: Flags): ReadonlySet<FindingKind> | null {
  const given = text(flags, "fail-on");
  return given === null ? null : parseFailOn(given);
}

function daysOf(flags: Flags): number | null {
  const given = text(flags, "days");
  if (given === null || (/^[1-9][0-9]{0,2}$/.test(given) && Number(given) <= MOST_DAYS))
    return given === null ? null : Number(given);
  throw new Tofu3Error("E_USAGE", `not a number of days: ${JSON.stringify(visible(given, 100))}`, {
    hint: `give a whole number from 1 to ${MOST_DAYS}: --days 3`,
  });
}

function reportsOf(flags: Flags, kindOf: (path: string) => string | null, kinds: readonly string[]): readonly string[] {
  const paths = texts(flags, "report");
  const wrong = paths.find((path) => kindOf(path) === null);
  if (wrong === undefined) return paths;
  throw new Tofu3Error("E_USAGE", `there is no kind of report for ${JSON.stringify(visible(wrong, 200))}`, {
    hint: `the ending chooses the kind: ${kinds.join(", ")}`,
  });
}

function settingsOf(flags: Flags): Settings {
  return {
    config: text(flags, "config"),
    authfile: text(flags, "authfile"),
    json: isOn(flags, "json"),
    quiet: isOn(flags, "quiet"),
    progress: !isOn(flags, "no-progress"),
    color: !isOn(flags, "no-color"),
    logLevel: LOG_LEVELS.find((level) => level === text(flags, "log-level")) ?? "silent",
    logFormat: LOG_FORMATS.find((format) => format === text(flags, "log-format")) ?? "pretty",
  };
}

function isOn(flags: Flags, name: string): boolean {
  return [flags[name]].flat().at(-1) === true;
}

function text(flags: Flags, name: string): string | null {
  return texts(flags, name)[0] ?? null;
}

function texts(flags: Flags, name: string): readonly string[] {
  return [flags[name]].flat().filter((each) => typeof each === "string");
}
