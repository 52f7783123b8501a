import { messageOf, Tofu3Error, type ErrorCode } from "../errors.ts";
import type { ExitNote, Fault, Via } from "../model/observation.ts";
import type { Lack, VmFacts } from "../ssh/facts.ts";

/** The state of a worker. `no-worker`: the login works, but what answers is not the worker script. */
export type WorkerState =
  "usable" | "lacking" | "unreachable" | "host-key" | "login-refused" | "old-script" | "no-worker";

/** What `workers check` found about one worker; null for anything unknown. */
export interface WorkerReport {
  readonly worker: string;
  readonly via: Via;
  readonly state: WorkerState;
  /** It runs the worker script, or is this machine. */
  readonly reachable: boolean;
  /** `SHA256:…`, proved. */
  readonly hostKey: string | null;
  /** Milliseconds of one round trip over the open connection. */
  readonly roundTripMs: number | null;
  readonly os: string | null;
  readonly curl: string | null;
  readonly hashTool: string | null;
  /** The VM's clock minus this machine's; the VM reports whole seconds. */
  readonly clockOffsetMs: number | null;
  readonly machine: string | null;
  readonly boot: string | null;
  /** `SHA256:…` of the key that it signs what it sees with; null if it has none, or cannot use it. */
  readonly signer: string | null;
  /** Where it leaves for the world; null if nobody was asked. */
  readonly exit: ExitNote | null;
  /** It cannot work without these. */
  readonly lacks: readonly Lack[];
  /** It works in spite of these. */
  readonly warnings: readonly Lack[];
  readonly error: Fault | null;
}

export interface Probed {
  readonly facts: Pick<VmFacts, "os" | "curl" | "hashTool" | "machine" | "boot"> & { readonly hostKey: string | null };
  readonly roundTripMs: number | null;
  readonly clockOffsetMs: number | null;
  readonly lacks: readonly Lack[];
  /** What is not as configured and does not stop the work. */
  readonly warnings?: readonly Lack[];
  readonly exit: ExitNote | null;
  /** Of a VM that signed something for us. */
  readonly signer?: string | null;
}

/** One worker, as `checkWorkers` reaches it. */
export interface Reachable {
  readonly worker: string;
  readonly via: Via;
  probe(signal: AbortSignal): Promise<Probed>;
  close(): Promise<void>;
}

/** Certificates and tokens expire by the clock. */
const MOST_CLOCK_OFFSET_MS = 60_000;

function faultOf(error: unknown): Fault {
  if (error instanceof Tofu3Error)
    return { code: error.code, stage: error.stage, message: error.message, hint: error.hint };
  return { code: "E_BUG", stage: null, message: messageOf(error), hint: null };
}

const STATES: Partial<Record<ErrorCode, WorkerState>> = {
  E_HOST_KEY: "host-key",
  E_SSH_AUTH: "login-refused",
  E_VM_SCRIPT: "old-script",
  E_VM_REPLY: "no-worker",
  E_TIMEOUT: "no-worker",
  E_VM_TOOL: "lacking",
};

function clockWarnings(offsetMs: number | null): Lack[] {
  if (offsetMs === null || Math.abs(offsetMs) <= MOST_CLOCK_OFFSET_MS) return [];
  return [
    {
      what: `its clock is ${Math.round(offsetMs / 1000)} s off, and certificates and tokens depend on it`,
      todo: "set it: timedatectl set-ntp true",
    },
  ];
}

const NOTHING = {
  hostKey: null,
  roundTripMs: null,
  os: null,
  curl: null,
  hashTool: null,
  clockOffsetMs: null,
  machine: null,
  boot: null,
  signer: null,
  exit: null,
  lacks: [],
  warnings: [],
};

async function checkOne(reachable: Reachable, signal: AbortSignal): Promise<WorkerReport> {
  const { worker, via } = reachable;
  try {
    const {
      facts,
      roundTripMs,
      clockOffsetMs,
      lacks,
      exit,
      warnings = [],
      signer = null,
    } = await reachable.probe(signal);
    const { hostKey, os, curl, hashTool, machine, boot } = facts;
    const state = lacks.length === 0 ? "usable" : "lacking";
    const seen = { hostKey, roundTripMs, os, curl, hashTool, clockOffsetMs, machine, boot, signer, exit };
    const all = [...warnings, ...clockWarnings(clockOffsetMs)];
    return { worker, via, state, reachable: true, ...seen, lacks, warnings: all, error: null };
  } catch (error) {
    signal.throwIfAborted();
    const fault = faultOf(error);
    return { worker, via, state: STATES[fault.code] ?? "unreachable", reachable: false, ...NOTHING, error: fault };
  } finally {
    await reachable.close().catch(() => undefined);
  }
}

/** Checks all workers in parallel. Rejects only with the reason of `signal`. */
export async function checkAll(workers: readonly Reachable[], signal: AbortSignal): Promise<readonly WorkerReport[]> {
  return Promise.all(workers.map((worker) => checkOne(worker, signal)));
}
