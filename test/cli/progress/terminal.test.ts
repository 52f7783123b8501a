import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder, runTool, until } from "../../lab/processes.ts";

const BUILT = join(import.meta.dirname, "../../../dist/cli/progress/terminal.js");
/** Thirteen workers that fetch for twenty seconds; the first two of them have ended. `q` ends it. */
const PROGRAM = `
import { terminalProgress } from ${JSON.stringify(BUILT)};
const workers = Array.from({ length: Number(process.argv[1]) }, (_, at) => "worker" + (at + 1));
const { watch, stop } = terminalProgress(process.stderr, workers, true, () => performance.now());
for (const worker of workers) {
  watch({ kind: "wanted", worker, objects: 40, bytes: 4e9 });
  watch({ kind: "phase", worker, phase: "fetching" });
}
setInterval(() => { for (const worker of workers) watch({ kind: "bytes", worker, bytes: 1e7 }); }, 100);
process.stdin.once("data", () => { stop(true); console.log("the end"); process.exit(); });
`;

const folder = await makeFolder("tmux");
const tmux = (...args: readonly string[]): Promise<string> =>
  runTool("tmux", ["-S", join(folder.path, "socket"), ...args]);

beforeAll(() => void tmux("start-server").catch(() => undefined));
afterAll(async () => {
  await tmux("kill-server").catch(() => undefined);
  await folder.remove();
});

/** Starts it at the end of a full screen; answers what was scrolled away and what the screen shows. */
async function start(name: string, columns: number, rows: number, workers: number) {
  const command = `stty -echo; seq 40; '${process.execPath}' --input-type=module -e '${PROGRAM}' ${workers}; sleep 60`;
  await tmux(
    "-f",
    "/dev/null",
    "new-session",
    "-d",
    "-s",
    name,
    "-x",
    `${columns}`,
    "-y",
    `${rows}`,
    "sh",
    "-c",
    command,
  );
  const screen = async (): Promise<readonly string[]> =>
    (await tmux("capture-pane", "-p", "-S", "-", "-t", name)).trimEnd().split("\n");
  return {
    screen,
    /** The screen once every line of a worker is there, drawn for this width. */
    drawn: (what: RegExp) =>
      until("the frame", async () => {
        const lines = await screen();
        return lines.some((line) => what.test(line)) ? lines : undefined;
      }),
    resize: async (to: number) => {
      await tmux("resize-window", "-t", name, "-x", `${to}`, "-y", `${rows}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    },
    end: () => tmux("send-keys", "-t", name, "q", "Enter"),
  };
}

const BEFORE = Array.from({ length: 40 }, (_, at) => `${at + 1}`);
const LINE = /^worker\d {2}fetching/;
const FULL = /^worker1 {2}fetching {2}.*MB\/s {2}.* left {2}0 of 40 objects$/;

// a frame on its way at the moment of a resize was made for the old width, and nobody can call it back: rare, so again
test("a resize of the terminal leaves one line for each worker, and nothing torn", { retry: 2 }, async ({ task }) => {
  const terminal = await start(`resize${task.result?.retryCount ?? 0}`, 120, 24, 3);
  await terminal.drawn(FULL);
  for (const columns of [60, 36, 100, 50, 200]) {
    await terminal.resize(columns);
    const lines = await terminal.screen();
    expect(lines.slice(0, 40)).toEqual(BEFORE);
    expect(lines.slice(40)).toHaveLength(3);
    for (const line of lines.slice(40)) expect(line).toMatch(LINE);
  }
  await terminal.drawn(FULL);
  await terminal.end();
  expect((await terminal.drawn(/^the end$/)).filter((line) => LINE.test(line))).toHaveLength(3);
});

test("more workers than rows do not scroll", async () => {
  const terminal = await start("many", 100, 10, 13);
  await terminal.drawn(/^and 6 more: 6 fetching$/);
  await new Promise((resolve) => setTimeout(resolve, 600));
  const lines = await terminal.screen();
  expect(lines.filter((line) => line.includes("worker"))).toHaveLength(7);
  expect(lines.slice(0, 40)).toEqual(BEFORE);
  await terminal.end();
});
