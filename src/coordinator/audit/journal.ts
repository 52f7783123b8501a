import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

/** How long an interrupted run can be carried on. */
const KEPT_MS = 60 * 60 * 1000;
const MOST_BYTES = 64 * 1024 * 1024;

/** What was answered, and to what end. */
export interface Answered {
  readonly outcome: string;
}

/** What an interrupted run has found out already. Never part of a verdict: it holds verdicts that were reached. */
export interface Journal<A extends Answered> {
  /** The answer to a question of the interrupted run; null if it was not asked, or not answered by all. */
  known(question: string): A | null;
  /** How many answers there are from before, and since when: ISO 8601 UTC. */
  readonly before: { readonly answers: number; readonly since: string | null };
  /** Keeps an answer; a disk that takes no more only loses the way back. */
  keep(question: string, answer: A): void;
  /** The run is done: nothing has to be carried on. */
  finish(): Promise<void>;
  /** It was interrupted: the answers stay. */
  close(): Promise<void>;
}

interface Line<A> {
  readonly question: string;
  readonly at: string;
  readonly answer: A;
}

/**
 * `folder` is private to the user. `of` is everything that makes two runs the same one: workers, policy, depth. With
 * `fresh`, what was known is forgotten.
 */
export async function openJournal<A extends Answered>(
  folder: string,
  of: unknown,
  { fresh, now }: { readonly fresh: boolean; readonly now: () => Date },
): Promise<Journal<A>> {
  const name = createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 32);
  const path = join(folder, `${name}.jsonl`);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
  if (fresh) await rm(path, { force: true }).catch(() => undefined);
  const handle = await openPrivately(path);
  const lines = handle === null ? [] : await readLines<A>(handle, now());
  const answers = new Map(lines.map(({ question, answer }) => [question, answer]));
  let writing: Promise<unknown> = Promise.resolve();
  const append = (text: string): void => {
    writing = writing.then(() => handle?.appendFile(text)).catch(() => undefined);
  };
  // a line that was cut off must not swallow the next one
  append("\n");
  return {
    known: (question) => answers.get(question) ?? null,
    before: { answers: answers.size, since: lines[0]?.at ?? null },
    keep: (question, answer) => {
      if (isFinal(answer))
        append(`${JSON.stringify({ question, at: now().toISOString(), answer } satisfies Line<A>)}\n`);
    },
    finish: async () => {
      await writing;
      await handle?.close().catch(() => undefined);
      await rm(path, { force: true }).catch(() => undefined);
    },
    close: async () => {
      await writing;
      await handle?.close().catch(() => undefined);
    },
  };
}

/** What was unreachable may be reachable now; everything else stands, a disagreement most of all. */
function isFinal({ outcome }: Answered): boolean {
  return outcome !== "incomplete";
}

async function openPrivately(path: string): Promise<FileHandle | null> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    const handle = await open(path, flags, 0o600);
    const { size } = await handle.stat();
    if (size > MOST_BYTES) await handle.truncate(0);
    return handle;
  } catch {
    return null;
  }
}

/** The lines that are whole and young enough; the last answer to a question counts. */
async function readLines<A>(handle: FileHandle, now: Date): Promise<readonly Line<A>[]> {
  const text = await handle.readFile("utf8").catch(() => "");
  return text.split("\n").flatMap((each) => {
    const line = lineOf<A>(each);
    const age = line === null ? -1 : now.getTime() - Date.parse(line.at);
    return line !== null && age >= 0 && age < KEPT_MS ? [line] : [];
  });
}

function lineOf<A>(text: string): Line<A> | null {
  try {
    const value = JSON.parse(text) as Line<A>;
    const whole =
      typeof value.question === "string" && typeof value.at === "string" && typeof value.answer === "object";
    return whole ? value : null;
  } catch {
    return null;
  }
}
