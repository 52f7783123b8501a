import { setMaxListeners } from "node:events";
import { within } from "../http/deadline.ts";
import type { Proxy } from "../http/proxy.ts";
import type { Link } from "../http/transport.ts";
import type { AskPassphrase } from "../model/credentials.ts";
import type { Limits } from "../model/job.ts";
import { Tofu3Error } from "../errors.ts";
import { openSsh, type SshConnection } from "./connection/connection.ts";
import type { SshTarget } from "./connection/target.ts";
import { isCurlSince, readFacts } from "./facts.ts";
import { openFirstShell } from "./openshell.ts";
import { rememberPassphrases } from "./passphrases.ts";
import { Pool } from "./pool.ts";
import type { ShellSurroundings } from "./shell.ts";
import { SshTransport, type Vm } from "./transport.ts";

export interface SshOptions {
  readonly target: SshTarget;
  readonly limits: Limits;
  /** For the VM's curl. */
  readonly proxy: Proxy | null;
  readonly ask: AskPassphrase | null;
  /** Told of what is not as configured and does not stop the work. */
  readonly warn: (what: string, todo: string) => void;
}

/** One connection to the VM, from the first packet on. */
interface Attempt {
  readonly vm: Promise<Vm>;
  /** A job uses it, or was told of its failure. */
  taken: boolean;
  state: "under way" | "reached" | "failed" | "lost";
  /** When it began, by the clock of `performance`. */
  readonly since: number;
}

/** A job that begins so long after a failed attempt tries for itself, in milliseconds. */
const FRESH_MS = 10_000;

/**
 * curl, sh and a hash tool on a VM as one vantage: docs/protocol.md. One SSH connection serves any number of jobs;
 * concurrent calls share shells and curl processes. A lost connection is re-established for the next job.
 */
export class SshLink implements Link {
  readonly #options: SshOptions;
  readonly #closed = new AbortController();
  readonly #passphrases: (() => AskPassphrase) | null;
  #attempt: Attempt | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: SshOptions) {
    this.#options = options;
    this.#passphrases = options.ask === null ? null : rememberPassphrases(options.ask);
    setMaxListeners(0, this.#closed.signal);
  }

  /** Takes no signal: one caller's abort must not end a connection attempt that others wait for. `close` ends it. */
  async warm(): Promise<void> {
    await this.#reach().vm.catch(() => undefined);
  }

  begin(registry: string, question: string | null = null): SshTransport {
    const reach = async (): Promise<Vm> => {
      this.#closed.signal.throwIfAborted();
      const attempt = this.#reach();
      attempt.taken = true;
      return attempt.vm;
    };
    return new SshTransport(registry, this.#options.target.worker, reach, question);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end());
  }

  async #end(): Promise<void> {
    const reason = new Tofu3Error("E_STOPPED", "the worker was closed", { stage: "ssh" });
    this.#closed.abort(reason);
    const vm = await this.#attempt?.vm.catch(() => null);
    await vm?.pool.close(reason);
  }

  #reach(): Attempt {
    const known = this.#attempt !== null && isOfUse(this.#attempt) ? this.#attempt : null;
    return (this.#attempt = known ?? this.#connect());
  }

  #connect(): Attempt {
    const attempt: Attempt = {
      vm: this.#open(() => (attempt.state = "lost")).then(
        (vm) => {
          if (attempt.state === "under way") attempt.state = "reached";
          return vm;
        },
        (error: unknown) => {
          attempt.state = "failed";
          throw error;
        },
      ),
      taken: false,
      state: "under way",
      since: performance.now(),
    };
    return attempt;
  }

  async #open(onLost: () => void): Promise<Vm> {
    const { target, limits, warn } = this.#options;
    const { signal } = this.#closed;
    const ask = this.#passphrases?.() ?? null;
    const connection = await openSsh(target, { connectSeconds: limits.connectSeconds, ask, warn }, signal);
    try {
      const vm = await this.#greet(connection);
      void connection.lost.then(onLost);
      return vm;
    } catch (error) {
      connection.close();
      signal.throwIfAborted();
      if (error instanceof Tofu3Error) throw error;
      const message = `worker "${target.worker}" accepted the login and then sent nothing for ${limits.connectSeconds} s`;
      const hint = "check the login shell of that account: it must run commands without a terminal";
      throw new Tofu3Error("E_TIMEOUT", message, { stage: "ssh", hint, cause: error });
    }
  }

  async #greet(connection: SshConnection): Promise<Vm> {
    const { target, limits, proxy } = this.#options;
    const { connectSeconds } = limits;
    const surroundings = surroundingsOf(target.worker, connection);
    const signals = [this.#closed.signal];
    const { shell, greeting, times } = await within(connectSeconds * 1000, signals, (limit) =>
      openFirstShell(surroundings, limit),
    );
    const facts = readFacts(connection.hostKey, greeting, times);
    const settings = {
      limits,
      proxy,
      parallel: facts.parallel,
      reportsApart: isCurlSince(facts.curl, 63),
      certifies: isCurlSince(facts.curl, 88),
    };
    return { facts, settings, pool: new Pool({ connection, surroundings, settings, connectSeconds }, shell) };
  }
}

/** A failure is that of the job that it was made for; nobody may have taken the one that came with `warm`. */
function isOfUse({ state, taken, since }: Attempt): boolean {
  if (state === "failed") return !taken && performance.now() - since < FRESH_MS;
  return state !== "lost";
}

function surroundingsOf(worker: string, connection: SshConnection): ShellSurroundings {
  let lost: string | null = null;
  void connection.lost.then((reason) => (lost = reason));
  return { worker, client: connection.client, lost: () => lost };
}
