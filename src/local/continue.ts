import type { Socket } from "node:net";

/** Sits between a connection and undici. */
export interface Interim {
  /** A request goes out: what is read next is the head of its answer. */
  expect(): void;
  /** HTTP version of the last final status line, `1.1`; null if there was none. */
  version(): string | null;
}

/** `HTTP/1.1 100` */
const STATUS_LENGTH = 12;
const THREE = 0x33;

/**
 * undici rejects `100 Continue`, but RFC 9110 §15.2 requires a client to accept it and wait for the answer. This
 * rewrites each 100 to 103 as it is read, so that it counts as one of the bounded interim answers. Does not look past
 * the final status line.
 */
export function tolerateContinue(socket: Socket): Interim {
  const read = socket.read.bind(socket);
  let expecting = false;
  let status = "";
  let version: string | null = null;
  let tail = "";

  function look(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && expecting; at++) {
      const letter = bytes.toString("latin1", at, at + 1);
      if (status.length < STATUS_LENGTH) {
        status += letter;
        if (status.length < STATUS_LENGTH) continue;
        expecting = status.startsWith("HTTP/1.") && status.startsWith(" 1", 8);
        if (!expecting && status.startsWith("HTTP/")) version = status.slice(5, 8);
        if (status.endsWith(" 100")) bytes[at] = THREE;
      } else {
        tail = `${tail}${letter}`.slice(-4);
        if (tail === "\r\n\r\n") status = tail = "";
      }
    }
  }

  socket.read = (size) => {
    const bytes: unknown = read(size);
    if (Buffer.isBuffer(bytes)) look(bytes);
    return bytes;
  };
  return {
    expect: () => {
      expecting = true;
      status = tail = "";
    },
    version: () => version,
  };
}
