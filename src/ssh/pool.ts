import { Tofu3Error, visible, messageOf } from "../errors.ts";
import { settledWithin, within } from "../http/deadline.ts";
import type { SshConnection } from "./connection/connection.ts";
import { openLane, type Lane } from "./lane.ts";

/** The remote shells of one connection. */
export interface Pool {
  /** The first shell. Rejects when the VM gives none. */
  start(signal: AbortSignal): Promise<Lane>;
  /** A shell that has nothing to do; null when all are busy. */
  idle(): Lane | null;
  /** Opens more, so that this many works can be done at once; as many as the VM allows. */
  widen(works: number): void;
  /** The shell is busy until the work, which must not reject, is over. */
  use(lane: Lane, work: () => Promise<void>): void;
  /** Ends every shell. Rejects unless each of them, those that ended before included, did so because it was told to and cleanly. */
  close(): Promise<void>;
}

export interface PoolEvents {
  /** There is an idle shell, or room for another one. */
  readonly onRoom: () => void;
  /** Nothing can be done, or what was done does not count. */
  readonly onBroken: (error: unknown) => void;
}

/** sshd's MaxSessions is 10 by default and counts a session until the VM's own side has closed. */
export const MOST_LANES = 4;
const OPEN_TRIES = 6;
const FIRST_WAIT_MS = 50;
const RELEASE_MS = 5000;

function noShell(worker: string, cause: unknown): Tofu3Error {
  return new Tofu3Error("E_SSH", `worker "${worker}" allows no shell: ${visible(messageOf(cause), 200)}`, {
    stage: "ssh",
    hint: "check MaxSessions and forced commands of that account on the VM",
    cause,
  });
}

/** No shell is open before `start`. `ended` aborts what is being opened; each attempt has `connectSeconds`. */
export function createPool(
  worker: string,
  connection: SshConnection,
  connectSeconds: number,
  ended: AbortSignal,
  events: PoolEvents,
): Pool {
  const lanes = new Map<Lane, Promise<void> | null>();
  let lost: string | null = null;
  let opening = 0;
  let most = MOST_LANES;
  // A shell that ended by itself: what it answered before never got its exit status.
  let tainted: Tofu3Error | null = null;

  void connection.lost.then((reason) => {
    lost = reason;
    if (ended.aborted) return;
    events.onBroken(
      new Tofu3Error("E_SSH", `the connection to worker "${worker}" was lost: ${reason}`, {
        stage: "ssh",
      }),
    );
  });

  async function openOne(signal: AbortSignal): Promise<Lane> {
    const lane = await openLane({ worker, client: connection.client, lost: () => lost }, signal);
    lanes.set(lane, null);
    void lane.gone.then(() => retire(lane));
    return lane;
  }

  function retire(lane: Lane): void {
    lanes.delete(lane);
    tainted ??= lane.fault();
    if (ended.aborted) return;
    if (tainted !== null) events.onBroken(tainted);
    else events.onRoom();
  }

  async function start(signal: AbortSignal): Promise<Lane> {
    for (let tries = 1; ; tries++) {
      try {
        return await openOne(signal);
      } catch (error) {
        if (error instanceof Tofu3Error) throw error;
        signal.throwIfAborted();
        // "open failed": the VM still counts a session that is closing, or allows none.
        if (tries === OPEN_TRIES || lost !== null) throw noShell(worker, error);
        await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** tries));
      }
    }
  }

  async function addOne(): Promise<void> {
    opening++;
    try {
      await within(connectSeconds * 1000, [ended], (limit) => (lanes.size === 0 ? start(limit) : openOne(limit)));
    } catch (error) {
      most = Math.max(1, lanes.size);
      if (lanes.size === 0 && opening === 1 && !ended.aborted)
        events.onBroken(error instanceof Tofu3Error ? error : noShell(worker, error));
    } finally {
      opening--;
    }
    events.onRoom();
  }

  function use(lane: Lane, work: () => Promise<void>): void {
    const done = work().finally(() => {
      if (!lanes.has(lane)) return;
      lanes.set(lane, null);
      events.onRoom();
    });
    lanes.set(lane, done);
  }

  async function endLane(lane: Lane, work: Promise<void> | null): Promise<void> {
    if (work !== null) await settledWithin(RELEASE_MS, work);
    if (lanes.has(lane)) await lane.finish();
  }

  async function close(): Promise<void> {
    const endings = await Promise.allSettled([...lanes].map(([lane, work]) => endLane(lane, work)));
    connection.close();
    const failed = endings.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason as Error;
    if (tainted !== null) throw tainted;
  }

  return {
    start,
    idle: () => [...lanes].find(([lane, work]) => work === null && lane.alive())?.[0] ?? null,
    widen: (works) => {
      while (opening < works && lanes.size + opening < most) void addOne();
    },
    use,
    close,
  };
}
