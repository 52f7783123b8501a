import { isAbsolute, join, resolve } from "node:path";
import { readSmallText, type FileKind } from "../smallfile.ts";
import type { Input } from "../stdin.ts";

/** A file named by the configuration, and where it is named: `tofu3.yaml:9:11: registries["registry.corp"].caFile` */
export interface NamedFile {
  readonly path: string;
  readonly at: string;
}

/** The parts of the process that decide where files are; `cli/` provides them. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly home: string;
  /** Absolute. */
  readonly cwd: string;
  /** What `--config -` reads; without it there is nothing to read. */
  readonly stdin?: Input;
}

/** In place of a file: standard input. */
export const STDIN = "-";

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

/** What a configuration is in messages, and how large it may be. */
export const KIND: FileKind = { what: "the configuration", code: "E_CONFIG", limit: 1024 * 1024 };

/** The file named by `--config`, else by TOFU3_CONFIG. */
export function namedFile(flag: string | null, { env, cwd }: Surroundings): { path: string; by: string } | null {
  if (flag === STDIN || (flag === null && variable(env, "TOFU3_CONFIG") === STDIN)) return { path: STDIN, by: "" };
  if (flag !== null) return { path: resolve(cwd, flag), by: "--config" };
  const path = variable(env, "TOFU3_CONFIG");
  return path === null ? null : { path: resolve(cwd, path), by: "TOFU3_CONFIG" };
}

/** Where to look if no file is named. */
export function usualPlaces({ env, home, cwd }: Surroundings): readonly string[] {
  return [
    join(cwd, "tofu3.yaml"),
    join(xdgFolder(env, "XDG_CONFIG_HOME") ?? join(home, ".config"), "tofu3", "config.yaml"),
  ];
}

/** The first of these files that exists: the named one, else the usual ones. Null if none does. Throws E_CONFIG. */
export async function readFirst(
  named: { readonly path: string } | null,
  surroundings: Surroundings,
): Promise<{ readonly file: string; readonly text: string } | null> {
  for (const file of named === null ? usualPlaces(surroundings) : [named.path]) {
    const text = await readSmallText(file, KIND);
    if (text !== null) return { file, text };
  }
  return null;
}

/** Absolute: a path of the configuration starts with `~/`, or is relative to the folder of the file. */
export function placeIn(folder: string, home: string, path: string): string {
  return path.startsWith("~/") ? resolve(home, path.slice(2)) : resolve(folder, path);
}
