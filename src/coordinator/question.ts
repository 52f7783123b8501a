import { judge } from "../consensus/judge.ts";
import type { Job } from "../model/job.ts";
import type { Admit, Keep, Witness } from "../model/keep.ts";
import type { Watch } from "../model/progress.ts";
import { isFile } from "../model/subject.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Vantage } from "../worker/vantage.ts";
import { dispatch } from "./dispatch.ts";
import { explain, type Explanation, type Witnessed } from "./explain.ts";
import { explainFile } from "./explainfile.ts";
import type { Told } from "./memory.ts";
import { requestError } from "./request.ts";
import { keepEvidence } from "./views.ts";

/** What all vantages are asked. */
export interface Question {
  readonly job: Job;
  /** The quarantine to fill; null to keep nothing. */
  readonly keep: Keep | null;
  /** Null: anything may be fetched. */
  readonly admit: Admit | null;
  /** `--keep-evidence`, absolute. */
  readonly evidenceFolder: string | null;
}

/**
 * Looks, and asks again where that explains a disagreement. Ctrl-C ends the asking; what was seen stands. Throws if
 * nothing but the request itself is wrong.
 */
export async function question(
  vantages: readonly Vantage[],
  { job, keep, admit, evidenceFolder }: Question,
  watch: Watch,
  signal: AbortSignal,
): Promise<Told> {
  const witnessed: Witnessed[] = [];
  const witness: Witness = (worker, digest, bytes, document) =>
    void witnessed.push({ worker, digest, bytes, document });
  const observations = await dispatch(job, vantages, { keep, admit, watch, witness }, signal);
  const { outcome, reason } = judge(observations);
  if (reason?.kind === "request") throw requestError(reason.fault);
  const roots = rootsIn(witnessed);
  if (outcome !== "disagreed") return { observations, roots, probes: null, layers: [], remarks: [] };
  const explanation = await explanationOf(job, vantages, { observations, witnessed }, watch, signal);
  const { probes, layers = [] } = explanation;
  if (evidenceFolder === null) return { observations, roots, probes, layers, remarks: [] };
  const kept = await keepEvidence(evidenceFolder, job, vantages, { observations, ...explanation }, signal);
  return { observations, roots, probes, layers: [...layers, ...kept.layers], remarks: kept.remarks };
}

async function explanationOf(
  job: Job,
  vantages: readonly Vantage[],
  told: Parameters<typeof explain>[2],
  watch: Watch,
  signal: AbortSignal,
): Promise<Explanation> {
  const { subject } = job;
  if (isFile(subject)) return explainFile({ ...job, subject }, vantages, told.observations, watch, signal);
  return explain({ ...job, subject }, vantages, told, watch, signal);
}

function rootsIn(witnessed: readonly Witnessed[]): ReadonlyMap<Digest, Manifest> {
  return new Map(witnessed.flatMap(({ digest, document }) => (document === null ? [] : [[digest, document]])));
}
