import { resolve } from "node:path";
import { checkEvidenceFolder } from "../evidence/folder.ts";
import { endingOf, type Shipment } from "./ending.ts";
import { openMemory, type Told } from "./memory.ts";
import { question, type Question } from "./question.ts";
import { destinationOf, jobOf, policyOf, type VerifyRequest } from "./request.ts";
import type { Runtime } from "./runtime.ts";
import { pinningOf } from "./pinning.ts";
import { openVantages } from "./vantages.ts";
import { reprDigestsIn } from "./witness.ts";
import { parseFileUrl } from "../file/url.ts";
import type { Ledgers } from "../ledger/ledger.ts";
import type { Evidence } from "../model/evidence.ts";
import { WHOLE } from "../model/job.ts";
import type { Watch } from "../model/progress.ts";
import { formatSubject, hostKeyOf, isFile } from "../model/subject.ts";
import type { WitnessNote } from "../model/witness.ts";
import { planRelease } from "../release/fits.ts";
import { openQuarantine } from "../release/quarantine/quarantine.ts";
import type { Vantage } from "../worker/vantage.ts";
import { evidenceOf } from "../report/evidence.ts";

export type { VerifyRequest } from "./request.ts";
export type { Runtime } from "./runtime.ts";

/** What a request means here. */
interface Plan extends Shipment {
  readonly startedAt: string;
  /** Absolute. */
  readonly evidenceFolder: string | null;
}

async function planOf(request: VerifyRequest, runtime: Runtime): Promise<Plan> {
  const startedAt = runtime.now().toISOString();
  const endsAt = performance.now() + runtime.config.limits.totalSeconds * 1000;
  const { limits, mirrors } = runtime.config;
  const own = isFile(request.subject) ? request.mirrors : mirrors.get(hostKeyOf(request.subject));
  const job = jobOf({ ...request, mirrors: own }, limits, "everything");
  const destination = destinationOf(request, runtime);
  const evidenceFolder = request.keepEvidence === null ? null : resolve(runtime.cwd, request.keepEvidence);
  if (evidenceFolder !== null) await checkEvidenceFolder(evidenceFolder, destination?.path ?? null);
  const quarantine = destination === null ? null : await openQuarantine(destination);
  return { job, destination, quarantine, evidenceFolder, startedAt, endsAt };
}

/**
 * Ask, judge, enter in the ledger, release, tell. Throws for a wrong request, and the signal's reason before the
 * verdict. Faults of the workers, and the result of the release, are evidence.
 */
export async function verify(
  request: VerifyRequest,
  runtime: Runtime,
  watch: Watch,
  signal: AbortSignal,
): Promise<Evidence> {
  let closing = Promise.resolve();
  const lookOnce = async (plan: Plan): Promise<Looked> => {
    const { vantages, close } = await openVantages(runtime, signal);
    // every job has ended by then: closing takes round trips, and the verdict does not depend on it
    return look(vantages, plan, request, { runtime, watch, signal }).finally(() => void (closing = close()));
  };
  return conclude(request, runtime, lookOnce, signal).finally(() => closing);
}

/**
 * The same with vantages that the caller opens, and closes after the last job; and with ledgers that were opened for
 * this subject, and for that of its checksum file, among others.
 */
export async function verifyFrom(
  vantages: readonly Vantage[],
  request: VerifyRequest,
  runtime: Runtime,
  watch: Watch,
  signal: AbortSignal,
  ledgers?: Ledgers,
): Promise<Evidence> {
  const lookAs = (plan: Plan): Promise<Looked> => look(vantages, plan, request, { runtime, watch, signal, ledgers });
  return conclude(request, runtime, lookAs, signal, ledgers);
}

/** What the vantages told; or the evidence about a checksum file without which they are not asked. */
type Looked =
  (Told & Pick<Plan, "endsAt"> & { readonly witnesses: readonly WitnessNote[] }) | { readonly instead: Evidence };

interface Around {
  readonly runtime: Runtime;
  readonly watch: Watch;
  readonly signal: AbortSignal;
  /** Opened for all subjects of a list. */
  readonly ledgers?: Ledgers | undefined;
}

async function look(
  vantages: readonly Vantage[],
  plan: Plan,
  request: VerifyRequest,
  { runtime, watch, signal, ledgers }: Around,
): Promise<Looked> {
  const { subject } = plan.job;
  const { endsAt } = plan;
  if (!isFile(subject))
    return { ...(await question(vantages, questionOf(plan), watch, signal)), witnesses: [], endsAt };
  const { url = subject.url } = plan.job;
  const verifySums = (sums: string): Promise<Evidence> =>
    verifyFrom(vantages, sumsRequest(sums, request), runtime, watch, signal, ledgers);
  const wanted = { url, pin: subject.pin, destination: plan.destination, request };
  const before = performance.now();
  const pinning = await pinningOf(vantages, wanted, runtime, verifySums, signal);
  if ("instead" in pinning) return pinning;
  const { pin, notes, remarks } = pinning;
  const asking = performance.now() - before;
  const told = await question(
    vantages,
    questionOf({ ...plan, job: { ...plan.job, subject: { ...subject, pin } } }),
    watch,
    signal,
  );
  const witnesses = [...notes, ...reprDigestsIn(told.observations)];
  return { ...told, witnesses, remarks: [...told.remarks, ...remarks], endsAt: endsAt + asking };
}

function mirrorsOf({ subject }: VerifyRequest): Pick<Evidence["request"], "mirrors"> {
  return isFile(subject) && subject.mirrors !== undefined ? { mirrors: subject.mirrors } : {};
}

/** On how many days it was the same is a question about the file. */
function sumsRequest(text: string, { remember }: VerifyRequest): VerifyRequest {
  const { url, shown, pin } = parseFileUrl(text);
  const subject = { url: shown, pin };
  const nothing = { destination: null, force: false, keepEvidence: null };
  return { ...WHOLE, ...nothing, reference: formatSubject(subject), subject, url, days: 1, remember };
}

function questionOf({ job, destination, quarantine, evidenceFolder }: Plan): Question {
  const admit: Question["admit"] =
    destination === null ? null : (documents, read) => void planRelease(documents, destination, read);
  return { job, keep: quarantine, admit, evidenceFolder };
}

async function conclude(
  request: VerifyRequest,
  runtime: Runtime,
  lookAs: (plan: Plan) => Promise<Looked>,
  signal: AbortSignal,
  ledgers?: Ledgers,
): Promise<Evidence> {
  const plan = await planOf(request, runtime);
  const memory = openMemory(request, policyOf(request, runtime), runtime, ledgers);
  try {
    const told = await lookAs(plan);
    if ("instead" in told) return told.instead;
    const judgement = await memory.enter(told, signal);
    const { verdict, fault, observations } = judgement;
    const ending =
      fault === null
        ? await endingOf({ verdict, observations }, { ...plan, endsAt: told.endsAt }, runtime, signal)
        : { released: null, releaseError: verdict.outcome === "agreed" ? fault : null };
    const { reference, platform, osVersion, bottle } = request;
    return evidenceOf({
      ...judgement,
      request: { reference, ...mirrorsOf(request), platform, osVersion, bottle },
      witnesses: told.witnesses,
      ...ending,
      startedAt: plan.startedAt,
      finishedAt: runtime.now().toISOString(),
      version: runtime.version,
      run: plan.job.run,
    });
  } finally {
    await plan.quarantine?.discard();
  }
}
