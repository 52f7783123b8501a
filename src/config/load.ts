import { isAbsolute, join, resolve } from "node:path";
import { Tofu3Error } from "../errors.ts";
import { parseConfig, type Config } from "./config.ts";
import { readSmallText, type FileKind } from "../smallfile.ts";

/** The parts of the process that decide where files are; `cli/` provides them. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly home: string;
  /** Absolute. */
  readonly cwd: string;
}

const KIND: FileKind = { what: "the configuration", code: "E_CONFIG", limit: 1024 * 1024 };

/** The shortest configuration that works, once the words in capitals are replaced. */
export const SHORTEST = `workers:
  - { name: here, via: local }
  - { name: vm1, via: ssh, host: HOST1, hostKey: "SHA256:KEY1" }
  - { name: vm2, via: ssh, host: HOST2, hostKey: "SHA256:KEY2" }
`;

/** The value of a variable; null if it is unset or empty. */
export function variable(env: Surroundings["env"], name: string): string | null {
  const value = env[name];
  return value === undefined || value === "" ? null : value;
}

/** A directory of the XDG base directory specification, which says to ignore relative ones. */
export function xdgFolder(env: Surroundings["env"], name: string): string | null {
  const value = variable(env, name);
  return value !== null && isAbsolute(value) ? value : null;
}

/** The file named by `--config`, else by TOFU3_CONFIG. */
function namedFile(flag: string | null, { env, cwd }: Surroundings): { path: string; by: string } | null {
  if (flag !== null) return { path: resolve(cwd, flag), by: "--config" };
  const path = variable(env, "TOFU3_CONFIG");
  return path === null ? null : { path: resolve(cwd, path), by: "TOFU3_CONFIG" };
}

function missing(places: readonly string[]): Tofu3Error {
  return new Tofu3Error(
    "E_CONFIG",
    `no configuration: there is no ${places.join(" and no ")}, and neither --config nor TOFU3_CONFIG names one`,
    {
      hint: `"tofu3 demo" shows everything without any configuration; the shortest tofu3.yaml that works:\n\n${SHORTEST}
with HOST1 and HOST2 of your two VMs, and as their host keys what "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" prints on each of them`,
    },
  );
}

/** Where to look if no file is named. */
function usualPlaces({ env, home, cwd }: Surroundings): readonly string[] {
  return [
    join(cwd, "tofu3.yaml"),
    join(xdgFolder(env, "XDG_CONFIG_HOME") ?? join(home, ".config"), "tofu3", "config.yaml"),
  ];
}

/**
 * Finds, reads and checks the configuration: `flag` (`--config`), TOFU3_CONFIG, `./tofu3.yaml`,
 * `$XDG_CONFIG_HOME/tofu3/config.yaml`. If a file is named, looks only there. Null if none is named and none exists.
 * Throws E_CONFIG.
 */
export async function findConfig(flag: string | null, surroundings: Surroundings): Promise<Config | null> {
  const { home } = surroundings;
  const named = namedFile(flag, surroundings);
  for (const file of named === null ? usualPlaces(surroundings) : [named.path]) {
    const text = await readSmallText(file, KIND);
    if (text !== null) return parseConfig(text, { file, home });
  }
  if (named === null) return null;
  throw new Tofu3Error(
    "E_CONFIG",
    `cannot read the configuration ${JSON.stringify(named.path)}: there is no such file`,
    {
      hint: `${named.by} names it`,
    },
  );
}

/** The same for commands that need a configuration: throws E_CONFIG with the shortest one that works. */
export async function loadConfig(flag: string | null, surroundings: Surroundings): Promise<Config> {
  const config = await findConfig(flag, surroundings);
  if (config !== null) return config;
  throw missing(usualPlaces(surroundings));
}
