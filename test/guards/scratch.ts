import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compiled, ROOT } from "./guard.ts";

/** A copy of the tree in which files may be broken. */
export interface Scratch {
  read(file: string): string;
  /** Puts `source` in the place of the file, in what is built as well. Returns what puts the old one back. */
  breakFile(file: string, source: string): () => void;
  /** Runs the tests of one file whose full names match. */
  run(file: string, pattern: string): Promise<Run>;
  remove(): void;
}

/** Of each test that ran, whether it passed. */
export interface Run {
  readonly tests: readonly { readonly name: string; readonly passed: boolean }[];
  /** What was said where nothing ran. */
  readonly trouble: string;
}

const LONGEST_MS = 150_000;
const LEFT_OUT = ["node_modules", "dist", ".git"];

interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

function readReport(path: string, said: string): Run {
  if (!existsSync(path)) return { tests: [], trouble: said.slice(-2000) };
  const { testResults } = JSON.parse(readFileSync(path, "utf8")) as Report;
  const ran = testResults
    .flatMap((each) => each.assertionResults)
    .filter(({ status }) => status === "passed" || status === "failed");
  return {
    tests: ran.map(({ fullName, status }) => ({ name: fullName, passed: status === "passed" })),
    trouble: testResults.map((each) => each.message).join("\n"),
  };
}

/** What vitest tells its own processes must not reach another vitest. */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|VITE_|TEST$|NODE_ENV$|NODE_OPTIONS$|DEV$|PROD$|MODE$)/.test(name),
  );
  // every case of the attack matrix is there, whatever the day
  return { ...Object.fromEntries(entries), ATTACKS: "all" };
}

/** vitest and the processes in which it runs tests. */
function endGroup(pid: number | undefined): void {
  if (pid !== undefined) process.kill(-pid, "SIGKILL");
}

async function spoken(args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd,
    env: environment(),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const deadline = setTimeout(() => endGroup(child.pid), LONGEST_MS);
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(deadline);
  return said;
}

/**
 * The modules are those of the real tree; so is the build, which `setup.ts` has brought up to date or `npm run mutants`
 * has made.
 */
export function makeScratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "tofu3-mutants-"));
  // some tests run programs as somebody else
  chmodSync(folder, 0o755);
  const tree = join(folder, "tofu3");
  cpSync(ROOT, tree, { recursive: true, filter: (path) => !LEFT_OUT.some((each) => path === join(ROOT, each)) });
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  cpSync(join(ROOT, "dist"), join(tree, "dist"), { recursive: true });
  // never older than a source that was broken: it is built here, one file at a time
  const later = new Date(Date.now() + 24 * 3600 * 1000);
  const refresh = (): void => utimesSync(join(tree, "dist/index.js"), later, later);
  refresh();

  function write(file: string, source: string): void {
    writeFileSync(join(tree, file), source);
    const built = /^src\/(.+)\.ts$/.exec(file)?.[1];
    if (built !== undefined) writeFileSync(join(tree, "dist", `${built}.js`), compiled(file, source));
    refresh();
  }

  const read = (file: string): string => readFileSync(join(tree, file), "utf8");
  return {
    read,
    breakFile: (file, source) => {
      const whole = read(file);
      write(file, source);
      return () => write(file, whole);
    },
    run: async (file, pattern) => {
      const report = join(folder, "report.json");
      rmSync(report, { force: true });
      const vitest = join(tree, "node_modules/vitest/vitest.mjs");
      const args = [vitest, "run", file, "-t", pattern, "--reporter=json", `--outputFile=${report}`];
      return readReport(report, await spoken(args, tree));
    },
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}
