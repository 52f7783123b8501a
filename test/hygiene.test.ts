import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

/** Each says nothing and ends with 0 when all is well; otherwise what it said is the failure. */
describe("the whole tree", () => {
  test.each([
    { what: "compiles, the tests included", tool: "typescript/bin/tsc", args: ["-p", "tsconfig.test.json"] },
    { what: "is what eslint likes", tool: "eslint/bin/eslint.js", args: ["."] },
    { what: "is formatted by prettier", tool: "prettier/bin/prettier.cjs", args: ["--check", "--log-level", "warn", "."] },
  ])("$what", { timeout: 300_000 }, ({ tool, args }) => {
    const end = spawnSync(process.execPath, [join(ROOT, "node_modules", tool), ...args], {
      cwd: ROOT,
      encoding: "utf8",
      maxBuffer: 64 << 20,
    });
    expect(`${end.stdout}${end.stderr}`).toBe("");
    expect(end.status).toBe(0);
  });
});
