import { spawnSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { writeFiles } from "../../src/pins/rewrite.ts";
import { runChild, type Ended } from "../release/child.ts";
import { temporary } from "../release/tools.ts";

const DIST = join(import.meta.dirname, "../../dist/pins/rewrite.js");
const NAMES = ["a", "b", "c"];
const [OLD_TEXT, NEW_TEXT] = ["FROM alpine:3\n", "FROM alpine:3@x\n"];

/** Rewrites the three files of a folder, and makes one that was not there: what `tofu3 pin` does at its end. */
const PROGRAM = `
import { join } from "node:path";
import { writeFiles } from ${JSON.stringify(DIST)};
const [folder] = process.argv.slice(2);
const rewrites = ${JSON.stringify(NAMES)}.map((name) => ({
  path: join(folder, name), text: ${JSON.stringify(OLD_TEXT)}, edits: [{ start: 13, end: 13, text: "@x" }],
}));
const made = { path: join(folder, "lock"), text: null, edits: [{ start: 0, end: 0, text: "new\\n" }] };
try {
  console.log("ready");
  await writeFiles([...rewrites, made], [folder], new AbortController().signal);
  console.log("done");
} catch (error) {
  console.log(error.code ?? "crash", error.message);
}
`;

let program = "";
beforeAll(() => {
  program = join(process.env["TMPDIR"] ?? "/tmp", "tofu3-test-pin-child.mjs");
  writeFileSync(program, PROGRAM);
});

function folderOfThree(): string {
  const folder = temporary();
  for (const name of NAMES) writeFileSync(join(folder, name), OLD_TEXT);
  return folder;
}

async function inject(folder: string, call: string, what: string): Promise<Ended> {
  // not with --seccomp-bpf: strace 6.1 then sends a signal at the first call only
  const strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${call}`];
  return runChild([...strace, "-e", `inject=${call}:${what}`, process.execPath, program, folder], null);
}

/** Moves a file away and puts something in its place. */
function instead(path: string, make: () => void): void {
  renameSync(path, `${path}.old`);
  make();
}

/** Which files are new; each is the old one or the whole new one. */
function statesIn(folder: string): string {
  const states = NAMES.map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    expect([OLD_TEXT, NEW_TEXT]).toContain(text);
    return text === NEW_TEXT ? "new" : "old";
  });
  return states.join(" ");
}

const traced = spawnSync("strace", ["-qq", "-e", "trace=none", "true"]).status === 0;

describe.runIf(traced)("at every call that changes the disk", () => {
  test(
    "kill -9: each file is the old one or the new one, and the next run puts the folder in order",
    { timeout: 240_000 },
    async () => {
      const seen = new Set<string>();
      for (const call of ["rename", "link", "unlink", "fsync", "fchmod"]) {
        for (let place = 1; place < 20; place += 1) {
          const folder = folderOfThree();
          const ended = await inject(folder, call, `signal=SIGKILL:when=${place}`);
          seen.add(statesIn(folder));

          writeFileSync(join(folder, "d"), OLD_TEXT);
          const edits = [{ start: 0, end: 0, text: "# " }];
          await writeFiles(
            [{ path: join(folder, "d"), text: OLD_TEXT, edits }],
            [folder],
            new AbortController().signal,
          );
          expect(readdirSync(folder).filter((name) => ![...NAMES, "d", "lock"].includes(name))).toEqual([]);
          rmSync(folder, { recursive: true });
          if (ended.last === "done" && ended.signal === null) break;
        }
      }
      expect(seen).toEqual(new Set(["old old old", "new old old", "new new old", "new new new"]));
    },
  );

  test.each([
    { errno: "ENOSPC", call: "fsync", code: "E_DISK" },
    { errno: "EIO", call: "fsync", code: "E_DISK" },
    { errno: "EDQUOT", call: "fsync", code: "E_DISK" },
    { errno: "EIO", call: "fchmod", code: "E_DISK" },
    { errno: "EIO", call: "rename", code: "E_DISK" },
    { errno: "EPERM", call: "rename", code: "E_PIN" },
  ])(
    "$errno at $call: what it says of the files is true, and nothing is left",
    { timeout: 240_000 },
    async ({ errno, call, code }) => {
      let faced = 0;
      for (let place = 1; place < 20; place += 1) {
        const folder = folderOfThree();
        const { last } = await inject(folder, call, `error=${errno}:when=${place}`);
        const states = statesIn(folder);
        expect(readdirSync(folder).filter((name) => ![...NAMES, "lock"].includes(name))).toEqual([]);
        if (last === "done") {
          expect(states).toBe("new new new");
          break;
        }
        faced += 1;
        expect(last).toMatch(code);
        const told = last.split("before that, these were written: ")[1] ?? "";
        // the folder is synced last of all, and everything has its name by then
        if (states !== "new new new")
          expect(told.split(", ").filter((each) => each !== "")).toHaveLength(states.match(/new/g)?.length ?? 0);
        else expect(call).toBe("fsync");
      }
      expect(faced).toBeGreaterThan(0);
    },
  );

  const swaps: readonly { what: string; swap: (path: string) => void }[] = [
    { what: "another text", swap: (path) => writeFileSync(path, "mine\n") },
    {
      what: "the same text in another file",
      swap: (path) => instead(path, () => writeFileSync(path, OLD_TEXT)),
    },
    { what: "a symbolic link", swap: (path) => instead(path, () => symlinkSync(`${path}.old`, path)) },
    { what: "a pipe", swap: (path) => instead(path, () => void spawnSync("mkfifo", [path])) },
  ];
  test.each(swaps)(
    "$what takes the place of a file while the others are prepared: nothing is written",
    async ({ swap }) => {
      const folder = folderOfThree();
      // it stands still while the last of the four is synced
      const running = inject(folder, "fsync", "delay_enter=1500000:when=4");
      while (readdirSync(folder).filter((name) => name.endsWith(".pin")).length < 4)
        await new Promise((resolve) => setTimeout(resolve, 5));
      swap(join(folder, "b"));
      const names = readdirSync(folder).filter((name) => !name.endsWith(".pin"));
      const before = lstatSync(join(folder, "b"), { bigint: true });
      expect((await running).last).toMatch(
        /^E_PIN [^;]*: (it has changed since it was looked at|a symbolic link is where a file was)$/,
      );
      expect(readdirSync(folder)).toEqual(names);
      expect(lstatSync(join(folder, "b"), { bigint: true })).toMatchObject({
        ino: before.ino,
        ctimeNs: before.ctimeNs,
      });
      for (const name of ["a", "c"]) expect(readFileSync(join(folder, name), "utf8")).toBe(OLD_TEXT);
    },
  );

  test.each(swaps)(
    "$what takes the place of a file while another is replaced: it stays, and it is told",
    async ({ swap }) => {
      const folder = folderOfThree();
      // it stands still behind the first rename
      const running = inject(folder, "rename", "delay_exit=1500000:when=1");
      while (readFileSync(join(folder, "a"), "utf8") === OLD_TEXT)
        await new Promise((resolve) => setTimeout(resolve, 5));
      swap(join(folder, "b"));
      const before = lstatSync(join(folder, "b"), { bigint: true });
      expect((await running).last).toMatch(
        /^E_PIN cannot write ".*\/b": it has changed since it was looked at; before that, these were written: "[^"]*\/a"$/,
      );
      expect(lstatSync(join(folder, "b"), { bigint: true })).toMatchObject({
        ino: before.ino,
        ctimeNs: before.ctimeNs,
      });
      expect(readdirSync(folder).filter((name) => name.endsWith(".pin"))).toEqual([]);
      expect(readFileSync(join(folder, "c"), "utf8")).toBe(OLD_TEXT);
    },
  );

  test("every new content is on the disk before the first file is replaced, and the folder thereafter", async () => {
    const folder = folderOfThree();
    const log = join(temporary(), "log");
    const strace = ["strace", "-f", "-qq", "-y", "-o", log, "-e", "trace=fsync,rename,link"];
    expect((await runChild([...strace, process.execPath, program, folder], null)).last).toBe("done");
    const calls = readFileSync(log, "utf8").split("\n");
    const named = calls.flatMap((line, index) => (/ (rename|link)\(.*\.pin"/.test(line) ? [index] : []));
    expect(named).toHaveLength(4);
    expect(calls.slice(0, named[0]).filter((line) => / fsync\(\d+<.*\.pin>/.test(line))).toHaveLength(4);
    expect(
      calls.slice(named.at(-1)).filter((line) => line.includes(" fsync(") && line.includes(`<${folder}>`)),
    ).toHaveLength(1);
  });
});
