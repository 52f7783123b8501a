import { constants } from "node:fs";
import { access, appendFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { messageOf, Tofu3Error, visible } from "../errors.ts";
import { endingsOf, readReport } from "../report/kinds.ts";
import { tellError } from "./errors.ts";
import { EXIT_OK } from "./exit.ts";
import type { Io } from "./io.ts";

/** One report, known to be writable. */
export interface Report<K> {
  readonly kind: K;
  /** Absolute. */
  readonly path: string;
  /** To the end of what is there: a workflow's summary belongs to all of its steps. */
  readonly append: boolean;
}

/**
 * What `--report` asks for. Call before fetching anything: a verification must not end in a report that cannot be
 * written. The file of GITHUB_STEP_SUMMARY is Markdown unless its kind is given. Throws E_USAGE.
 */
export async function planReports<K extends string>(
  texts: readonly string[],
  kinds: Readonly<Record<string, K>>,
  { cwd, env }: Pick<Io, "cwd" | "env">,
): Promise<readonly Report<K>[]> {
  const summary = env["GITHUB_STEP_SUMMARY"];
  const reports = texts.map((text): Report<K> => {
    const { kind, path } = readReport(text, kinds);
    const append = summary !== undefined && summary !== "" && resolve(cwd, path) === resolve(cwd, summary);
    const known = kind ?? (append ? kinds["md"] : undefined);
    if (known === undefined) throw noKind(text, kinds);
    return { kind: known, path: resolve(cwd, path), append };
  });
  for (const { path } of reports) await checkWritable(path);
  return reports;
}

function noKind(text: string, kinds: Readonly<Record<string, string>>): Tofu3Error {
  const words = Object.keys(kinds).map((word) => `${word}:`);
  return new Tofu3Error("E_USAGE", `there is no kind of report for ${quoted(text)}`, {
    hint: `the ending chooses the kind: ${endingsOf(kinds).join(", ")}; or write it before the file: ${words.join(", ")}`,
  });
}

async function checkWritable(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() === true)
    throw new Tofu3Error("E_USAGE", `cannot write the report ${quoted(path)}: it is a folder`, {
      hint: `name a file in it: ${join(path, "report.md")}`,
    });
  const folder = dirname(path);
  try {
    if (found === null) await access(folder, constants.W_OK | constants.X_OK);
    else await access(path, constants.W_OK);
  } catch (cause) {
    const why =
      found === null ? `${quoted(folder)} is no folder that can be written to` : visible(messageOf(cause), 300);
    throw new Tofu3Error("E_USAGE", `cannot write the report ${quoted(path)}: ${why}`, {
      hint: found === null ? `mkdir -p ${quoted(folder)}` : "name a file that you may write to",
      cause,
    });
  }
}

/** Writes each report, replacing what is there unless it appends. Returns the exit code of a fault that it tells, or 0. */
export async function writeReports<K>(
  reports: readonly Report<K>[],
  render: (kind: K) => string,
  io: Pick<Io, "stderr">,
): Promise<number> {
  for (const { kind, path, append } of reports) {
    try {
      if (append) await appendFile(path, await withinSummary(render(kind), path));
      else await writeFile(path, render(kind));
    } catch (cause) {
      const message = `cannot write the report ${quoted(path)}: ${visible(messageOf(cause))}`;
      return tellError(io.stderr, new Tofu3Error("E_DISK", message, { cause }), false);
    }
  }
  return EXIT_OK;
}

/** GitHub shows nothing of a step's summary that is longer: "Adding a job summary" in its documentation. */
const MOST_SUMMARY = 1024 * 1024;
const CUT = "\n\n… cut here: a step's summary holds 1 MiB\n";

/** As many whole lines as the summary still holds, a blank line away from what is there. */
async function withinSummary(text: string, path: string): Promise<string> {
  const there = await stat(path).catch(() => null);
  const room = MOST_SUMMARY - (there?.size ?? 0);
  const whole = Buffer.from((there?.size ?? 0) > 0 ? `\n${text}` : text);
  if (whole.length <= room) return whole.toString();
  const rest = room - Buffer.byteLength(CUT);
  if (rest <= 0) return "";
  const end = whole.subarray(0, rest).lastIndexOf("\n");
  return end <= 0 ? "" : whole.subarray(0, end).toString() + CUT;
}

function quoted(text: string): string {
  return JSON.stringify(visible(text, 300));
}
