import { createHash } from "node:crypto";
import { join } from "node:path";
import { ledgerPlace } from "../../config/state.ts";
import { asError, type Tofu3Error } from "../../errors.ts";
import { parseFileUrl } from "../../file/url.ts";
import { openLedgers } from "../../ledger/ledger.ts";
import type { Evidence } from "../../model/evidence.ts";
import { hostKeyOf, type Subject } from "../../model/subject.ts";
import { createGate, type Gate } from "../../parallel.ts";
import { isIntact } from "../../release/intact.ts";
import { checkSums } from "../../release/sums.ts";
import type { Vantage } from "../../worker/vantage.ts";
import { openJournal, type Journal } from "../audit/journal.ts";
import type { VerifyRequest } from "../request.ts";
import type { Runtime } from "../runtime.ts";
import { openVantages } from "../vantages.ts";
import { verifyFrom } from "../verify.ts";

/** What became of one subject of a list: its evidence, or why it could not be asked for. */
export type Listed =
  | { readonly request: VerifyRequest; readonly evidence: Evidence; readonly resumed: boolean }
  | { readonly request: VerifyRequest; readonly error: Tofu3Error };

export interface ListRequest {
  readonly requests: readonly VerifyRequest[];
  /** Where all of it goes, absolute; null if nothing is released. */
  readonly folder: string | null;
  /** Replace what is in the folder. */
  readonly force: boolean;
}

export interface ListWatch {
  /** How many verdicts an interrupted run had reached, that stand. */
  readonly resumed: (count: number) => void;
  readonly done: (listed: Listed, done: number, of: number) => void;
  readonly warned: (text: string) => void;
}

/** Each may move gigabytes, and the disk and the links of the vantages are shared. */
const AT_A_TIME = 8;
/** Of one host: a slow one must not hold up all others. */
const AT_A_HOST = 6;

/**
 * Verifies each subject over one set of vantages, several at a time; what ends the verification of one is that of its
 * subject alone: no alarm is lost by it. Verdicts of an interrupted run of the same list stand, as far as what was
 * released is still there. Resolves in the order of the requests. Rejects with the signal's reason, E_CONFIG and E_CREDENTIALS, and with E_DESTINATION where
 * the folder has checksums of something else.
 */
export async function verifyAll(
  { requests, folder, force }: ListRequest,
  runtime: Runtime,
  watch: ListWatch,
  signal: AbortSignal,
): Promise<readonly Listed[]> {
  const open = (): Promise<Journal<Evidence>> => journalOf(requests, runtime);
  const journal = await open();
  let listed: readonly Listed[] | null = null;
  try {
    const known = await knownFrom(journal, requests, signal);
    if (folder !== null) await checkSums(folder, force || known.size > 0);
    if (known.size > 0) watch.resumed(known.size);
    const { vantages, close } = await openVantages(runtime, signal);
    try {
      listed = await allOf(requests, vantages, known, { runtime, journal, watch, signal });
      return listed;
    } finally {
      await close();
    }
  } finally {
    await (listed === null ? journal.close() : journal.finish());
    if (listed !== null) await keepAgreed(listed, open);
  }
}

interface Around {
  readonly runtime: Runtime;
  readonly journal: Journal<Evidence>;
  readonly watch: ListWatch;
  readonly signal: AbortSignal;
}

