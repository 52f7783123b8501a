import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { loadConfig } from "../../config/load.ts";
import type { Answer, Examination } from "../../model/audit.ts";
import { shownDiff } from "../../pins/diff.ts";
import { preparePins, type Pinning } from "../../pins/pin.ts";
import { toPin } from "../../pins/plan.ts";
import { writeFiles } from "../../pins/rewrite.ts";
import { jsonText } from "../../report/json.ts";
import { visible } from "../../errors.ts";
import { counted } from "../../report/text.ts";
import { tellError } from "../errors.ts";
import { EXIT_BROKEN, exitOf, gravestOf } from "../exit.ts";
import type { PinArguments, Settings } from "../argv/invocation.ts";
import type { Io } from "../io.ts";
import { rootsOf, search, type Searched } from "../search.ts";

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
  const { update } = wanted;
  const choose: Parameters<typeof search>[0]["choose"] = (mentions) => toPin(mentions, update);
  const { tree, examined } = await search({ ...wanted, days: null, choose }, config, settings, io, signal);
  const buildkitPolicy = wanted.buildkitPolicy === null ? null : resolve(io.cwd, wanted.buildkitPolicy);
  const pinning = await preparePins({
    tree,
    examinations: examined.examinations,
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
  if (mayWrite) await writeFiles(pinning.rewrites, [...roots.map((root) => resolve(io.cwd, root)), ...own], signal);
  const codes = [...examined.examinations.values()].map(exitOfExamination);
  if (examined.ledgerFault !== null) codes.push(tellError(io.stderr, examined.ledgerFault, false));
  tell(pinning, examined.examinations, { wanted, settings, io, written: mayWrite });
  return gravestOf(examined.ledgerFault === null ? codes : [...codes, EXIT_BROKEN]);
}
