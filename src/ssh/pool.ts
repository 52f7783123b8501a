import { Tofu3Error } from "../errors.ts";
import { settledWithin, within } from "../http/deadline.ts";
import { performBatch } from "./batch.ts";
import type { SshConnection } from "./connection/connection.ts";
import { countWorks, nextWork, without, type Owner, type Pending, type Work } from "./queue.ts";
import type { CurlSettings } from "./script/curlconfig.ts";
import { noShell, openFirstShell, openShell } from "./openshell.ts";
import { PooledShell } from "./pooledshell.ts";
import type { Shell, ShellSurroundings } from "./shell.ts";
import { performStream } from "./stream.ts";

/** A connected VM and its settings. */
export interface Premises {
  readonly connection: SshConnection;
  readonly surroundings: ShellSurroundings;
  readonly settings: CurlSettings;
  /** For each attempt to open a shell. */
  readonly connectSeconds: number;
}

/** sshd's MaxSessions defaults to 10 and counts a session until the VM's side has closed. */
const MOST_SHELLS = 8;
const MOST_PER_REGISTRY = 4;
const CLOSE_MS = 1000;

/** The remote shells of one connection, and the queries of all jobs waiting for them. */
export class Pool {
  readonly #premises: Premises;
  readonly #shells = new Set<PooledShell>();
  /** The jobs that have not ended, each with the reason why its answers do not count, or null. */
  readonly #owners = new Map<Owner, unknown>();
  /** The shell that greeted us, until the first job takes it over. */
  #first: PooledShell | null;
  #queue: readonly Pending[] = [];
  #scheduled = false;
  #opening = 0;
  #openings = new AbortController();
  #most = MOST_SHELLS;

  constructor(premises: Premises, first: Shell) {
    this.#premises = premises;
    this.#first = this.#add(first);
    void premises.connection.lost.then((reason) => {
      const message = `the connection to worker "${premises.surroundings.worker}" was lost: ${reason}`;
      this.#failAll(new Tofu3Error("E_SSH", message, { stage: "ssh" }));
    });
  }

  /** Starts serving a job. The first job owns the first shell, which said what the VM is. */
  admit(owner: Owner): void {
    this.#owners.set(owner, null);
    const first = this.#first;
    this.#first = null;
    if (first === null) return;
    first.serve(owner);
    if (first.shell.fault !== null) this.#fail(owner, first.shell.fault);
  }

  enqueue(pending: Pending): void {
    const fault = this.#owners.get(pending.owner);
    if (fault === undefined) pending.reject(pending.owner.over.reason);
    else if (fault !== null) pending.reject(fault);
    else {
      this.#queue = [...this.#queue, pending];
      this.#schedule();
    }
  }