async function allOf(
  requests: readonly VerifyRequest[],
  vantages: readonly Vantage[],
  known: ReadonlyMap<VerifyRequest, Evidence>,
  { runtime, journal, watch, signal }: Around,
): Promise<readonly Listed[]> {
  const place = ledgerPlace(runtime.config, runtime);
  const subjects = requests.flatMap(subjectsIn);
  const ledgers = openLedgers({ ...place, subjects, warn: (text) => watch.warned(text) });
  const gate = createGate(AT_A_TIME);
  const hosts = new Map(subjects.map((subject) => [hostKeyOf(subject), createGate(AT_A_HOST)]));
  const gateOf = ({ subject }: VerifyRequest): Gate => {
    const host = hosts.get(hostKeyOf(subject)) ?? gate;
    return (work) => host(() => gate(work));
  };
  let done = 0;
  const one = async (request: VerifyRequest): Promise<Listed> => {
    const before = known.get(request);
    const listed: Listed =
      before === undefined
        ? await gateOf(request)(() =>
            verifyOne(request, () => verifyFrom(vantages, request, runtime, () => undefined, signal, ledgers), signal),
          )
        : { request, evidence: before, resumed: true };
    if ("evidence" in listed && !listed.resumed) journal.keep(keyOf(request), listed.evidence);
    done += 1;
    watch.done(listed, done, requests.length);
    return listed;
  };
  return Promise.all(requests.map(one));
}

async function knownFrom(
  journal: Journal<Evidence>,
  requests: readonly VerifyRequest[],
  signal: AbortSignal,
): Promise<ReadonlyMap<VerifyRequest, Evidence>> {
  const known = new Map<VerifyRequest, Evidence>();
  for (const request of requests) {
    const evidence = journal.known(keyOf(request));
    if (evidence !== null && (await stands(evidence, signal)) && claims(request, evidence))
      known.set(request, evidence);
  }
  return known;
}

async function verifyOne(
  request: VerifyRequest,
  verify: () => Promise<Evidence>,
  signal: AbortSignal,
): Promise<Listed> {
  try {
    signal.throwIfAborted();
    const evidence = await verify();
    signal.throwIfAborted();
    return { request, evidence, resumed: false };
  } catch (thrown) {
    signal.throwIfAborted();
    return { request, error: asError(thrown) };
  }
}

function subjectsIn({ subject, sums }: VerifyRequest): readonly Subject[] {
  return sums == null ? [subject] : [subject, { url: parseFileUrl(sums).shown, pin: null }];
}

/** What was released has to be there still, with the same bytes. */
async function stands(evidence: Evidence, signal: AbortSignal): Promise<boolean> {
  const { outcome, released, releaseError } = evidence;
  if (releaseError !== null) return false;
  return outcome !== "agreed" || released === null || isIntact(evidence, signal);
}

/** Nothing that is verified now may replace it. */
function claims({ destination }: VerifyRequest, { released }: Evidence): boolean {
  if (released === null || typeof destination === "string") return true;
  return destination?.claim?.(released.path) ?? true;
}

/** After a whole run, what was agreed on need not be fetched again by the next one, which looks at the rest anew. */
async function keepAgreed(listed: readonly Listed[], open: () => Promise<Journal<Evidence>>): Promise<void> {
  const agreed = listed.filter((each) => "evidence" in each && each.evidence.outcome === "agreed");
  if (agreed.length === listed.length) return;
  const journal = await open();
  for (const each of agreed) if ("evidence" in each) journal.keep(keyOf(each.request), each.evidence);
  await journal.close();
}

/** The whole question, and where the answer goes; hashed, since the queries of URLs may be secrets. */
function keyOf(request: VerifyRequest): string {
  const { subject, url, sums, witness, mirrors, platform, osVersion, bottle, destination } = request;
  const whole = JSON.stringify([subject, url, sums, witness, mirrors, platform, osVersion, bottle, destination]);
  return createHash("sha256").update(whole).digest("hex");
}

function journalOf(requests: readonly VerifyRequest[], runtime: Runtime): Promise<Journal<Evidence>> {
  const { config, now, version, cwd } = runtime;
  const { stateDir } = ledgerPlace(config, runtime);
  const { workers, policy, mirrors } = config;
  const registries = [...config.registries];
  const [first] = requests;
  const { days = null, keepEvidence = null } = first ?? {};
  const of = { version, workers, policy, mirrors: [...mirrors], registries, cwd, days, keepEvidence };
  return openJournal(join(stateDir, "lists"), of, { fresh: false, now });
}
