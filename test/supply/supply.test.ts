import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, readFile, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeFolder, runTool } from "../lab/processes.ts";

/** A lock file without addresses is read as one with this. */
const HOME = "https://registry.npmjs.org/";
const ROOT = join(import.meta.dirname, "../..");

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

interface Manifest {
  readonly version: string;
  readonly license?: string | { readonly type: string };
  readonly licenses?: readonly { readonly type: string }[];
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(join(ROOT, file), "utf8")) as T;
}

const { packages } = readJson<{ packages: Readonly<Record<string, Locked>> }>("package-lock.json");
const PACKAGE = readJson<{
  allowScripts: Readonly<Record<string, boolean>>;
  dependencies: Readonly<Record<string, string>>;
  devDependencies: Readonly<Record<string, string>>;
}>("package.json");
const LOCKED = Object.entries(packages).filter(([path]) => path !== "");
const PRODUCTION = LOCKED.filter(([, each]) => each.dev !== true && each.devOptional !== true);

/** Licences that ask for nothing but to be kept with the code. */
const ALLOWED = ["MIT", "ISC", "Apache-2.0", "BSD-3-Clause", "Unlicense"];

function licenceOf({ license, licenses }: Manifest): string {
  if (typeof license === "string") return license;
  return license?.type ?? licenses?.map((each) => each.type).join(" OR ") ?? "none";
}

/** The package as `npm pack` makes it from sources that were written at `hour` o'clock. */
async function build(folder: string, hour: number): Promise<string> {
  await mkdir(folder);
  for (const name of ["src", "bin", "config", "docs", "README.md", "LICENSE", "package.json", "tsconfig.json"]) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  }
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  await runTool(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", folder]).catch(() => undefined);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) await utimes(file, hour * 3600, hour * 3600);
  }
  await runTool("npm", ["pack", "--ignore-scripts", "--offline", "--pack-destination", folder], { cwd: folder });
  const [archive = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  return createHash("sha256")
    .update(await readFile(join(folder, archive)))
    .digest("hex");
}

describe("what tofu3 is made of", () => {
  test("every package comes from the registry, by its hash", () => {
    const loose = LOCKED.filter(
      ([, { resolved, integrity }]) =>
        !(resolved ?? HOME).startsWith(HOME) || integrity?.startsWith("sha512-") !== true,
    );
    expect(loose.map(([path]) => path)).toEqual([]);
  });

  test("direct dependencies have one exact version", () => {
    const versions = Object.values({ ...PACKAGE.dependencies, ...PACKAGE.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
  });

  test("every install script is refused by name", () => {
    const scripted = LOCKED.filter(([, each]) => each.hasInstallScript === true).map(([path]) =>
      path.replace(/^.*node_modules\//, ""),
    );
    expect(scripted.length).toBeGreaterThan(0);
    expect(scripted.filter((name) => PACKAGE.allowScripts[name] !== false)).toEqual([]);
    expect(Object.values(PACKAGE.allowScripts).every((allowed) => !allowed)).toBe(true);
  });

  test("licences are of the kind that may be passed on, and docs/supply-chain.md counts them", () => {
    const counts = new Map<string, number>();
    for (const [path] of PRODUCTION) {
      const file = `${path}/package.json`;
      // optional ones may be missing
      if (!existsSync(join(ROOT, file))) continue;
      const licence = licenceOf(readJson<Manifest>(file));
      expect(ALLOWED, path).toContain(licence);
      counts.set(licence, (counts.get(licence) ?? 0) + 1);
    }
    const page = readFileSync(join(ROOT, "docs/supply-chain.md"), "utf8");
    expect(page).toContain(`${PRODUCTION.length} packages`);
    expect(page).toContain(`${Object.keys(PACKAGE.dependencies).length} of them directly`);
    for (const licence of ALLOWED) expect(counts.get(licence) ?? 0, licence).toBeGreaterThan(0);
    for (const [licence, count] of counts) expect(page).toContain(`| ${licence} | ${count} |`);
  });

  test("two builds at two times are the same bytes", { timeout: 300_000 }, async () => {
    const folder = await makeFolder("pack");
    const first = await build(join(folder.path, "one"), 100_000);
    const second = await build(join(folder.path, "two"), 200_000);
    expect(first).toBe(second);
    await folder.remove();
  });
});
