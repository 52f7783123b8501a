import type { Tofu3Error } from "../../errors.ts";
import { within } from "../../http/deadline.ts";
import { WHOLE } from "../../model/job.ts";
import type { SeenObject } from "../../model/observation.ts";
import type { Policy } from "../../model/policy.ts";
import { formatSubject } from "../../model/subject.ts";
import type { Verdict } from "../../model/verdict.ts";
import { openQuarantineIn, type Quarantine } from "../../release/quarantine/quarantine.ts";
import { shelve, type Shelf } from "../../release/shelve.ts";
import { evidenceOf } from "../../report/evidence.ts";
import type { Vantage } from "../../worker/vantage.ts";
import { budgetOf } from "../budget.ts";
import { releaseErrorOf } from "../ending.ts";
import { openMemory, type Judgement, type Memory, type Told } from "../memory.ts";
import { question } from "../question.ts";
import type { Runtime } from "../runtime.ts";
import type { GateAnswer, GateQuestion } from "./ask.ts";
import { jobFor } from "./job.ts";

/** What every question of the gate needs. */
export interface Surroundings {
  readonly vantages: readonly Vantage[];
  readonly runtime: Runtime;
  /** Absolute: quarantines are made in it. */
  readonly folder: string;
  /** On the file system of `folder`. */
  readonly shelf: Shelf;
}

/** Ask, judge, enter in the ledger, store, tell. Leaves nothing in the folder but what is on the shelf. */
export async function answer(asked: GateQuestion, around: Surroundings, signal: AbortSignal): Promise<GateAnswer> {
  const { vantages, runtime, folder } = around;
  const startedAt = runtime.now().toISOString();
  const job = jobFor(asked, runtime.config.limits);
  const endsAt = performance.now() + job.limits.totalSeconds * 1000;
  const policy = policyFor(asked, runtime);
  const memory = memoryFor(asked, policy, runtime);
  const quarantine = await openQuarantineIn(folder);
  try {
    const look = { job, keep: quarantine, admit: null, evidenceFolder: null };
    const told = await question(vantages, look, () => undefined, signal);
    const judgement = await memory.enter(told, signal);
    const { verdict, observations } = judgement;
    // whoever stops the gate does not stop an alarm
    if (verdict.outcome !== "disagreed") signal.throwIfAborted();
    const end = await endOf(judgement, quarantine, around, { seconds: job.limits.totalSeconds, endsAt, signal });
    const evidence = evidenceOf({
      ...judgement,
      request: { reference: formatSubject(job.subject), ...WHOLE },
      released: null,
      releaseError: end.error,
      startedAt,
      finishedAt: runtime.now().toISOString(),
      version: runtime.version,
      run: job.run,
    });
    return { evidence, shelved: end.shelved, budget: budgetOf(observations) };
  } finally {
    await quarantine.discard();
  }
}

/** What an agreed document names by digest is as old as that document: days and changes were asked of it. */
function policyFor({ isNamed }: GateQuestion, { config: { policy } }: Runtime): Policy {
  return isNamed ? { ...policy, days: 1, onChange: "notice" } : policy;
}

/**
 * The ledger for what a client named; for what a document names, only where the workers do not agree. Never for what is
 * not there, or not answered: whoever asks for a million names does not fill the ledger with them.
 */
function memoryFor(asked: GateQuestion, policy: Policy, runtime: Runtime): Memory {
  const { subject } = jobFor(asked, runtime.config.limits);
  const open = (remember: boolean): Memory =>
    openMemory({ subject, ...WHOLE, depth: "root", remember }, policy, runtime);
  // it begins to read while the workers look
  const begun = asked.isNamed ? null : open(true);
  return {
    enter: async (told: Told, signal: AbortSignal): Promise<Judgement> => {
      const judgement = await open(false).enter(told, signal);
      const { outcome } = judgement.verdict;
      const isEmpty = outcome === "absent" || outcome === "incomplete";
      return isEmpty || (outcome === "agreed" && begun === null)
        ? judgement
        : (begun ?? open(true)).enter(told, signal);
    },
  };
}

/** What became of what all agree on. The verdict stands whatever happens to it. */
interface End {
  readonly shelved: readonly SeenObject[] | null;
  readonly error: Tofu3Error | null;
}

async function endOf(
  { verdict, fault }: { readonly verdict: Verdict; readonly fault: Tofu3Error | null },
  quarantine: Quarantine,
  { runtime, shelf }: Surroundings,
  { seconds, endsAt, signal }: { readonly seconds: number; readonly endsAt: number; readonly signal: AbortSignal },
): Promise<End> {
  if (verdict.outcome !== "agreed") return { shelved: null, error: null };
  if (fault !== null) return { shelved: null, error: fault };
  try {
    const left = Math.max(0, endsAt - performance.now());
    const shelved = await within(left, [signal], (limit) => shelve(verdict, quarantine, shelf, limit));
    return { shelved, error: null };
  } catch (thrown) {
    signal.throwIfAborted();
    runtime.log("debug", "nothing was stored", { trace: thrown instanceof Error ? thrown.stack : null });
    return { shelved: null, error: releaseErrorOf(thrown, seconds) };
  }
}
