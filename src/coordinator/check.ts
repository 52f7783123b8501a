import { messageOf, Tofu3Error } from "../errors.ts";
import type { Fault, Via } from "../model/observation.ts";
import type { Lack, VmFacts } from "../transport/vmfacts.ts";

/** What `workers check` found about one worker; null where it could not be found out. */
export interface WorkerReport {
  readonly worker: string;
  readonly via: Via;
  readonly reachable: boolean;
  readonly hostKey: string | null;
  /** Milliseconds of one question and answer over the open connection. */
  readonly roundTripMs: number | null;
  readonly os: string | null;
  readonly curl: string | null;
  readonly hashTool: string | null;
  /** Of the VM against this machine; the VM tells whole seconds. */
  readonly clockOffsetMs: number | null;
  readonly machine: string | null;
  readonly lacks: readonly Lack[];
  readonly error: Fault | null;
}

/** One worker as `checkWorkers` reaches it. */
export interface Reachable {
  readonly worker: string;
  readonly via: Via;
  probe(signal: AbortSignal): Promise<{
    readonly facts: Omit<VmFacts, "hostKey"> & { readonly hostKey: string | null };
    readonly roundTripMs: number | null;
    readonly clockOffsetMs: number | null;
  }>;
  close(): Promise<void>;
}

/** A certificate of an hour and a token of a minute are judged by the clock. */
const MOST_CLOCK_OFFSET_MS = 60_000;

function faultOf(error: unknown): Fault {
  if (error instanceof Tofu3Error) return { code: error.code, stage: error.stage, message: error.message, hint: error.hint };
  return { code: "E_BUG", stage: null, message: messageOf(error), hint: null };
}

async function checkOne(reachable: Reachable, signal: AbortSignal): Promise<WorkerReport> {
  const { worker, via } = reachable;
  try {
    const { facts, roundTripMs, clockOffsetMs } = await reachable.probe(signal);
    const { hostKey, os, curl, hashTool, machine } = facts;
    const late = clockOffsetMs !== null && Math.abs(clockOffsetMs) > MOST_CLOCK_OFFSET_MS;
    const clock = late
      ? [{ what: `its clock is ${Math.round(clockOffsetMs / 1000)} s off`, todo: "set it: timedatectl set-ntp true" }]
      : [];
    return {
      worker,
      via,
      reachable: true,
      hostKey,
      roundTripMs,
      os,
      curl,
      hashTool,
      clockOffsetMs,
      machine,
      lacks: [...facts.lacks, ...clock],
      error: null,
    };
  } catch (error) {
    signal.throwIfAborted();
    const nothing = { hostKey: null, roundTripMs: null, os: null, curl: null, hashTool: null, clockOffsetMs: null, machine: null };
    return { worker, via, reachable: false, ...nothing, lacks: [], error: faultOf(error) };
  } finally {
    await reachable.close().catch(() => undefined);
  }
}

/** Asks every worker at once what it is. Rejects only with the reason of `signal`. */
export async function checkAll(workers: readonly Reachable[], signal: AbortSignal): Promise<readonly WorkerReport[]> {
  return Promise.all(workers.map((worker) => checkOne(worker, signal)));
}
