// Builds dist/. npm runs this after it installed the packages of a clone, and before it packs one. Plain JavaScript on
// Node alone, because TypeScript may be missing.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("..", import.meta.url));
const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
const built = new URL("../dist", import.meta.url);
const isClone = existsSync(new URL("../src", import.meta.url));

// `npx tofu3` in a clone runs this each time; it must neither wait for the compiler nor lose what another run has loaded
if (process.env.npm_command === "exec" && existsSync(built)) process.exit(0);

/** Ends this process with the program's exit code if that is not 0. */
function run(program, args, env) {
  const { status, error } = spawnSync(program, args, {
    cwd: folder,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (error !== undefined) process.stderr.write(`tofu3: error: cannot run ${program}: ${error.message}\n`);
  if (status !== 0) process.exit(status ?? 1);
}

// `npm install -g FOLDER` runs this without having installed anything into the folder; `npm install -g git+URL` does so
// in a clone that it then loses (https://github.com/npm/cli/issues/8440)
if (isClone && !existsSync(compiler) && process.env.npm_config_global === "true") {
  if (process.env._PACOTE_NO_PREPARE_ !== undefined) {
    process.stderr.write(
      "tofu3: npm cannot install -g from git: npm pack git+URL && npm install -g --ignore-scripts ./tofu3-*.tgz\n",
    );
    process.exit(1);
  }
  const args = ["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"];
  const npm = process.env.npm_execpath;
  const local = { npm_config_global: "false", npm_config_prefix: undefined, npm_config_omit: "" };
  run(npm === undefined ? "npm" : process.execPath, npm === undefined ? args : [npm, ...args], local);
}

if (isClone && existsSync(compiler)) {
  // what an earlier version built must not get into the package
  rmSync(built, { recursive: true, force: true });
  run(process.execPath, [compiler, "-p", folder]);
} else if (isClone && !existsSync(built)) {
  process.stderr.write("tofu3: not built, because TypeScript is not installed: npm ci && npm run build\n");
}
