import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../lab/install.ts";
import { makeFolder, runTool } from "../lab/processes.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/install.md"), "utf8");

let folder = "";
let archive = "";
/** Where `npm install -g` of the archive put tofu3. */
let installed = "";
let said = "";

/** A machine with Node, npm, sh and nothing else. */
async function bareMachine(path: string): Promise<NodeJS.ProcessEnv> {
  mkdirSync(path);
  for (const name of ["node", "npm", "npx", "sh", "env"]) await symlink(findProgram(name) ?? name, join(path, name));
  const kept = ["HOME", "TMPDIR", "NODE_EXTRA_CA_CERTS"].map((name) => [name, process.env[name]]);
  return { ...Object.fromEntries(kept), PATH: path, npm_config_prefer_offline: "true" } as NodeJS.ProcessEnv;
}

let env: NodeJS.ProcessEnv = {};

beforeAll(async () => {
  folder = (await makeFolder("install")).path;
  env = await bareMachine(join(folder, "bin"));
  const packed = await runTool("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
    cwd: ROOT,
  });
  archive = join(folder, packed.trim());
  const install = ["install", "-g", "--ignore-scripts", "--foreground-scripts", "--prefix", join(folder, "one")];
  said = await runTool("npm", [...install, archive], { env, cwd: folder });
  installed = join(folder, "one/lib/node_modules/tofu3");
}, 180_000);

function bytesBelow(path: string): number {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** What the install scripts of the two packages that have one would leave behind. */
function builtIn(root: string): string[] {
  const traces = ["cpu-features/build", "cpu-features/buildcheck.gypi", "ssh2/lib/protocol/crypto/build"];
  return traces.filter((trace) => existsSync(join(root, "node_modules", trace)));
}

test("npx in a clone runs what is built, and builds nothing", async () => {
  const built = join(ROOT, "dist/index.js");
  const before = statSync(built).mtimeMs;
  expect(await runTool("npx", ["tofu3", "--version"], { cwd: ROOT })).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(statSync(built).mtimeMs).toBe(before);
});

describe("npm install -g --ignore-scripts of the packed archive, where there is no TypeScript", () => {
  test("gives a command that runs", async () => {
    const program = join(folder, "one/bin/tofu3");
    expect(await runTool(program, ["--version"], { env })).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await runTool(program, ["verify", "--help"], { env })).toContain("tofu3 verify SUBJECT");
    expect(await runTool(program, ["workers", "script"], { env })).toContain("curl");
  });

  test("runs no install script", () => {
    expect(said).not.toMatch(/^> /m);
    expect(builtIn(installed)).toEqual([]);
    expect(PAGE).toContain("npm install -g --ignore-scripts ./tofu3-0.1.0.tgz");
  });

  test("is as large as docs/install.md says", () => {
    const packages = readdirSync(join(installed, "node_modules"), { withFileTypes: true, recursive: true }).filter(
      (entry) => entry.name === "package.json" && /node_modules\/(?:@[^/]+\/)?[^/]+$/.test(entry.parentPath),
    ).length;
    expect(PAGE).toContain(`${packages} packages`);
    const [, own = "", whole = ""] = /unpacks to ([\d.]+) MB; with its \d+ packages it is (\d+) MB/.exec(PAGE) ?? [];
    const all = bytesBelow(installed);
    const others = bytesBelow(join(installed, "node_modules"));
    expect(Math.abs((all - others) / 1e6 - Number(own))).toBeLessThan(0.3);
    expect(Math.abs(all / 1e6 - Number(whole))).toBeLessThan(2);
  });

  test("has what the commands and the pages name, and nothing to develop with", () => {
    const there = ["config/tofu3.schema.json", "config/tofu3.example.yaml", "config/defaults.json", "docs/install.md"];
    expect(there.filter((file) => !existsSync(join(installed, file)))).toEqual([]);
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" }).filter(
      (file) => !file.startsWith("node_modules"),
    );
    expect(files.filter((file) => file.endsWith(".map") || /^(?:src|test)\b/.test(file))).toEqual([]);
    const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
    const scripts = files.filter((file) => /^dist\/.*\.js$/.test(file)).map((file) => file.slice("dist/".length, -3));
    expect(scripts.filter((name) => !sources.includes(`${name}.ts`))).toEqual([]);
  });

  test("npx runs it without installing it", { timeout: 120_000 }, async () => {
    const args = ["-y", "--ignore-scripts", "-p", archive, "tofu3", "--version"];
    expect(await runTool("npx", args, { env, cwd: folder })).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("from a clone", () => {
  test("npm run demo ends with commands that work there, and with how to get tofu3", async () => {
    const whole = await runTool("sh", ["-c", "npm run demo 2>&1"], { cwd: ROOT });
    expect(whole).toMatch(/^ {4}npx tofu3 init /m);
    expect(whole).not.toMatch(/^ *tofu3 (?!itself)[a-z]/m);
    expect(await runTool("npx", ["--offline", "tofu3", "--version"], { cwd: ROOT })).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const text of [whole, readFileSync(join(ROOT, "README.md"), "utf8")])
      expect(text).toContain("npm install -g .");
  });

  test("npm install -g FOLDER builds it, and clears what an older version built", { timeout: 240_000 }, async () => {
    const clone = join(folder, "clone");
    const files = ["src", "bin", "config", "docs", "README.md", "LICENSE", ".npmrc", "tsconfig.json"];
    for (const name of [...files, "package.json", "package-lock.json"])
      await cp(join(ROOT, name), join(clone, name), { recursive: true });
    mkdirSync(join(clone, "dist"));
    writeFileSync(join(clone, "dist/stale.js"), "");
    await runTool("npm", ["install", "-g", "--prefix", join(folder, "two"), clone], { env, cwd: folder });
    expect(await runTool(join(folder, "two/bin/tofu3"), ["tags", "--help"], { env })).toContain("tofu3 tags");
    expect(existsSync(join(clone, "dist/stale.js"))).toBe(false);
    expect(builtIn(clone)).toEqual([]);
  });

  test("what npm ci --omit=dev runs says in one line that it builds nothing, and is no failure", async () => {
    const clone = join(folder, "bare");
    mkdirSync(join(clone, "src"), { recursive: true });
    await cp(join(ROOT, "bin"), join(clone, "bin"), { recursive: true });
    writeFileSync(join(clone, "package.json"), '{ "type": "module" }');
    const sh = ["-c", "node bin/prepare.js 2>&1"];
    expect(await runTool("sh", sh, { env, cwd: clone })).toBe(
      "tofu3: not built, because TypeScript is not installed: npm ci && npm run build\n",
    );
  });

  test("npm install -g git+URL, which npm 11 cannot do, says what can", async () => {
    const script = "npm_config_global=true _PACOTE_NO_PREPARE_= node bin/prepare.js 2>&1; echo $?";
    const answer = await runTool("sh", ["-c", script], { env, cwd: join(folder, "bare") });
    expect(answer).toBe(
      "tofu3: npm cannot install -g from git: npm pack git+URL && npm install -g --ignore-scripts ./tofu3-*.tgz\n1\n",
    );
  });
});
