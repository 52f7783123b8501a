import { Tofu3Error } from "../errors.ts";
import { settledWithin } from "../http/deadline.ts";
import { isSmall, type Owner, type Pending } from "./queue.ts";
import type { Shell } from "./shell.ts";

const RELEASE_MS = 5000;

/** A shell and the jobs that it serves. */
export class PooledShell {
  readonly shell: Shell;
  /** Jobs that have not ended and need this shell's clean end. */
  readonly owners = new Set<Owner>();
  #registry: string | null = null;
  #work: Promise<void> | null = null;
  #ending: Promise<unknown> | null = null;

  constructor(shell: Shell) {
    this.shell = shell;
  }

  /**
   * Null until it serves a job. A shell stays with one registry, so nothing that one registry caused is left where
   * another one's job is served.
   */
  get registry(): string | null {
    return this.#registry;
  }

  get isIdle(): boolean {
    return this.#work === null && this.#ending === null && this.shell.alive;
  }

  get isEnding(): boolean {
    return this.#ending !== null;
  }

  /**
   * Why the shell ended on its own, or because another job abandoned it: its earlier answers never got an exit status.
   */
  get fault(): Tofu3Error | null {
    const { abandoned, fault } = this.shell;
    if (!abandoned || this.owners.size < 2) return fault;
    const message = "a remote shell kept working on abandoned requests and was ended, so its answers support nothing";
    return new Tofu3Error("E_VM_REPLY", message, { stage: "ssh" });
  }

  /** Whether other jobs need its clean end. */
  isShared(owner: Owner): boolean {
    return [...this.owners].some((each) => each !== owner);
  }

  /** A stream may take hours, and no other job may have to wait that long for this shell to end. */
  suits(pending: Pending): boolean {
    const { owner } = pending;
    return (this.#registry ?? owner.registry) === owner.registry && (isSmall(pending) || !this.isShared(owner));
  }

  serve(owner: Owner): void {
    this.#registry ??= owner.registry;
    this.owners.add(owner);
  }

  /** The shell is busy until the work is done. The work must not reject. */
  occupy(work: () => Promise<void>): Promise<void> {
    this.#work = work().finally(() => (this.#work = null));
    return this.#work;
  }

  /** Ends the shell once, after its current work. Resolves with what was not clean about its end; null if nothing. */
  end(): Promise<unknown> {
    return (this.#ending ??= this.#end());
  }

  /** The ending job has finished its own work by now; work for others takes its time. */
  async #end(): Promise<unknown> {
    if (this.#work !== null) await (this.owners.size > 1 ? this.#work : settledWithin(RELEASE_MS, this.#work));
    // a shell that ended on its own has already said why
    if (!this.shell.alive) return this.fault;
    return this.shell.finish().then(
      (receipt) => {
        if (receipt !== null) for (const { signed } of this.owners) signed.push(receipt);
        return null;
      },
      (error: unknown) => error,
    );
  }
}
