import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createHash } from "node:crypto";
import { onTestFinished } from "vitest";

/** A directory that is gone after the test. */
export function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), "tofu3-test-release-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** stdout of a program that must succeed. */
export function tool(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr} ${error?.message ?? ""}`);
  return stdout;
}

/** Path, mode and sha256 of everything in a directory, sorted. */
export function listing(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      const mode = (statSync(full).mode & 0o777).toString(8);
      return `${relative(path, full)} ${mode} ${entry.isFile() ? hashOf(full) : "directory"}`;
    })
    .sort();
}

export function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Names of quarantines that are still there. */
export function leftovers(path: string): string[] {
  return readdirSync(path).filter((name) => name.startsWith(".tofu3-"));
}

export function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

/** A small file system of its own, gone after the test; null where none can be mounted. */
export function tmpfs(kilobytes: number, options = ""): string | null {
  const dir = temporary();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k${options}`, "tmpfs", dir]).status === 0;
  if (mounted) onTestFinished(() => void spawnSync("umount", [dir]));
  return mounted ? dir : null;
}
