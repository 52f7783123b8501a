import { isAbsolute, relative, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { Config } from "../config/config.ts";
import type { Examined } from "../coordinator/audit/audit.ts";
import { Tofu3Error, visible } from "../errors.ts";
import { readTree, type Tree } from "../pins/tree.ts";
import type { Mention } from "../model/mention.ts";
import { allWantedOf } from "../pins/wanted.ts";
import type { SearchArguments } from "./argv/commands/search.ts";
import type { Settings } from "./argv/settings.ts";
import type { Io } from "./io.ts";
import { openAuditProgress } from "./progress/audit.ts";
import { runtimeOf } from "./runtime.ts";

export interface Searched {
  readonly tree: Tree;
  readonly examined: Examined;
}

const MOST_INPUT = 4 * 1024 * 1024;

export interface Search extends SearchArguments {
  /** On how many days the workers must agree; null: as many as the policy says. */
  readonly days: number | null;
  /** Nothing counts that an interrupted run has found out. */
  readonly fresh: boolean;
  /** The files are to be rewritten. */
  readonly keepTexts: boolean;
  /** Which of the references that were found are asked for. */
  readonly choose: (mentions: readonly Mention[]) => readonly Mention[];
}

/** Finds the references below the paths, and asks all workers about each. */
export async function search(
  { paths, days, choose, keepTexts, ...wanted }: Search,
  config: Config,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<Searched> {
  // hundreds of short questions: otherwise V8 lets its heap grow to three times of what is in use
  setFlagsFromString("--optimize-for-size");
  const roots = rootsOf(paths);
  warnOfConfig(config, roots, io);
  if (roots.includes("-") && config.file === "<stdin>")
    throw new Tofu3Error("E_USAGE", "standard input cannot be both the configuration and the references", {
      hint: "name a file for one of them: --config tofu3.yaml",
    });
  const stdin = roots.includes("-") ? await readInput(io.stdin) : null;
  const named = roots.filter((root) => root !== "-");
  const tree = await readTree(named, { base: io.cwd, stdin, keepTexts }, signal);
  const asked = allWantedOf(choose(tree.mentions));
  if (asked.length === 0) return { tree, examined: { examinations: new Map(), ledgerFault: null } };
  const progress = await openAuditProgress(io, settings);
  try {
    const { examineAll } = await import("../coordinator/audit/audit.ts");
    const runtime = await runtimeOf(config, settings, io, progress);
    const examined = await examineAll({ ...wanted, wanted: asked, days }, runtime, progress.watch, signal);
    return { tree, examined };
  } finally {
    progress.stop();
  }
}

/** The current folder unless something else is named. */
export function rootsOf(paths: readonly string[]): readonly string[] {
  return paths.length === 0 ? ["."] : paths;
}

/** Whoever wrote the tree would choose the workers, too. */
function warnOfConfig({ file }: Config, roots: readonly string[], io: Io): void {
  const inside = roots.some((root) => {
    const path = relative(resolve(io.cwd, root), file);
    return root !== "-" && isAbsolute(file) && path !== "" && !path.startsWith("..") && !isAbsolute(path);
  });
  if (!inside) return;
  io.stderr.write(
    `tofu3: notice: the configuration ${JSON.stringify(visible(file))} is part of what is searched: for a tree of strangers name another with --config\n`,
  );
}

async function readInput(stdin: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  stdin.setEncoding("utf8");
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > MOST_INPUT) break;
  }
  return text;
}