  /** Does something on an idle shell that serves no other job. */
  async useIdle<T>(owner: Owner, work: (shell: Shell) => Promise<T>): Promise<T> {
    const pooled = this.#idle().find(
      ({ registry, owners }) => registry === null || (owners.size === 1 && owners.has(owner)),
    );
    const { worker } = this.#premises.surroundings;
    if (pooled === undefined) throw new Tofu3Error("E_SSH", `worker "${worker}" has no idle shell`, { stage: "ssh" });
    const done = work(pooled.shell);
    this.#occupy(pooled, [owner], () => done.then(ignore, ignore));
    return done;
  }

  /**
   * Ends every shell that served the job. Rejects unless each of them, including those that ended earlier, ended on
   * request and cleanly.
   */
  async release(owner: Owner): Promise<void> {
    this.#reject(owner, owner.over.reason);
    // Unused shells go with the last job: nothing stays on the VM for a job that may never come.
    const last = [...this.#owners.keys()].every(({ over }) => over.aborted);
    if (last) this.#stopOpening(owner.over.reason);
    const shells = [...this.#shells].filter(({ owners }) => owners.has(owner));
    const unused = last ? [...this.#shells].filter(({ owners }) => owners.size === 0) : [];
    for (const pooled of unused) void this.#end(pooled);
    await Promise.all(shells.map((pooled) => this.#end(pooled)));
    const fault = this.#owners.get(owner) ?? null;
    this.#owners.delete(owner);
    if (this.#owners.size === 0) this.#most = MOST_SHELLS;
    if (fault !== null) throw fault as Error;
  }

  /** Leaves the VM. Ends unused shells; jobs that have not ended fail with this reason. */
  async close(reason: unknown): Promise<void> {
    this.#stopOpening(reason);
    this.#failAll(reason);
    const unused = [...this.#shells].filter(({ owners }) => owners.size === 0);
    await settledWithin(CLOSE_MS, Promise.all(unused.map((pooled) => this.#end(pooled))));
    this.#premises.connection.close();
  }

  #add(shell: Shell): PooledShell {
    const pooled = new PooledShell(shell);
    this.#shells.add(pooled);
    void shell.gone.then(() => this.#retire(pooled));
    return pooled;
  }

  /** Until its jobs have been told how it ended, a job that ends must find it among its shells. */
  async #retire(pooled: PooledShell): Promise<void> {
    if (pooled.isEnding) await this.#end(pooled);
    else this.#tell(pooled, pooled.fault);
    this.#shells.delete(pooled);
    this.#schedule();
  }

  #fail(owner: Owner, fault: unknown): void {
    if (!this.#owners.has(owner)) return;
    if (this.#owners.get(owner) === null) this.#owners.set(owner, fault);
    this.#reject(owner, this.#owners.get(owner));
  }

  #failAll(fault: unknown): void {
    for (const owner of this.#owners.keys()) this.#fail(owner, fault);
  }

  #reject(owner: Owner, reason: unknown): void {
    const [own, others] = [
      this.#queue.filter((each) => each.owner === owner),
      this.#queue.filter((each) => each.owner !== owner),
    ];
    this.#queue = others;
    for (const each of own) each.reject(reason);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // By then all calls from this turn of the event loop are queued, and can share a batch.
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    this.#queue = this.#queue.filter((each) => !each.signal.aborted);
    for (const pooled of this.#idle()) {
      const work = nextWork(this.#queue.filter((each) => this.#suits(pooled, each)));
      if (work === null) continue;
      this.#queue = without(this.#queue, work);
      const owners = work.items.map(({ owner }) => owner);
      this.#occupy(pooled, owners, () => this.#perform(pooled, work));
    }
    this.#widen();
  }

  #suits(pooled: PooledShell, pending: Pending): boolean {
    const { registry } = pending.owner;
    return pooled.suits(pending) && (pooled.registry !== null || this.#shellsFor(registry) < MOST_PER_REGISTRY);
  }

  #shellsFor(registry: string): number {
    return [...this.#shells].filter((pooled) => pooled.registry === registry).length;
  }

  /** Shells that already serve the registry come first. */
  #idle(): readonly PooledShell[] {
    const idle = [...this.#shells].filter(({ isIdle }) => isIdle);
    return idle.toSorted((one, other) => Number(one.registry === null) - Number(other.registry === null));
  }

  #occupy(pooled: PooledShell, owners: readonly Owner[], work: () => Promise<void>): void {
    for (const owner of owners) pooled.serve(owner);
    void pooled.occupy(work).finally(() => this.#schedule());
  }

  async #perform({ shell, owners }: PooledShell, work: Work): Promise<void> {
    const { settings } = this.#premises;
    try {
      if (work.kind === "stream") await performStream(shell, work.items[0], settings);
      else for (const left of await performBatch(shell, work, settings, owners.size > 1)) this.enqueue(left);
    } catch (error) {
      for (const item of work.items) item.reject(error);
    }
  }

  /** Opens a shell for each piece of work that could run at once, as far as the VM allows. */
  #widen(): void {
    const registries = new Set(this.#queue.map(({ owner }) => owner.registry));
    const wanted = [...registries].map((registry) => {
      const free = Math.max(0, MOST_PER_REGISTRY - this.#shellsFor(registry));
      return countWorks(
        this.#queue.filter(({ owner }) => owner.registry === registry),
        free,
      );
    });
    const works = wanted.reduce((sum, each) => sum + each, 0);
    while (this.#opening < works && this.#shells.size + this.#opening < this.#most) void this.#open();
    if (this.#opening === 0) this.#makeWay(registries);
  }

  /** Ends an idle shell if the waiting work cannot run otherwise; its jobs learn at their end how it ended. */
  #makeWay(registries: ReadonlySet<string>): void {
    if ([...this.#shells].some(({ isEnding }) => isEnding)) return;
    const idle = this.#idle();
    for (const registry of registries) {
      const full = this.#shellsFor(registry) >= MOST_PER_REGISTRY;
      const pooled = full ? idle.find((each) => each.registry === registry) : idle.at(0);
      if (pooled !== undefined) {
        void this.#end(pooled);
        return;
      }
    }
  }

  async #open(): Promise<void> {
    const { signal } = this.#openings;
    const { surroundings, connectSeconds } = this.#premises;
    const beside = this.#shells.size > 0;
    const open = beside ? openShell : openFirstShell;
    this.#opening++;
    try {
      const { shell } = await within(connectSeconds * 1000, [signal], (limit) => open(surroundings, limit));
      if (signal.aborted) shell.kill();
      this.#add(shell);
    } catch (error) {
      if (!signal.aborted) this.#refused(error, beside);
    } finally {
      this.#opening--;
    }
    this.#schedule();
  }

  #refused(error: unknown, beside: boolean): void {
    this.#most = Math.max(1, this.#shells.size);
    // a shell beside others is asked for once; if these have gone meanwhile, the next try is more patient
    if (beside || this.#shells.size > 0 || this.#opening > 1) return;
    this.#failAll(error instanceof Tofu3Error ? error : noShell(this.#premises.surroundings.worker, error));
  }

  #stopOpening(reason: unknown): void {
    this.#openings.abort(reason);
    this.#openings = new AbortController();
  }

  async #end(pooled: PooledShell): Promise<void> {
    this.#tell(pooled, await pooled.end());
  }

  #tell({ owners }: PooledShell, fault: unknown): void {
    if (fault !== null) for (const owner of owners) this.#fail(owner, fault);
  }
}

function ignore(): void {
  // settled elsewhere
}
