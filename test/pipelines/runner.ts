import { spawn } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { PROGRAM } from "../lab/cli.ts";

export const ROOT = join(import.meta.dirname, "../..");
export const TEMPLATES = join(ROOT, "config/ci");

export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

export async function readTemplate<T>(file: string): Promise<T> {
  return parse(await readFile(join(TEMPLATES, file), "utf8")) as T;
}

export const readAction = (): Promise<Action> => readTemplate<Action>("action.yml");

export interface Ran {
  readonly code: number;
  readonly log: string;
}

/** Runs a program to its end, with nothing in its environment but what is given. */
export async function runWith(
  [program = "", ...args]: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Ran> {
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, log }));
  });
}

/** A folder for the PATH in which `tofu3` is this one. */
export async function linkProgram(folder: string): Promise<string> {
  const bin = join(folder, "bin");
  await mkdir(bin, { recursive: true });
  // as npm links it; the file need not be executable where it is unpacked
  await writeFile(join(bin, "tofu3"), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, { mode: 0o755 });
  await symlink(process.execPath, join(bin, "node")).catch(() => undefined);
  return bin;
}

export interface Job extends Ran {
  readonly failed: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** RUNNER_TEMP */
  readonly temp: string;
  /** The outputs of each step. */
  readonly steps: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** Runs the steps of action.yml as a runner does: each by bash, with its environment, until one fails. */
export async function runAction(
  folder: string,
  inputs: Readonly<Record<string, string>>,
  { env = {}, cwd = folder }: { env?: Readonly<Record<string, string>>; cwd?: string } = {},
): Promise<Job> {
  const action = await readAction();
  const temp = join(folder, "temp");
  await mkdir(temp, { recursive: true });
  const files = { GITHUB_OUTPUT: "output", GITHUB_PATH: "path", GITHUB_STEP_SUMMARY: "summary", GITHUB_ENV: "env" };
  for (const name of Object.values(files)) await writeFile(join(temp, name), "");
  const steps = new Map<string, Record<string, string>>();
  const value = (text: string): string =>
    text.replace(/\$\{\{ (inputs|steps)\.([a-z-]+)(?:\.outputs\.([a-z-]+))? \}\}/g, (_, kind, name: string, key) => {
      if (kind === "steps") return steps.get(name)?.[String(key)] ?? "";
      const input = action.inputs[name];
      if (input === undefined) throw new Error(`action.yml has no input ${name}`);
      return inputs[name] ?? input.default ?? "";
    });
  let failed = false;
  let code = 0;
  let log = "";
  for (const [number, step] of action.runs.steps.entries()) {
    if (failed && step.if !== "always()") continue;
    const script = join(temp, `${number}.sh`);
    await writeFile(script, step.run ?? "");
    const given = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, text]) => [name, value(text)]));
    const path = (await readFile(join(temp, "path"), "utf8")).split("\n").filter(Boolean).reverse();
    const ran = await runWith(["bash", "--noprofile", "--norc", "-eo", "pipefail", script], {
      cwd,
      env: {
        ...env,
        ...given,
        PATH: [...path, env["PATH"] ?? process.env["PATH"] ?? ""].join(":"),
        RUNNER_TEMP: temp,
        GITHUB_ACTION_PATH: TEMPLATES,
        ...Object.fromEntries(Object.entries(files).map(([name, file]) => [name, join(temp, file)])),
      },
    });
    log += ran.log;
    if (ran.code !== 0 && !failed) [failed, code] = [true, ran.code];
    if (step.id !== undefined) steps.set(step.id, outputsIn(await readFile(join(temp, "output"), "utf8")));
    await writeFile(join(temp, "output"), "");
  }
  const outputs = Object.entries(action.outputs).map(([name, output]) => [name, value(output.value)]);
  const summary = await readFile(join(temp, "summary"), "utf8");
  return { code, log, failed, outputs: Object.fromEntries(outputs) as Record<string, string>, summary, temp, steps };
}

function outputsIn(text: string): Record<string, string> {
  const pairs = text.split("\n").flatMap((line) => {
    const [, name, value] = /^([a-z-]+)=(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value ?? ""]];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}
