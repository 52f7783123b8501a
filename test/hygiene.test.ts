import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

async function say(tool: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [join(ROOT, "node_modules", tool), ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return code === 0 ? said : `${said}exit status ${code}`;
}

/** Each says nothing when all is well; otherwise what it said is the failure. */
describe("the whole tree", () => {
  test.each([
    { what: "compiles, the tests included", tool: "typescript/bin/tsc", args: ["-p", "tsconfig.test.json"] },
    { what: "is what eslint likes", tool: "eslint/bin/eslint.js", args: ["."] },
    {
      what: "is formatted by prettier",
      tool: "prettier/bin/prettier.cjs",
      args: ["--check", "--log-level", "warn", "."],
    },
  ])("$what", { timeout: 400_000 }, async ({ tool, args }) => {
    expect(await say(tool, args)).toBe("");
  });
});
