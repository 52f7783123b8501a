import { messageOf, Tofu3Error, visible } from "../errors.ts";
import { NOT_A_WORKER } from "./connection/faults.ts";
import type { GreetingTimes } from "./facts.ts";
import type { JobReply } from "./script/reply.ts";
import { COMMAND } from "./script/script.ts";
import { Shell, type ShellSurroundings } from "./shell.ts";

const OPEN_TRIES = 6;
const FIRST_WAIT_MS = 50;

/** A shell, and what the script said about the VM when it started. */
export interface Greeted {
  readonly shell: Shell;
  readonly greeting: JobReply;
  readonly times: GreetingTimes;
}

/**
 * Attaches the channel's listeners before the next packet is handled: a shell that ends at once has sent its exit
 * status by then.
 */
function openChannel(surroundings: ShellSurroundings, signal: AbortSignal): Promise<Shell> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    surroundings.client.exec(COMMAND, (error, channel) => {
      signal.removeEventListener("abort", onAbort);
      if (error) reject(error);
      else if (signal.aborted) channel.on("error", () => undefined).close();
      else resolve(new Shell(surroundings, channel));
    });
  });
}

/**
 * Opens a shell on the VM and waits until the script has started. Rejects with the raw ssh2 error if no channel can be
 * opened.
 */
export async function openShell(surroundings: ShellSurroundings, signal: AbortSignal): Promise<Greeted> {
  const shell = await openChannel(surroundings, signal);
  const sentAt = Date.now();
  try {
    const greeting = await shell.run({ lines: [shell.nonce], mostBytes: 0 }, signal);
    return { shell, greeting, times: { sentAt, receivedAt: Date.now() } };
  } catch (error) {
    const inTime = !(error instanceof DOMException && error.name === "TimeoutError");
    const said = shell.said();
    if (inTime || said === "") throw error;
    const message = `worker "${surroundings.worker}" lets us in and does not run the worker script${said}`;
    throw new Tofu3Error("E_VM_REPLY", message, { stage: "ssh", hint: NOT_A_WORKER, cause: error });
  }
}

/** E_SSH */
export function noShell(worker: string, cause: unknown): Tofu3Error {
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
