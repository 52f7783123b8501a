import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { loadConfig } from "../../config/load.ts";
import { shownDiff } from "../../pins/diff.ts";
import { mayHide } from "../../pins/findings/unchecked.ts";
import { ofReferences } from "../../model/audit.ts";
import { readLock } from "../../pins/lockfile.ts";
import { preparePins } from "../../pins/pin.ts";
import { toPin } from "../../pins/plan.ts";
import { writeFiles } from "../../pins/rewrite.ts";
import { jsonText } from "../../report/json.ts";
import { counted } from "../../report/text.ts";
import { visible } from "../../errors.ts";
import { paintFor } from "../color.ts";
import { tellError } from "../errors.ts";
import { EXIT_BROKEN, EXIT_OK, gravestOf } from "../exit.ts";
import type { PinArguments } from "../argv/commands/pin.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io } from "../io.ts";
import { answersOf, pinsObject, renderPins, type Told } from "../pins.ts";
import { rootsOf, search, type Search } from "../search.ts";

/** Pins what all workers agree on. Returns the gravest exit code of what was asked for. */
export async function pinCommand(
  wanted: PinArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const config = await loadConfig(settings.config, io);
  const roots = rootsOf(wanted.paths);
  const lock = resolve(io.cwd, wanted.lock ?? (await defaultLock(roots, io.cwd)));
  // nobody is asked for what could not be recorded
  await readLock(lock);
  const { update } = wanted;
  const choose: Search["choose"] = (mentions) => toPin(mentions, update);
  const { tree, examined } = await search(
    { ...wanted, days: null, fresh: true, choose, keepTexts: true },
    config,
    settings,
    io,
    signal,
  );
  const buildkitPolicy = wanted.buildkitPolicy === null ? null : resolve(io.cwd, wanted.buildkitPolicy);
  const examinations = ofReferences(examined.examinations);
  const pinning = await preparePins({
    tree,
    examinations,
    update,
    cwd: io.cwd,
    lock,
    buildkitPolicy,
    at: io.now().toISOString(),
    workers: config.workers.map(({ name }) => name).sort(),
  });
  // what is not in the ledger is not relied on, as for a release
  const mayWrite = !wanted.dryRun && examined.ledgerFault === null;
  const own = [lock, ...(buildkitPolicy === null ? [] : [buildkitPolicy])];
  const answers = [...examinations.values()].flatMap(answersOf);
  tellAnswers(answers, settings, io);
  tellUnread(tree.unread.filter(mayHide).length, settings, io);
  if (mayWrite) await writeFiles(pinning.rewrites, [...roots.map((root) => resolve(io.cwd, root)), ...own], signal);
  const paint = paintFor(io.stdout, io.env, settings.color);
  if (settings.json) io.stdout.write(jsonText(pinsObject(pinning, mayWrite, io.version)));
  else if (wanted.dryRun) io.stdout.write(io.stdout.isTTY === true ? shownDiff(pinning.diff) : pinning.diff);
  if (!settings.json && !settings.quiet)
    (wanted.dryRun ? io.stderr : io.stdout).write(renderPins(pinning, mayWrite, paint));
  const codes = answers.map(({ code }) => code);
  if (examined.ledgerFault !== null) tellError(io.stderr, examined.ledgerFault, false);
  return gravestOf(examined.ledgerFault === null ? codes : [...codes, EXIT_BROKEN]);
}

/** Where the lock of a repository lies. */
async function defaultLock(roots: readonly string[], cwd: string): Promise<string> {
  for (const root of roots) {
    const found = await stat(resolve(cwd, root)).catch(() => null);
    if (found?.isDirectory() === true) return join(root, "tofu3.lock");
  }
  return "tofu3.lock";
}

/** What is not agreed on, and so is not pinned. */
function tellAnswers(answers: readonly Told[], settings: Settings, io: Io): void {
  if (settings.quiet) return;
  for (const { reference, code, summary } of answers) {
    if (code !== EXIT_OK) io.stderr.write(`tofu3: ${visible(reference, 300)}: ${visible(summary, 1000)}\n`);
  }
}

function tellUnread(count: number, settings: Settings, io: Io): void {
  if (count === 0 || settings.quiet) return;
  io.stderr.write(`tofu3: notice: ${counted(count, "file")} could not be read: tofu3 audit --details names them\n`);
}
