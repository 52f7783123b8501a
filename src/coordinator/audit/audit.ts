import { join } from "node:path";
import { ledgerPlace } from "../../config/state.ts";
import { asError, type Tofu3Error } from "../../errors.ts";
import type { Answer, Examination } from "../../model/audit.ts";
import { openLedgers } from "../../ledger/ledger.ts";
import type { ImageSubject } from "../../model/subject.ts";
import type { Wanted } from "../../model/wanted.ts";
import type { Runtime } from "../runtime.ts";
import { openVantages } from "../vantages.ts";
import { Asker } from "./asker.ts";
import { examine } from "./examine.ts";
import { openJournal, type Journal } from "./journal.ts";
import type { AuditProgress, AuditRequest } from "./request.ts";

export type { AuditProgress, AuditRequest } from "./request.ts";

export interface Examined {
  /** By `key` of what was wanted. */
  readonly examinations: ReadonlyMap<string, Examination>;
  /** Why verdicts could not be entered in the ledger; null if all were. */
  readonly ledgerFault: Tofu3Error | null;
}

/**
 * Asks all vantages about each reference, many at a time over one set of connections, and enters every verdict in the
 * ledger. Rejects with the signal's reason, and with E_CONFIG and E_CREDENTIALS; everything else is part of the result.
 */
export async function examineAll(
  request: AuditRequest,
  runtime: Runtime,
  watch: (progress: AuditProgress) => void,
  signal: AbortSignal,
): Promise<Examined> {
  const journal = await journalOf(request, runtime);
  const { answers, since } = journal.before;
  if (since !== null) watch({ kind: "resumed", answers, since });
  let whole = false;
  try {
    const { vantages, close } = await openVantages(runtime, signal);
    const warn = (text: string): void => watch({ kind: "warned", text });
    const place = ledgerPlace(runtime.config, runtime);
    const ledgers = openLedgers({ ...place, subjects: subjectsOf(request.wanted), warn });
    const asker = new Asker(request, { vantages, runtime, ledgers, journal, watch, signal });
    try {
      const examinations = await all(request.wanted, asker, watch, signal);
      whole = true;
      return { examinations, ledgerFault: asker.ledgerFault };
    } finally {
      await asker.settle();
      await close();
    }
  } finally {
    await (whole ? journal.finish() : journal.close());
  }
}

/** Everything that may be asked for: whose past is wanted. */
function subjectsOf(wanted: readonly Wanted[]): readonly ImageSubject[] {
  return wanted.flatMap(({ reference, tag, claims }) => {
    const { registry, repository, digest } = reference;
    const tags = [...(tag === null ? [] : [tag]), ...claims];
    return [
      ...tags.map((each): ImageSubject => ({ registry, repository, tag: each, pin: null })),
      ...(digest === undefined ? [] : [{ registry, repository, digest }]),
    ];
  });
}

async function all(
  wanted: readonly Wanted[],
  asker: Asker,
  watch: (progress: AuditProgress) => void,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Examination>> {
  const examinations = new Map<string, Examination>();
  await Promise.all(
    wanted.map(async (each) => {
      examinations.set(each.key, await examine(each, asker));
      watch({ kind: "done", done: examinations.size, of: wanted.length });
    }),
  ).catch((thrown: unknown) => {
    signal.throwIfAborted();
    throw asError(thrown);
  });
  return examinations;
}

/** An audit is the same one if the same workers are asked as much, under the same policy. */
function journalOf({ depth, allowPrivate, days, fresh }: AuditRequest, runtime: Runtime): Promise<Journal<Answer>> {
  const { config, now, version } = runtime;
  const { stateDir } = ledgerPlace(config, runtime);
  const { workers, policy } = config;
  const registries = [...config.registries];
  const of = { version, depth, allowPrivate, days, workers, policy, registries, cwd: runtime.cwd };
  return openJournal(join(stateDir, "audits"), of, { fresh, now });
}
