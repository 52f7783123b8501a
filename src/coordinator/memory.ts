import { ledgerPlace } from "../config/state.ts";
import { clocksAgree } from "../consensus/clocks.ts";
import { judgementOf, type Judged, type Testimony } from "../consensus/diagnose/judgement.ts";
import { asError, type Tofu3Error } from "../errors.ts";
import { openLedgers, type Ledgers } from "../ledger/ledger.ts";
import { formatSelection, parseSelection, type SelectionText } from "../model/job.ts";
import { rootOf, type Observation } from "../model/observation.ts";
import type { Policy } from "../model/policy.ts";
import type { Probes } from "../model/probe.ts";
import type { Entered, Past, Verification } from "../model/record.ts";
import type { Subject } from "../model/subject.ts";
import type { Runtime } from "./runtime.ts";

/** What the workers told, and what a person should know of it. */
export interface Told extends Testimony {
  readonly remarks: readonly string[];
}

/** The verdict with everything that it rests on. */
export interface Judgement extends Judged {
  readonly observations: readonly Observation[];
  readonly probes: Probes | null;
  readonly policy: Policy;
  readonly entered: Entered | null;
  readonly remarks: readonly string[];
  /** Why it is not in the ledger, so that nothing may be released. */
  readonly fault: Tofu3Error | null;
}

/** The ledger, as far as one verification needs it. */
export interface Memory {
  /** Judges with the past and enters the verdict, before anything is released. Rejects for nothing. */
  enter(told: Told, signal: AbortSignal): Promise<Judgement>;
}

const HURRY_MS = 1000;

/** What a verification is about, as far as the ledger is concerned. */
export interface Remembered extends SelectionText {
  readonly subject: Subject;
  /** Whether the ledger is read and written. */
  readonly remember: boolean;
  /** How deep the workers look, as in `Verification`. */
  readonly depth?: "root";
}

/**
 * Begins to read the ledger; or takes one that was opened for many subjects, this one among them, whose opener is told
 * its warnings.
 */
export function openMemory(request: Remembered, policy: Policy, runtime: Runtime, ledgers?: Ledgers): Memory {
  const warnings: string[] = [];
  const { subject, remember } = request;
  const depth = request.depth === undefined ? {} : { depth: request.depth };
  const warn = (text: string): void => void warnings.push(text);
  const opened =
    ledgers ?? (remember ? openLedgers({ ...ledgerPlace(runtime.config, runtime), subjects: [subject], warn }) : null);
  const ledger = remember && opened !== null ? opened.about(subject) : null;
  return {
    enter: async (told, signal) => {
      const { observations, probes } = told;
      const judgementFrom = (judged: Judged, entered: Entered | null, fault: Tofu3Error | null): Judgement => {
        return { ...judged, observations, probes, policy, entered, remarks: [...told.remarks, ...warnings], fault };
      };
      // after Ctrl-C what was seen is entered all the same, and nothing more is waited for
      const patience = signal.aborted ? AbortSignal.timeout(HURRY_MS) : signal;
      const now = (): string => runtime.now().toISOString();
      const pastOf = (entries: Past["entries"]): Past => ({ entries, now: now(), ...depth });
      if (ledger === null) return judgementFrom(judgementOf(told, policy, pastOf([])), null, null);
      try {
        const { entry, hash, result } = await ledger.enter((entries) => {
          const judged = judgementOf(told, policy, pastOf(entries));
          return { verification: recordOf(judged, observations, request, runtime.now()), result: judged };
        }, patience);
        return judgementFrom(result, { entry: entry.entry, hash }, null);
      } catch (thrown) {
        const fault = asError(signal.aborted ? signal.reason : thrown);
        warnings.push(`this verification is not in the ledger: ${fault.message}`);
        return judgementFrom(judgementOf(told, policy, null), null, fault);
      }
    },
  };
}

function recordOf(
  { verdict, root, objects }: Judged,
  observations: readonly Observation[],
  request: Remembered,
  now: Date,
): Verification {
  const agrees = verdict.outcome === "agreed" || verdict.outcome === "pending";
  return {
    at: now.toISOString(),
    subject: request.subject,
    selection: formatSelection(parseSelection(request)),
    ...(request.depth === undefined ? {} : { depth: request.depth }),
    outcome: verdict.outcome,
    digest: root,
    looks: observations
      .map(({ worker, via, outcome, objects, evidence }) => {
        const { hostKey, exit } = evidence;
        const seen = rootOf(objects)?.computed ?? null;
        return { worker, via, outcome, digest: seen, hostKey, country: exit?.country ?? null, asn: exit?.asn ?? null };
      })
      .sort((a, b) => (a.worker < b.worker ? -1 : 1)),
    objects: agrees ? objects : [],
    clocksAgree: clocksAgree(observations),
  };
}
