import { join } from "node:path";
import { ledgerPlace } from "../../config/state.ts";
import { asError, type Tofu3Error } from "../../errors.ts";
import type { AnyExamination, Answer } from "../../model/audit.ts";
import { openLedgers } from "../../ledger/ledger.ts";
import type { Subject } from "../../model/subject.ts";
import type { AnyWanted } from "../../model/wanted.ts";
import type { Runtime } from "../runtime.ts";
import { openVantages } from "../vantages.ts";
import { Asker } from "./asker.ts";
import { examineAny } from "./examine.ts";
import { openJournal, type Journal } from "./journal.ts";
import type { AuditProgress, AuditRequest } from "./request.ts";

export type { AuditProgress, AuditRequest } from "./request.ts";

export interface Examined {
  /** By `key` of what was wanted. */
  readonly examinations: ReadonlyMap<string, AnyExamination>;
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
function subjectsOf(wanted: readonly AnyWanted[]): readonly Subject[] {
  return wanted.flatMap((each): readonly Subject[] => {
    if ("listed" in each) return [];
    if ("file" in each) return [each.file];
    const { reference, tag, claims } = each;
    const { registry, repository, digest } = reference;
    const tags = [...(tag === null ? [] : [tag]), ...claims];
    return [
      ...tags.map((name) => ({ registry, repository, tag: name, pin: null })),
      ...(digest === undefined ? [] : [{ registry, repository, digest }]),
    ];
  });
}

async function all(
  wanted: readonly AnyWanted[],
  asker: Asker,
  watch: (progress: AuditProgress) => void,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, AnyExamination>> {
  const examinations = new Map<string, AnyExamination>();
  await Promise.all(
    wanted.map(async (each) => {
      examinations.set(each.key, await examineAny(each, asker));
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
