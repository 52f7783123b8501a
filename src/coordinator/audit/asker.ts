import { asError, isUsage, Tofu3Error, visible } from "../../errors.ts";
import { isLoopbackHost, isPublicAddress } from "../../http/address.ts";
import type { Answer, Presence } from "../../model/audit.ts";
import type { ListedAnswer, ListedSubject } from "../../model/listed.ts";
import { WHOLE, type Job } from "../../model/job.ts";
import type { Fault, Observation } from "../../model/observation.ts";
import type { Watch } from "../../model/progress.ts";
import {
  formatSubject,
  hostKeyOf,
  isFile,
  type FileSubject,
  type ImageSubject,
  type Subject,
} from "../../model/subject.ts";
import type { Wanted, WantedFile } from "../../model/wanted.ts";
import type { Digest } from "../../oci/digest.ts";
import { registryHost, type Repository } from "../../oci/reference.ts";
import type { Ledgers } from "../../ledger/ledger.ts";
import type { Vantage } from "../../worker/vantage.ts";
import { present } from "../../worker/walk/presence.ts";
import { openMemory, type Told } from "../memory.ts";
import { question } from "../question.ts";
import { jobOf, policyOf } from "../request.ts";
import type { Runtime } from "../runtime.ts";
import { createGate } from "../../parallel.ts";
import { answerOf } from "./answer.ts";
import { budgetOf } from "../budget.ts";
import type { Asking, NotAsked } from "./examine.ts";
import type { Journal } from "./journal.ts";
import { Lists, type Copy } from "./lists.ts";
import type { AuditProgress, AuditRequest } from "./request.ts";
import { Trouble } from "./trouble.ts";
import { Turns } from "./turns.ts";

export interface Surroundings {
  readonly vantages: readonly Vantage[];
  readonly runtime: Runtime;
  readonly ledgers: Ledgers;
  readonly journal: Journal<Answer>;
  readonly watch: (progress: AuditProgress) => void;
  readonly signal: AbortSignal;
}

/** Asks each question once, in turn, and remembers the answers. */
export class Asker implements Asking {
  readonly #request: AuditRequest;
  readonly #around: Surroundings;
  readonly #turns = new Turns();
  readonly #trouble = new Trouble();
  readonly #files = createGate(FILES_AT_A_TIME);
  readonly #asked = new Map<string, Promise<Answer | NotAsked>>();
  readonly #lists: Lists;
  #ledgerFault: Tofu3Error | null = null;

  constructor(request: AuditRequest, around: Surroundings) {
    const { vantages, signal } = around;
    this.#request = request;
    this.#around = around;
    const jobOf = (subject: FileSubject, url: string) => {
      const job = this.#jobOf(subject);
      const totalSeconds = Math.min(job.limits.totalSeconds, ROOT_SECONDS);
      return { ...job, url, limits: { ...job.limits, totalSeconds } };
    };
    this.#lists = new Lists(vantages, { jobOf, take: (subject, work) => this.#takeCopies(subject, work) }, signal);
  }

  /** Why a verdict could not be entered in the ledger; null if all were. */
  get ledgerFault(): Tofu3Error | null {
    return this.#ledgerFault;
  }

  /** Resolves when nothing is under way any more. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#asked.values());
  }

  ask(subject: ImageSubject): Promise<Answer | NotAsked> {
    const name = formatSubject(subject);
    const known = this.#asked.get(name) ?? this.#answer(name, this.#jobOf(subject));
    this.#asked.set(name, known);
    return known;
  }

  askFile({ key, file, url }: WantedFile): Promise<Answer | NotAsked> {
    const known = this.#asked.get(key) ?? this.#answer(key, { ...this.#jobOf(file), url });
    this.#asked.set(key, known);
    return known;
  }

  /** What stands in a list is neither entered in the ledger nor remembered for a run that goes on. */
  askListed(listed: ListedSubject): Promise<ListedAnswer | NotAsked> {
    return this.#lists.ask(listed);
  }

