import { constants } from "node:fs";
import { access, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { messageOf, Tofu3Error, visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import { renderJson } from "../report/json.ts";
import { reportKind, type ReportKind } from "../report/kinds.ts";
import { renderMarkdown } from "../report/markdown.ts";

const WRITERS: Readonly<Record<ReportKind, (evidence: Evidence) => string>> = {
  ".json": renderJson,
  ".md": renderMarkdown,
};

/** Call before fetching anything: a verification must not end in a report that cannot be written. Throws E_USAGE. */
export async function checkReports(paths: readonly string[], cwd: string): Promise<void> {
  for (const path of paths) {
    const folder = dirname(resolve(cwd, path));
    try {
      await access(folder, constants.W_OK | constants.X_OK);
    } catch (cause) {
      throw new Tofu3Error(
        "E_USAGE",
        `cannot write the report ${quoted(path)}: ${quoted(folder)} is no folder that can be written to`,
        {
          hint: `mkdir -p ${quoted(folder)}`,
          cause,
        },
      );
    }
    const found = await stat(resolve(cwd, path)).catch(() => null);
    if (found?.isDirectory() === true)
      throw new Tofu3Error("E_USAGE", `cannot write the report ${quoted(path)}: it is a folder`);
  }
}

/** Writes each report, replacing existing files. Throws E_DISK. */
export async function writeReports(paths: readonly string[], evidence: Evidence, cwd: string): Promise<void> {
  for (const path of paths) {
    const kind = reportKind(path);
    if (kind === null) throw new Tofu3Error("E_BUG", `no report for ${quoted(path)}`);
    try {
      await writeFile(resolve(cwd, path), WRITERS[kind](evidence));
    } catch (cause) {
      throw new Tofu3Error("E_DISK", `cannot write the report ${quoted(path)}: ${visible(messageOf(cause))}`, {
        cause,
      });
    }
  }
}

function quoted(text: string): string {
  return JSON.stringify(visible(text, 300));
}
