import { join } from "node:path";
import SSHConfig, { LineType, type Directive, type Line } from "ssh-config";
import { Tofu3Error, messageOf, visible } from "../../errors.ts";
import { expandInclude, type SshFiles } from "./include.ts";
import { matchesPatterns } from "../../ssh/connection/pattern.ts";

/** Values by keyword in lower case. The first value found counts, except that IdentityFile accumulates. */
export type SshSettings = Map<string, readonly string[]>;

/** Who connects to which host, for `Host` and `Match`. */
export interface SshQuery {
  /** The host as the user wrote it. */
  readonly alias: string;
  readonly home: string;
  readonly localUser: string;
  readonly files: SshFiles;
}

const DEPTH = 16;

function isSection(line: Line): line is Directive & { config: SSHConfig } {
  return "config" in line;
}

export function valuesOf(line: Directive): readonly string[] {
  return typeof line.value === "string" ? [line.value] : line.value.map(({ val }) => val);
}

export function parseSshConfig(path: string, text: string): SSHConfig {
  // the parser would take the next line as the value
  const lone = text.split(/\r?\n|\r/).findIndex((line) => /^[A-Za-z]+\s*=?$/.test(line.trim()));
  if (lone !== -1)
    throw new Tofu3Error(
      "E_CONFIG",
      `cannot read the SSH configuration ${JSON.stringify(path)}: no value in line ${lone + 1}`,
      { hint: `ssh -G -F ${path} somehost` },
    );
  try {
    return SSHConfig.parse(text);
  } catch (cause) {
    throw new Tofu3Error(
      "E_CONFIG",
      `cannot read the SSH configuration ${JSON.stringify(path)}: ${visible(messageOf(cause), 200)}`,
      {
        cause,
        hint: `ssh -G -F ${path} somehost`,
      },
    );
  }
}

/** `exec` is never run. Like any criterion not known here it does not match, negated or not. */
function meets(criterion: string, argument: string, settings: SshSettings, query: SshQuery): boolean {
  const patterns = argument.split(",");
  const lower = patterns.map((pattern) => pattern.toLowerCase());
  const hostName = (settings.get("hostname")?.[0] ?? query.alias).replace(/%h/g, query.alias).toLowerCase();
  switch (criterion) {
    case "host":
      return matchesPatterns(lower, hostName);
    case "originalhost":
      return matchesPatterns(lower, query.alias.toLowerCase());
    case "user":
      return matchesPatterns(patterns, settings.get("user")?.[0] ?? query.localUser);
    case "localuser":
      return matchesPatterns(patterns, query.localUser);
    default:
      return false;
  }
}

const KNOWN = new Set(["host", "originalhost", "user", "localuser"]);

function matches(criteria: readonly string[], settings: SshSettings, query: SshQuery): boolean {
  for (let index = 0; index < criteria.length; index++) {
    const word = (criteria[index] ?? "").toLowerCase();
    const criterion = word.replace(/^!/, "");
    if (criterion === "all") continue;
    if (!KNOWN.has(criterion)) return false;
    index += 1;
    if (meets(criterion, criteria[index] ?? "", settings, query) === word.startsWith("!")) return false;
  }
  return criteria.length > 0;
}

function keep(line: Directive, settings: SshSettings): void {
  const keyword = line.param.toLowerCase();
  const values = valuesOf(line);
  // the first of these two counts, ssh_config(5)
  const key = keyword === "proxyjump" || keyword === "proxycommand" ? "proxy" : keyword;
  const kept = settings.get(key);
  if (key === "identityfile")
    settings.set(key, [...(kept ?? []), ...values.filter((value) => kept?.includes(value) !== true)]);
  else if (kept === undefined) settings.set(key, key === "proxy" ? [keyword, values.join(" ")] : values);
}

async function walk(lines: readonly Line[], settings: SshSettings, query: SshQuery, depth: number): Promise<void> {
  for (const line of lines) {
    if (line.type !== LineType.DIRECTIVE) continue;
    const keyword = line.param.toLowerCase();
    if (isSection(line)) {
      const on =
        keyword === "host" ? matchesPatterns(valuesOf(line), query.alias) : matches(valuesOf(line), settings, query);
      if (on) await walk(line.config, settings, query, depth);
    } else if (keyword === "include") {
      for (const argument of valuesOf(line)) {
        for (const path of await expandInclude(argument, query.home, query.files))
          await readInto(path, settings, query, depth + 1);
      }
    } else keep(line, settings);
  }
}

async function readInto(path: string, settings: SshSettings, query: SshQuery, depth: number): Promise<void> {
  if (depth > DEPTH)
    throw new Tofu3Error(
      "E_CONFIG",
      `cannot read the SSH configuration ${JSON.stringify(path)}: more than ${DEPTH} Include deep`,
      { hint: "look for a file that includes itself: grep -ri include ~/.ssh/config*" },
    );
  const text = await query.files.read(path);
  if (text !== null) await walk(parseSshConfig(path, text), settings, query, depth);
}

/**
 * ~/.ssh/config for one host, with Include, Host and Match resolved; `settings` holds what is already decided. A
 * missing file has no settings. Runs no program and resolves no name. Throws E_CONFIG.
 */
export async function readSshSettings(settings: SshSettings, query: SshQuery): Promise<SshSettings> {
  await readInto(join(query.home, ".ssh", "config"), settings, query, 0);
  return settings;
}