  async present({ reference }: Wanted, blobs: readonly Digest[]): Promise<ReadonlyMap<Digest, Presence> | NotAsked> {
    const refused = this.#refusalOf(reference);
    if (refused !== null) return refused;
    const { registry, repository } = reference;
    const { vantages, signal } = this.#around;
    const job = this.#jobOf({ registry, repository, tag: "latest", pin: null });
    const answers = await this.#turns.take(
      hostKeyOf(job.subject),
      () => Promise.all(vantages.map((vantage) => present(vantage, job, blobs, signal))),
      signal,
    );
    if ("closed" in answers) return answers;
    return new Map(blobs.map((blob, at) => [blob, presenceIn(answers.map((each) => each[at]))]));
  }

  async #answer(name: string, job: Job): Promise<Answer | NotAsked> {
    const { journal } = this.#around;
    const known = journal.known(name);
    if (known !== null) return known;
    const { subject } = job;
    const told = await this.#take(subject, () => this.#question(job, hostKeyOf(subject)));
    if ("closed" in told) return told;
    const { answer, isEntered } = await this.#judge(subject, name, told);
    // a run that goes on must not rely on what the ledger does not have; an alarm stands in any case
    if (isEntered || answer.outcome === "disagreed") journal.keep(name, answer);
    return answer;
  }

  /** Runs the work when it is the turn of the registry or server, if it may be asked at all. */
  async #take<T>(subject: Subject, work: () => Promise<T>): Promise<T | NotAsked> {
    const refused = this.#refusalOf(subject);
    if (refused !== null) return refused;
    const inTurn = isFile(subject) ? () => this.#files(work) : work;
    return this.#turns.take(hostKeyOf(subject), inTurn, this.#around.signal);
  }

  #takeCopies(
    subject: FileSubject,
    work: () => Promise<readonly Copy[] | NotAsked>,
  ): Promise<readonly Copy[] | NotAsked> {
    return this.#take(subject, async () => {
      const number = this.#trouble.begin();
      const copies = await work();
      if ("closed" in copies) return copies;
      const seen = copies.map(({ worker, fault }) => {
        return { worker, outcome: fault === null ? "saw" : "failed", error: fault } as const;
      });
      this.#giveUp(number, hostKeyOf(subject), seen);
      return copies;
    });
  }

  async #question(job: Job, registry: string): Promise<Told | NotAsked> {
    const { vantages, signal } = this.#around;
    const asked = { job, keep: null, admit: null, evidenceFolder: null };
    const number = this.#trouble.begin();
    try {
      const told = await question(vantages, asked, this.#listen(registry), signal);
      this.#learn(number, registry, told.observations);
      return told;
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asError(thrown);
      if (isUsage(error.code)) return { closed: error.message };
      throw error;
    }
  }

  /** No registry waits for the ledger: many verdicts are entered together. */
  async #judge(
    subject: Subject,
    reference: string,
    told: Told,
  ): Promise<{ readonly answer: Answer; readonly isEntered: boolean }> {
    const { runtime, ledgers, signal } = this.#around;
    const { depth, days } = this.#request;
    const policy = policyOf({ days }, runtime);
    const remembered = {
      subject,
      ...WHOLE,
      remember: true,
      ...(depth === "root" && !isFile(subject) ? { depth } : {}),
    };
    const judgement = await openMemory(remembered, policy, runtime, ledgers).enter(told, signal);
    this.#ledgerFault ??= judgement.fault;
    return { answer: answerOf(judgement, told, { reference, ...WHOLE }), isEntered: judgement.fault === null };
  }

  /** A file has no root: it is looked at whole. */
  #jobOf<S extends Subject>(subject: S): Job & { readonly subject: S } {
    const { depth: wanted, allowPrivate } = this.#request;
    const { limits: all } = this.#around.runtime.config;
    const depth = isFile(subject) ? "everything" : wanted;
    const totalSeconds = depth === "root" ? Math.min(all.totalSeconds, ROOT_SECONDS) : all.totalSeconds;
    const limits = { ...all, totalSeconds };
    return { ...jobOf({ subject, ...WHOLE }, limits, depth), publicOnly: !allowPrivate };
  }

  /** A retry is a registry's wish to be left alone for a while. */
  #listen(registry: string): Watch {
    return (progress) => {
      if (progress.kind !== "retry") return;
      this.#turns.slow(registry, progress.waitMs);
      this.#around.watch({ kind: "slowed", registry, why: visible(progress.message, 200) });
    };
  }

  #learn(number: number, registry: string, observations: readonly Observation[]): void {
    const budget = budgetOf(observations);
    if (budget !== null) {
      const why = `${registry} allows ${budget.worker} no more requests for now, by its rate-limit headers`;
      this.#turns.allow(registry, budget.left, why);
      if (budget.left <= 0) this.#around.watch({ kind: "closed", registry, why });
    }
    this.#giveUp(number, registry, observations);
  }

  #giveUp(number: number, registry: string, seen: Parameters<Trouble["after"]>[2]): void {
    const trouble = this.#trouble.after(number, registry, seen);
    if (trouble === null) return;
    if (trouble.registry === null) this.#turns.closeAll(trouble.why);
    else this.#turns.close(trouble.registry, trouble.why);
    this.#around.watch({ kind: "closed", registry: trouble.registry, why: visible(trouble.why, 400) });
  }

  /** The tree that is audited must not make this machine, or a VM, ask inside its own network. */
  #refusalOf(subject: Repository | FileSubject): NotAsked | null {
    if (this.#request.allowPrivate) return null;
    const host = "url" in subject ? new URL(subject.url).hostname : hostOf(subject);
    if (host === null) return null;
    const address = host.replace(/^\[(.*)\]$/, "$1");
    const isPrivate = isLoopbackHost(host) || (/^[0-9.]+$|:/.test(address) && !isPublicAddress(address));
    if (!isPrivate) return null;
    return { closed: `${visible(host, 200)} is not a public address: it is asked only with --allow-private` };
  }
}

/** Whoever trickles must not hold up an audit for hours. */
const ROOT_SECONDS = 120;
/** Each of them waits for the slowest worker, within the time that one file may take. */
const FILES_AT_A_TIME = 8;

/** Null for a name that nobody can connect to, which the workers say themselves. */
function hostOf(repository: Repository): string | null {
  try {
    return new URL(`http://${registryHost(repository)}/`).hostname;
  } catch (error) {
    if (error instanceof Tofu3Error) return null;
    throw error;
  }
}

function presenceIn(answers: readonly ("there" | "gone" | Fault | undefined)[]): Presence {
  if (answers.some((each) => typeof each === "object" && each.code === "E_MISMATCH")) return "false";
  if (answers.every((each) => each === "there")) return "there";
  return answers.every((each) => each === "gone") ? "gone" : "unclear";
}
