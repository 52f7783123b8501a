import { within } from "../http/deadline.ts";
import { lookupAll } from "./connect.ts";
import { dialOne } from "./dial.ts";
import { codeOf, dialReason } from "./faults.ts";

/**
 * Why this machine cannot open a TCP connection there, in words; null if it can (it closes the connection at once).
 * Rejects with the reason of `signal`.
 */
export async function refusalFromHere(
  host: string,
  port: number,
  seconds: number,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const socket = await within(seconds * 1000, [signal], async (limit) =>
      dialOne(host, port, await lookupAll(host), limit),
    );
    socket.destroy();
    return null;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DOMException && error.name === "TimeoutError") return `no connection within ${seconds} s`;
    return codeOf(error) === "ENOTFOUND" ? "there is no such name" : dialReason(error);
  }
}
