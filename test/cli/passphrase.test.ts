import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { passphraseAsker } from "../../src/cli/passphrase.ts";
import { capture } from "./capture.ts";

const BUILT = join(import.meta.dirname, "../../dist/cli/passphrase.js");
const PROGRAM = `
import { passphraseAsker } from ${JSON.stringify(BUILT)};
const controller = new AbortController();
process.on("SIGINT", () => controller.abort(new Error("interrupted")));
const said = [];
const progress = { watch() {}, stop() {}, pause: () => said.push("pause"), resume: () => said.push("resume") };
const ask = passphraseAsker({ stdin: process.stdin, stderr: process.stderr }, progress);
try {
  const answers = await Promise.all([ask("first", controller.signal), ask("second", controller.signal)]);
  console.log("answers:", answers.map((each) => each.length).join(), said.join());
} catch (error) {
  console.log("rejected:", error.message, said.join());
  process.exit();
}
`;

/** Types each text once the prompt before it is there. */
async function onTerminal(typed: Readonly<Record<string, string>>): Promise<string> {
  const command = `'${process.execPath}' --input-type=module -e '${PROGRAM}'`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"] });
  let screen = "";
  const waiting = new Map(Object.entries(typed));
  child.stdout.on("data", (chunk: Buffer) => {
    screen += chunk.toString("utf8");
    for (const [prompt, text] of waiting) {
      if (!screen.includes(prompt)) continue;
      waiting.delete(prompt);
      child.stdin.write(text);
    }
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), 30_000);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(deadline);
  return screen;
}

test("two questions are asked one after the other, without echo, while the progress lines are away", async () => {
  const screen = await onTerminal({ "first: ": "hunter2\r", "second: ": "swordfish\u007f\r" });
  expect(screen).not.toMatch(/hunter|sword/);
  expect(screen).toContain("answers: 7,8 pause,resume,pause,resume");
});

test("Ctrl-C at the prompt interrupts as it does elsewhere", async () => {
  expect(await onTerminal({ "first: ": "hunt\u0003" })).toContain("rejected: interrupted pause,resume");
});

test("Ctrl-D at the prompt is no passphrase", async () => {
  expect(await onTerminal({ "first: ": "\u0004" })).toContain("rejected: the terminal was closed");
});

test("without a terminal nobody is asked", () => {
  const progress = { watch: () => undefined, pause: () => undefined, resume: () => undefined, stop: () => undefined };
  expect(passphraseAsker(capture("/"), progress)).toBeNull();
});
