import { Tofu3Error } from "../errors.ts";
import { settledWithin } from "../http/deadline.ts";
import { isSmall, type Owner, type Pending } from "./queue.ts";
import type { Shell } from "./shell.ts";

const RELEASE_MS = 5000;

/** A shell and whom it serves. */
export class Room {
  readonly shell: Shell;
  /** Jobs that have not ended, and that need its clean end. */
  readonly owners = new Set<Owner>();
  #registry: string | null = null;
  #work: Promise<void> | null = null;
  #ending: Promise<unknown> | null = null;

  constructor(shell: Shell) {
    this.shell = shell;
  }

  /** Null until it serves a job: nothing that one registry caused is left in a shell that another one's job uses. */
  get registry(): string | null {
    return this.#registry;
  }

  get isIdle(): boolean {
    return this.#work === null && this.#ending === null && this.shell.alive;
  }

  get isEnding(): boolean {
    return this.#ending !== null;
  }

  /** A shell that ended by itself, or under the hands of another job: what it answered before never got its exit status. */
  get fault(): Tofu3Error | null {
    const { abandoned, fault } = this.shell;
    if (!abandoned || this.owners.size < 2) return fault;
    const message = "a remote shell went on with what nobody waited for and was ended, so its answers support nothing";
    return new Tofu3Error("E_VM_REPLY", message, { stage: "ssh" });
  }

  /** Jobs other than this one need its clean end. */
  isShared(owner: Owner): boolean {
    return [...this.owners].some((each) => each !== owner);
  }

  /** A stream may take hours, and another job may not wait so long for the end of the shell. */
  suits(pending: Pending): boolean {
    const { owner } = pending;
    return (this.#registry ?? owner.registry) === owner.registry && (isSmall(pending) || !this.isShared(owner));
  }

  serve(owner: Owner): void {
    this.#registry ??= owner.registry;
    this.owners.add(owner);
  }

  /** The shell is busy until the work, which must not reject, is over. */
  occupy(work: () => Promise<void>): Promise<void> {
    this.#work = work().finally(() => (this.#work = null));
    return this.#work;
  }

  /** Tells the shell to go after its present work, once. Resolves with what was not clean about that; null for nothing. */
  end(): Promise<unknown> {
    return (this.#ending ??= this.#end());
  }

  /** A job that ends has ended its own work by now; what is done for others takes its time. */
  async #end(): Promise<unknown> {
    if (this.#work !== null) await (this.owners.size > 1 ? this.#work : settledWithin(RELEASE_MS, this.#work));
    // One that is gone by itself has told why.
    if (!this.shell.alive) return this.fault;
    return this.shell.finish().then(
      () => null,
      (error: unknown) => error,
    );
  }
}
