import { ledgerPlace } from "../config/state.ts";
import { clocksAgree } from "../consensus/clocks.ts";
import { comparisonsOf } from "../consensus/compare.ts";
import { daysOf } from "../consensus/days.ts";
import { leadingPair } from "../consensus/camps.ts";
import { diagnose } from "../consensus/diagnose/diagnose.ts";
import { historyOf } from "../consensus/history.ts";
import { judge } from "../consensus/judge.ts";
import { asError, type Tofu3Error } from "../errors.ts";
import { openLedgers, type Ledgers } from "../ledger/ledger.ts";
import type { Comparison, Finding } from "../model/diagnosis.ts";
import type { Day, History } from "../model/history.ts";
import { formatSelection, parseSelection, type SelectionText } from "../model/job.ts";
import { rootOf, type Observation } from "../model/observation.ts";
import type { Policy } from "../model/policy.ts";
import type { Probes } from "../model/probe.ts";
import type { Entered, Past, RecordedObject, Verification } from "../model/record.ts";
import type { Subject } from "../model/subject.ts";
import type { Verdict } from "../model/verdict.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { kindOfMediaType } from "../oci/mediatype.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { Runtime } from "./runtime.ts";

/** What the workers told, in the job and when they were asked again. */
export interface Told {
  readonly observations: readonly Observation[];
  /** The roots that could be read, by digest. */
  readonly roots: ReadonlyMap<Digest, Manifest>;
  readonly probes: Probes | null;
  /** What differs inside blobs that were kept. */
  readonly layers: readonly Comparison[];
  readonly remarks: readonly string[];
}

/** The verdict with everything that it rests on. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly observations: readonly Observation[];
  readonly finding: Finding | null;
  readonly compared: readonly Comparison[];
  readonly days: readonly Day[];
  readonly history: History | null;
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

const MOST_OBJECTS = 200;
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
      const without = (past: Past | null): Omit<Judgement, "entered" | "fault"> => ({
        ...judgementOf(told, policy, past),
        remarks: [...told.remarks, ...warnings],
      });
      // after Ctrl-C what was seen is entered all the same, and nothing more is waited for
      const patience = signal.aborted ? AbortSignal.timeout(HURRY_MS) : signal;
      const now = (): string => runtime.now().toISOString();
      if (ledger === null) return { ...without({ entries: [], now: now(), ...depth }), entered: null, fault: null };
      try {
        const { entry, hash, result } = await ledger.enter((entries) => {
          const judged = judgementOf(told, policy, { entries, now: now(), ...depth });
          return { verification: recordOf(judged, request, runtime.now()), result: judged };
        }, patience);
        return {
          ...result,
          remarks: [...told.remarks, ...warnings],
          entered: { entry: entry.entry, hash },
          fault: null,
        };
      } catch (thrown) {
        const fault = asError(signal.aborted ? signal.reason : thrown);
        warnings.push(`this verification is not in the ledger: ${fault.message}`);
        return { ...without(null), entered: null, fault };
      }
    },
  };
}

function judgementOf(
  { observations, probes, layers, roots }: Told,
  policy: Policy,
  past: Past | null,
): Omit<Judgement, "entered" | "fault" | "remarks"> & { readonly objects: readonly RecordedObject[] } {
  const verdict = judge(observations, policy, { past, probes });
  const finding = diagnose(verdict, observations, probes, past?.entries ?? []);
  const [first] = observations;
  const pair = leadingPair(observations);
  const documents =
    first === undefined || pair === null || probes === null ? [] : comparisonsOf(pair, first.asked, probes);
  const compared = [...documents, ...layers];
  const root = agreedRoot(verdict, observations);
  const days = root === null || past === null ? [] : daysOf(observations, root, past, verdict.outcome);
  const objects = recordedObjects(observations, past?.depth === "root" ? roots : null);
  const now = { objects, ...(past?.depth === undefined ? {} : { depth: past.depth }) };
  const history = root === null || past === null ? null : historyOf(past.entries, root, now);
  return { verdict, observations, finding, compared, days, history, objects };
}

/** The one root that all workers saw, whatever else the verdict minds. */
function agreedRoot({ outcome }: Verdict, observations: readonly Observation[]): Digest | null {
  const [digest, ...others] = new Set(observations.map((each) => each.digest));
  const whole = outcome === "agreed" || outcome === "pending" || outcome === "changed" || outcome === "indistinct";
  return whole && digest !== undefined && others.length === 0 ? digest : null;
}

/** With `roots`, the entries of an index that was looked at alone, as its bytes name them. */
function recordedObjects([first]: readonly Observation[], roots: Told["roots"] | null): readonly RecordedObject[] {
  const seen = (first?.objects ?? []).map(({ role, digest, parent, platform }) => ({ role, digest, parent, platform }));
  const root = first?.digest == null ? undefined : roots?.get(first.digest);
  return [...seen, ...(root === undefined ? [] : entriesIn(root))].slice(0, MOST_OBJECTS);
}

function entriesIn(root: Manifest): readonly RecordedObject[] {
  if (root.kind !== "index") return [];
  return root.manifests.map(({ digest, mediaType, platform }) => {
    const kind = kindOfMediaType(mediaType);
    const role = kind === null ? "blob" : kind === "index" ? "index" : "manifest";
    return { role, digest, parent: root.digest, platform: platform === null ? null : formatPlatform(platform) };
  });
}

function recordOf(
  { verdict, observations, objects }: ReturnType<typeof judgementOf>,
  request: Remembered,
  now: Date,
): Verification {
  const digest = agreedRoot(verdict, observations);
  const agrees = verdict.outcome === "agreed" || verdict.outcome === "pending";
  return {
    at: now.toISOString(),
    subject: request.subject,
    selection: formatSelection(parseSelection(request)),
    ...(request.depth === undefined ? {} : { depth: request.depth }),
    outcome: verdict.outcome,
    digest,
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
