import { Tofu3Error, visible, messageOf } from "../errors.ts";
import { settledWithin, within } from "../http/deadline.ts";
import { performBatch } from "./batch.ts";
import type { SshConnection } from "./connection/connection.ts";
import { countWorks, nextWork, without, type Owner, type Pending, type Work } from "./queue.ts";
import type { CurlSettings } from "./script/curlconfig.ts";
import { Room } from "./room.ts";
import { openShell, type Greeted, type Shell, type ShellSurroundings } from "./shell.ts";
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
const OPEN_TRIES = 6;
const FIRST_WAIT_MS = 50;
const CLOSE_MS = 1000;

function noShell(worker: string, cause: unknown): Tofu3Error {
  return new Tofu3Error("E_SSH", `worker "${worker}" allows no shell: ${visible(messageOf(cause), 200)}`, {
    stage: "ssh",
    hint: "check MaxSessions and forced commands of that account on the VM",
    cause,
  });
}

/** Opens a shell when there is no other yet. Rejects if the VM gives none. */
export async function openFirstShell(surroundings: ShellSurroundings, signal: AbortSignal): Promise<Greeted> {
  for (let tries = 1; ; tries++) {
    try {
      return await openShell(surroundings, signal);
    } catch (error) {
      if (error instanceof Tofu3Error) throw error;
      signal.throwIfAborted();
      // "open failed": the VM still counts a session that is closing, or allows none.
      if (tries === OPEN_TRIES || surroundings.lost() !== null) throw noShell(surroundings.worker, error);
      await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** tries));
    }
  }
}

/** The remote shells of one connection, and the queries of all jobs waiting for them. */
export class Pool {
  readonly #premises: Premises;
  readonly #rooms = new Set<Room>();
  /** The jobs that have not ended, each with the reason why its answers do not count, or null. */
  readonly #owners = new Map<Owner, unknown>();
  /** The shell that greeted us, until the first job takes it over. */
  #first: Room | null;
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
    const room = this.#idle().find(
      ({ registry, owners }) => registry === null || (owners.size === 1 && owners.has(owner)),
    );
    const { worker } = this.#premises.surroundings;
    if (room === undefined) throw new Tofu3Error("E_SSH", `worker "${worker}" has no idle shell`, { stage: "ssh" });
    const done = work(room.shell);
    this.#occupy(room, [owner], () => done.then(ignore, ignore));
    return done;
  }

  /**
   * Ends every shell that served the job. Rejects unless each of them, including those that ended earlier, ended on
   * request and cleanly.
   */
  async release(owner: Owner): Promise<void> {
    this.#reject(owner, owner.over.reason);
    // Unused shells go with the last job: nothing stays on the VM for a job that may never come.
    const last = this.#owners.size === 1;
    if (last) this.#stopOpening(owner.over.reason);
    const rooms = [...this.#rooms].filter(({ owners }) => owners.has(owner));
    const unused = last ? [...this.#rooms].filter(({ owners }) => owners.size === 0) : [];
    for (const room of unused) void this.#end(room);
    await Promise.all(rooms.map((room) => this.#end(room)));
    const fault = this.#owners.get(owner) ?? null;
    this.#owners.delete(owner);
    if (this.#owners.size === 0) this.#most = MOST_SHELLS;
    if (fault !== null) throw fault as Error;
  }

  /** Leaves the VM. Ends unused shells; jobs that have not ended fail with this reason. */
  async close(reason: unknown): Promise<void> {
    this.#stopOpening(reason);
    this.#failAll(reason);
    const unused = [...this.#rooms].filter(({ owners }) => owners.size === 0);
    await settledWithin(CLOSE_MS, Promise.all(unused.map((room) => this.#end(room))));
    this.#premises.connection.close();
  }

  #add(shell: Shell): Room {
    const room = new Room(shell);
    this.#rooms.add(room);
    void shell.gone.then(() => this.#retire(room));
    return room;
  }

  #retire(room: Room): void {
    this.#rooms.delete(room);
    const { fault } = room;
    if (fault !== null) for (const owner of room.owners) this.#fail(owner, fault);
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
    for (const room of this.#idle()) {
      const work = nextWork(this.#queue.filter((each) => this.#suits(room, each)));
      if (work === null) continue;
      this.#queue = without(this.#queue, work);
      const owners = work.items.map(({ owner }) => owner);
      this.#occupy(room, owners, () => this.#perform(room, work));
    }
    this.#widen();
  }

  #suits(room: Room, pending: Pending): boolean {
    const { registry } = pending.owner;
    return room.suits(pending) && (room.registry !== null || this.#roomsFor(registry) < MOST_PER_REGISTRY);
  }

  #roomsFor(registry: string): number {
    return [...this.#rooms].filter((room) => room.registry === registry).length;
  }

  /** Shells that already serve the registry come first. */
  #idle(): readonly Room[] {
    const idle = [...this.#rooms].filter(({ isIdle }) => isIdle);
    return idle.toSorted((one, other) => Number(one.registry === null) - Number(other.registry === null));
  }

  #occupy(room: Room, owners: readonly Owner[], work: () => Promise<void>): void {
    for (const owner of owners) room.serve(owner);
    void room.occupy(work).finally(() => this.#schedule());
  }

  async #perform({ shell, owners }: Room, work: Work): Promise<void> {
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
      const room = Math.max(0, MOST_PER_REGISTRY - this.#roomsFor(registry));
      return countWorks(
        this.#queue.filter(({ owner }) => owner.registry === registry),
        room,
      );
    });
    const works = wanted.reduce((sum, each) => sum + each, 0);
    while (this.#opening < works && this.#rooms.size + this.#opening < this.#most) void this.#open();
    if (this.#opening === 0) this.#makeRoom(registries);
  }

  /** Ends an idle shell if the waiting work cannot run otherwise; its jobs learn at their end how it ended. */
  #makeRoom(registries: ReadonlySet<string>): void {
    if ([...this.#rooms].some(({ isEnding }) => isEnding)) return;
    const idle = this.#idle();
    for (const registry of registries) {
      const full = this.#roomsFor(registry) >= MOST_PER_REGISTRY;
      const room = full ? idle.find((each) => each.registry === registry) : idle.at(0);
      if (room !== undefined) {
        void this.#end(room);
        return;
      }
    }
  }

  async #open(): Promise<void> {
    const { signal } = this.#openings;
    const { surroundings, connectSeconds } = this.#premises;
    const open = this.#rooms.size === 0 ? openFirstShell : openShell;
    this.#opening++;
    try {
      const { shell } = await within(connectSeconds * 1000, [signal], (limit) => open(surroundings, limit));
      if (signal.aborted) shell.kill();
      this.#add(shell);
    } catch (error) {
      if (!signal.aborted) this.#refused(error);
    } finally {
      this.#opening--;
    }
    this.#schedule();
  }

  #refused(error: unknown): void {
    this.#most = Math.max(1, this.#rooms.size);
    if (this.#rooms.size > 0 || this.#opening > 1) return;
    this.#failAll(error instanceof Tofu3Error ? error : noShell(this.#premises.surroundings.worker, error));
  }

  #stopOpening(reason: unknown): void {
    this.#openings.abort(reason);
    this.#openings = new AbortController();
  }

  async #end(room: Room): Promise<void> {
    const fault = await room.end();
    if (fault !== null) for (const owner of room.owners) this.#fail(owner, fault);
  }
}

function ignore(): void {
  // settled elsewhere
}
