#!/usr/bin/env node
// Plain JavaScript that every Node since 14 can read, so that an old one says what is wrong instead of throwing a
// SyntaxError.
import { existsSync, readFileSync } from "node:fs";
import * as nodeModule from "node:module";

// Until the program is loaded nothing was begun, and whoever interrupts gets the same answer as later.
const interrupted = (name) => {
  process.stderr.write(`tofu3: interrupted by ${name}; nothing was released\n`);
  process.exit(130);
};
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, interrupted);

const [major, minor] = process.versions.node.split(".").map(Number);
const main = new URL("../dist/cli/main.js", import.meta.url);

if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `tofu3: error: Node.js ${process.versions.node} is too old\ntofu3: hint: install Node.js 20.19 or newer\n`,
  );
  process.exitCode = 2;
} else if (process.argv.length === 3 && /^(--version|-V)$/.test(process.argv[2])) {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  process.stdout.on("error", () => undefined);
  process.stdout.write(`${version}\n`);
} else if (!existsSync(main)) {
  process.stderr.write("tofu3: error: not built\ntofu3: hint: npm run build\n");
  process.exitCode = 2;
} else {
  if (typeof nodeModule.enableCompileCache === "function") nodeModule.enableCompileCache();
  const { run } = await import(main.href);
  process.exitCode = await run();
}
