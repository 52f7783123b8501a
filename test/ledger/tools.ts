import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { openLedgers, type Entered, type Ledger } from "../../src/ledger/ledger.ts";
import { hashOf, keyOf, writeLine, type LedgerKey } from "../../src/ledger/line.ts";
import type { Verification } from "../../src/model/record.ts";
import type { Subject } from "../../src/model/subject.ts";
import type { Digest } from "../../src/oci/digest.ts";

export function digest(letter: string): Digest {
  return `sha256:${letter.repeat(64).slice(0, 64)}` as Digest;
}

export const VIM: Subject = { registry: "ghcr.io", repository: "homebrew/core/vim", tag: "9.0.1900", pin: null };
/** Matches a text with this in it. */
export function has(part: string | RegExp): unknown {
  return expect.stringMatching(typeof part === "string" ? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : part);
}

export const NEVER = new AbortController().signal;

export function verification(part: Partial<Verification> = {}): Verification {
  const root = part.digest === undefined ? digest("a") : part.digest;
  return {
    at: "2026-11-26T22:04:07.120Z",
    subject: VIM,
    selection: { platform: "linux/amd64", osVersion: null, bottle: null },
    outcome: "agreed",
    looks: ["fra", "here", "sgp"].map((worker) => ({
      worker,
      via: worker === "here" ? ("local" as const) : ("ssh" as const),
      outcome: "saw" as const,
      digest: root,
      hostKey: worker === "here" ? null : "SHA256:abc",
      country: worker === "fra" ? "DE" : null,
      asn: null,
    })),
    objects: [{ role: "index", digest: digest("a"), parent: null, platform: null }],
    clocksAgree: true,
    ...part,
    digest: root,
  };
}

export interface Place {
  readonly dir: string;
  readonly path: string;
  readonly stateDir: string;
  readonly warned: string[];
  open(subject?: Subject): Ledger;
  readonly enter: (part?: Partial<Verification>) => Promise<Entered<number>>;
  bytes(): Buffer;
  write(content: string | Uint8Array): void;
}

/** A ledger that is not there yet, in a folder that is gone after the test. */
export function place(dir = temporary(), path = join(dir, "ledger.jsonl")): Place {
  const stateDir = join(dir, "state");
  const warned: string[] = [];
  const open = (subject = VIM): Ledger =>
    openLedgers({ path, stateDir, subjects: [subject], warn: (text) => void warned.push(text) }).about(subject);
  return {
    dir,
    path,
    stateDir,
    warned,
    open,
    enter: (part) => open().enter((past) => ({ verification: verification(part), result: past.length }), NEVER),
    bytes: () => readFileSync(path),
    write: (content) => writeFileSync(path, content),
  };
}

export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), "tofu3-test-ledger-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The key that the place has. */
export function keyIn({ stateDir }: Place): LedgerKey {
  return keyOf(Buffer.from(readFileSync(join(stateDir, "ledger.key"), "utf8").trim(), "hex"));
}

export const OTHER_KEY = keyOf(Buffer.alloc(32, 7));

/** The text of a ledger with these lines, each with the key beside it. */
export function chainOf(lines: readonly (readonly [Verification, LedgerKey])[]): string {
  let previous: string | null = null;
  return lines
    .map(([each, key], index) => {
      const line = writeLine(each, { previous, entry: index + 1 }, key, 0);
      previous = hashOf(line);
      return `${line.toString("utf8")}\n`;
    })
    .join("");
}

const PROGRAM = `
import { openLedgers } from ${JSON.stringify(join(import.meta.dirname, "../../dist/ledger/ledger.js"))};
const { path, stateDir, count, verification, wait } = JSON.parse(process.argv[2]);
const signal = new AbortController().signal;
for (let turn = 0; turn < count; turn++) {
  const { subject } = verification;
  const ledger = openLedgers({ path, stateDir, subjects: [subject], warn: (text) => console.log(text) }).about(subject);
  await ledger.enter((past) => {
    console.log("in", past.length);
    if (wait) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wait);
    return { verification, result: null };
  }, signal).then(({ entry }) => console.log("entered", entry.entry), (error) => {
    console.log(error.code ?? "crash", error.message);
    process.exitCode = 1;
  });
}
`;

export interface Writer {
  readonly pid: number;
  /** Resolves once it has said so. */
  said(words: string): Promise<void>;
  kill(): void;
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>;
}

/** Another process that enters `count` lines; it keeps the lock for `wait` milliseconds each time. */
export function startWriter(
  at: Pick<Place, "dir" | "path" | "stateDir">,
  { count = 1, wait = 0, prefix = [] }: { count?: number; wait?: number; prefix?: readonly string[] } = {},
): Writer {
  const file = join(at.dir, "writer.mjs");
  writeFileSync(file, PROGRAM);
  const task = JSON.stringify({ path: at.path, stateDir: at.stateDir, count, wait, verification: verification() });
  const command = [...prefix, process.execPath, file, task];
  const child = spawn(command[0] ?? "", command.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => (said += text));
  }
  onTestFinished(() => void child.kill("SIGKILL"));
  return {
    pid: child.pid ?? 0,
    said: (words) =>
      new Promise((resolve) => {
        const look = (): void => (said.includes(words) ? resolve() : void setTimeout(look, 5));
        look();
      }),
    kill: () => void child.kill("SIGKILL"),
    ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, said }))),
  };
}
