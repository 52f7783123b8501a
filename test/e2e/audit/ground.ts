import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Audit } from "../../../src/model/audit.ts";
import { run, type Outcome, type RunOptions } from "../../lab/cli.ts";
import type { LabConfig } from "../../lab/config.ts";
import { readProject, writeProject, type Mark, type Names, type Project } from "./marks.ts";
import type { World } from "./world.ts";

export interface Audited extends Outcome {
  /** The JSON object on stdout; throws where there is none. */
  readonly audit: Audit;
}

export interface How {
  readonly flags?: readonly string[];
  /** Without `--allow-private` and `--json`. */
  readonly bare?: boolean;
  /** `$XDG_STATE_HOME`; one of its own otherwise. */
  readonly state?: string;
  readonly config?: Partial<LabConfig>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly options?: RunOptions;
}

/** `tofu3 COMMAND` in this folder, with the workers behind the liar. */
export async function runIn(
  world: World,
  command: readonly string[],
  folder: string,
  { flags = [], state, config, limits, options }: How = {},
): Promise<Outcome> {
  const { stage, liar } = world;
  const file = await stage.configure({
    liar,
    ...(limits === undefined ? {} : { limits }),
    config: { local: { proxy: liar.proxyOf("here") }, ...config },
  });
  return run([...command, "--config", file, ...flags], {
    cwd: folder,
    ...options,
    env: { HOME: stage.home, XDG_STATE_HOME: state ?? (await stage.room()), ...options?.env },
  });
}

export async function auditOf(world: World, folder: string, how: How = {}): Promise<Audited> {
  const own = how.bare === true ? [] : ["--allow-private", "--json"];
  const ended = await runIn(world, ["audit", ...own], folder, how);
  return {
    ...ended,
    get audit() {
      if (ended.stdout === "") throw new Error(`exit ${String(ended.code)}: ${ended.stderr}`);
      return JSON.parse(ended.stdout) as Audit;
    },
  };
}

export interface Planted extends Project {
  readonly folder: string;
}

/** One of the projects, in a folder of its own. */
export async function treeOf(world: World, name: string, names: Names = world.names): Promise<Planted> {
  const folder = join(await world.stage.room(), name);
  await mkdir(folder);
  const project = readProject(name, names);
  await writeProject(folder, project);
  return { folder, ...project };
}

/** Several of them beside each other, each in a folder of its name; marks have the path from there. */
export async function forestOf(
  world: World,
  projects: readonly string[],
  names: Names = world.names,
): Promise<{ readonly folder: string; readonly marks: ReadonlyMap<string, readonly Mark[]> }> {
  const folder = await world.stage.room();
  const marks = new Map<string, readonly Mark[]>();
  for (const name of projects) {
    const project = readProject(name, names);
    await mkdir(join(folder, name));
    await writeProject(join(folder, name), project);
    marks.set(
      name,
      project.marks.map((mark) => ({ ...mark, file: `${name}/${mark.file}` })),
    );
  }
  return { folder, marks };
}

/** A tree of these files. */
export async function writeTree(world: World, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await world.stage.room();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** `kind reference` of each finding, sorted. */
export function kindsIn({ findings }: Audit): readonly string[] {
  return findings.map(({ kind, reference }) => `${kind} ${reference}`).sort();
}
