import type { Socket } from "node:net";

/** One answer, as it goes over the wire. */
export interface Scripted {
  /** 200 */
  readonly status?: number;
  /** In this order, in this spelling; pairs where a name repeats. `Content-Length` is added as `length` says. */
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly body?: Uint8Array | string;
  /** What is said about the length of the body: what it is (default), another number, `chunked`, or nothing at all. */
  readonly length?: number | "chunked" | "none";
  /** Instead of all of the above: these bytes, the status line included. */
  readonly raw?: Uint8Array | string;
  /** How many bytes of the body (of `raw`: of all) are sent; -1: not even the headers. */
  readonly cutAt?: number;
  /**
   * What comes after them: `keep` the connection for the next request (default), end it, reset it, or say nothing for
   * ever.
   */
  readonly then?: "keep" | "fin" | "rst" | "stall";
  /** So many bytes at a time, with a pause after each. */
  readonly drip?: { readonly bytes: number; readonly everyMs: number };
  /** The body again and again until the client leaves. */
  readonly endless?: boolean;
  /** Before the first byte. */
  readonly delayMs?: number;
}

const PIECE = 64 * 1024;

function pause(socket: Socket, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      socket.off("close", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    socket.once("close", over);
  });
}

/** False when the client has left. */
async function push(socket: Socket, bytes: Uint8Array): Promise<boolean> {
  if (socket.destroyed || !socket.writable) return false;
  if (socket.write(bytes)) return true;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      socket.off("drain", go).off("close", go);
      resolve();
    };
    socket.once("drain", go).once("close", go);
  });
  return !socket.destroyed;
}

function headOf(answer: Scripted, body: Buffer): Buffer {
  const given = Object.entries(answer.headers ?? {});
  const headers = Array.isArray(answer.headers) ? (answer.headers as [string, string][]) : given;
  const length = answer.length ?? body.length;
  const said =
    length === "none"
      ? []
      : length === "chunked"
        ? [["Transfer-Encoding", "chunked"]]
        : [["Content-Length", String(length)]];
  const lines = [...headers, ...said].map((pair) => `${pair.join(": ")}\r\n`);
  return Buffer.from(`HTTP/1.1 ${answer.status ?? 200} Scripted\r\n${lines.join("")}\r\n`, "latin1");
}

/** The body piece by piece, with the framing that the answer asks for. */
function* piecesOf(answer: Scripted, bytes: Buffer): Generator<{ wire: Buffer; payload: number }> {
  const chunked = answer.length === "chunked" && answer.raw === undefined;
  const limit = answer.cutAt ?? (answer.endless === true ? Infinity : bytes.length);
  const step = answer.drip?.bytes ?? PIECE;
  let sent = 0;
  while (sent < limit && bytes.length > 0) {
    const at = sent % bytes.length;
    const piece = bytes.subarray(at, Math.min(at + step, bytes.length, at + limit - sent));
    sent += piece.length;
    const wire = chunked
      ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")])
      : piece;
    yield { wire, payload: piece.length };
  }
  if (chunked && answer.cutAt === undefined) yield { wire: Buffer.from("0\r\n\r\n"), payload: 0 };
}

/** Sends the answer; says whether the connection serves on, has ended, or the client went away before its end. */
export async function writeAnswer(
  socket: Socket,
  answer: Scripted,
  headOnly: boolean,
  onSent: (bytes: number) => void,
): Promise<"keep" | "ended" | "left"> {
  if (answer.delayMs !== undefined) await pause(socket, answer.delayMs);
  const bytes = Buffer.from(answer.raw ?? answer.body ?? "");
  const silent = answer.cutAt === -1;
  if (!silent && answer.raw === undefined && !(await push(socket, headOf(answer, bytes)))) return "left";
  if (!silent && !headOnly) {
    for (const { wire, payload } of piecesOf(answer, bytes)) {
      if (!(await push(socket, wire))) return "left";
      onSent(payload);
      if (answer.drip !== undefined) await pause(socket, answer.drip.everyMs);
    }
  }
  if (answer.then === "stall") {
    await new Promise((resolve) => socket.once("close", resolve));
    return "left";
  }
  if (answer.then === "rst") {
    // what was sent before must have been read: a reset may overtake it
    await pause(socket, 50);
    socket.resetAndDestroy();
    return "ended";
  }
  if (answer.then !== "fin" && answer.length !== "none" && answer.raw === undefined)
    return socket.destroyed ? "left" : "keep";
  socket.end();
  return "ended";
}
