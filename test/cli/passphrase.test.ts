import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { passphraseAsker } from "../../src/cli/passphrase.ts";
import { makeFolder, runTool } from "../lab/processes.ts";
import { capture } from "./capture.ts";

const BUILT = join(import.meta.dirname, "../../dist/cli/passphrase.js");
const BUILT_KEYS = join(import.meta.dirname, "../../dist/ssh/connection/keys.js");
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

/** Reads a locked key as a worker does. */
function unlocking(file: string): string {
  const target = {
    worker: "fra",
    user: "tofu",
    agent: null,
    identitiesOnly: false,
    identityFiles: [{ file, named: true }],
  };
  return `
import { passphraseAsker } from ${JSON.stringify(BUILT)};
import { readProofs } from ${JSON.stringify(BUILT_KEYS)};
const progress = { watch() {}, stop() {}, pause() {}, resume() {} };
const ask = passphraseAsker({ stdin: process.stdin, stderr: process.stderr }, progress);
const { proofs } = await readProofs(${JSON.stringify(target)}, ask, new AbortController().signal);
console.log("proofs:", proofs.map((each) => each.type).join());
process.exit();
`;
}

/** Types each text once the prompt before it is there. */
async function onTerminal(typed: Readonly<Record<string, string>>, program = PROGRAM): Promise<string> {
  const command = `'${process.execPath}' --input-type=module -e '${program}'`;
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

test("the prompt for a locked key has one colon", async () => {
  const folder = await makeFolder("locked");
  const key = join(folder.path, "locked");
  await runTool("ssh-keygen", ["-q", "-t", "ed25519", "-N", "swordfish", "-f", key]);
  const screen = await onTerminal({ "passphrase for": "swordfish\r" }, unlocking(key));
  expect(screen).toContain(`passphrase for ${key}: `);
  expect(screen).not.toContain(": :");
  expect(screen).toContain("proofs: publickey");
  await folder.remove();
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

const BUILT_AUDIT = join(import.meta.dirname, "../../dist/cli/progress/audit.js");
const AUDIT = `
import { openAuditProgress } from ${JSON.stringify(BUILT_AUDIT)};
const settings = { quiet: false, progress: "auto", logLevel: "silent" };
const view = await openAuditProgress({ stderr: process.stderr, env: { TERM: "xterm" } }, settings);
const rest = () => new Promise((resolve) => setTimeout(resolve, 600));
view.watch({ kind: "done", done: 3, of: 9 });
await rest();
view.pause();
process.stderr.write("QUESTION ");
view.watch({ kind: "done", done: 4, of: 9 });
await rest();
process.stderr.write("ANSWER ");
view.resume();
await rest();
view.stop();
`;

test("the line of an audit stands still while a question is asked, and goes on after it", async () => {
  const [before = "", during = "", after = ""] = (await onTerminal({}, AUDIT)).split(/QUESTION|ANSWER/);
  expect(before).toContain("3 of 9 references");
  expect(during.trim()).toBe("");
  expect(after).toContain("4 of 9 references");
});
