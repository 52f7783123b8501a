import { connect as connectTcp, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { messageOf, visible } from "../../errors.ts";
import { unreachable, wordsFor } from "./faults.ts";
import type { SshTarget } from "./target.ts";

/**
 * ssh2 leaves Nagle's algorithm on, which costs a round trip per small packet; hence a socket of our own. Rejects with
 * E_SSH.
 */
export async function openSocket(target: SshTarget, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host: target.host, port: target.port, noDelay: true });
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await new Promise<Socket>((resolve, reject) => {
      socket.once("connect", () => resolve(socket));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("it does not answer")));
    });
  } catch (error) {
    socket.destroy();
    throw unreachable(target, signal.aborted ? "it does not answer in time" : wordsFor(error), error);
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.on("error", () => undefined);
  }
}

/**
 * A connection to `target` through the jump host, RFC 4254 §7.2. Rejects with E_SSH; an abort does not withdraw the
 * request.
 */
export function openForward(jump: Client, jumpHost: string, target: SshTarget, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void =>
      reject(unreachable(target, `the jump host ${jumpHost} does not answer in time`, signal.reason));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    jump.forwardOut("127.0.0.1", 0, target.host, target.port, (error, stream) => {
      signal.removeEventListener("abort", onAbort);
      if (error)
        reject(
          unreachable(
            target,
            `the jump host ${jumpHost} cannot connect to it (${visible(messageOf(error), 200)})`,
            error,
          ),
        );
      else resolve(stream.on("error", () => undefined));
    });
  });
}
