import { cp, lstat, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../../lab/processes.ts";
import type { Outcome } from "../../lab/cli.ts";
import { runIn, type How } from "./ground.ts";
import type { World } from "./world.ts";

/** `tofu3 pin --allow-private` in this folder. */
export async function pinIn(world: World, folder: string, how: How = {}): Promise<Outcome> {
  return runIn(world, ["pin", "--allow-private"], folder, how);
}

/** Every file of a folder with its bytes, its mode and its times, so that a file that is written again differs. */
export async function shotOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const files = await filesIn(folder);
  const rows = files.map(async (file) => {
    const { mode, mtimeNs, ino } = await lstat(join(folder, file), { bigint: true });
    return [file, `${mode} ${mtimeNs} ${ino} ${await readFile(join(folder, file), "base64")}`] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}

/** Every file of a folder with its text. */
export async function textsOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const files = await filesIn(folder);
  const rows = files.map(async (file) => [file, await readFile(join(folder, file), "utf8")] as const);
  return Object.fromEntries(await Promise.all(rows));
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((each) => !each.isDirectory());
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort();
}

/** The texts that `git apply` makes of a folder and a diff. */
export async function applied(world: World, folder: string, diff: string): Promise<Readonly<Record<string, string>>> {
  const copy = join(await world.stage.room(), "copy");
  await cp(folder, copy, { recursive: true });
  if (diff !== "") {
    const file = join(await world.stage.room(), "pins.diff");
    await writeFile(file, diff);
    const env = { PATH: process.env["PATH"], HOME: world.stage.home, GIT_CEILING_DIRECTORIES: world.stage.folder };
    await runTool("git", ["apply", "--whitespace=nowarn", file], { cwd: copy, env });
  }
  return textsOf(copy);
}
