import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPrograms } from "./install.ts";

const ROOT = join(import.meta.dirname, "../..");

function newest(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
}

function buildWhenStale(): void {
  const built = join(ROOT, "dist/index.js");
  if (existsSync(built) && statSync(built).mtimeMs > newest(join(ROOT, "src"))) return;
  const tsc = spawnSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", ROOT], {
    encoding: "utf8",
  });
  // it writes what it can all the same; that nothing is wrong is the business of hygiene.test.ts
  if (tsc.status !== 0) console.error(`the build has errors:\n${tsc.stdout.split("\n").slice(0, 10).join("\n")}`);
}

/**
 * Runs once before all test files: programs are there, `bin/tofu3.js` runs the sources as they are now, and all
 * temporary files of the tests stand in one folder, which goes with the last test (vitest ends its workers without
 * their `exit` event).
 */
export function setup(): () => void {
  installPrograms();
  buildWhenStale();
  const folder = mkdtempSync(join(tmpdir(), "tofu3-tests-"));
  // others may pass through: some programs give up root
  chmodSync(folder, 0o711);
  process.env["TMPDIR"] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
