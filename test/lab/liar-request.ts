import type { Socket } from "node:net";

export interface RawRequest {
  readonly method: string;
  /** Path and query, also where the request line had an absolute form. */
  readonly target: string;
  /** From the request line in absolute form, otherwise from the Host header. */
  readonly host: string;
  /** Names in lower case; of repeated ones all values, joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function parseHead(text: string): Omit<RawRequest, "body"> {
  const [line = "", ...fields] = text.split("\r\n");
  const [method = "", whole = ""] = line.split(" ");
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const [, name = "", value = ""] = /^([^:]*):\s*(.*)$/.exec(field) ?? [];
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  const [, host, target] = /^[a-z]+:\/\/([^/?#]*)(.*)$/i.exec(whole) ?? [];
  return { method, headers, target: (target ?? whole) || "/", host: host ?? headers["host"] ?? "" };
}

/**
 * The requests of one connection, one after the other; ends when the client does, and listens no longer when it is
 * left.
 */
export async function* readRequests(socket: Socket): AsyncGenerator<RawRequest> {
  let bytes = Buffer.alloc(0);
  let over = false as boolean;
  let wake: (() => void) | null = null;
  const take = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    wake?.();
  };
  const stop = (): void => {
    over = true;
    wake?.();
  };
  socket.on("data", take).on("end", stop).on("close", stop);
  try {
    for (;;) {
      const end = bytes.indexOf("\r\n\r\n");
      const head = end === -1 ? null : parseHead(bytes.subarray(0, end).toString("latin1"));
      const length = end + 4 + Number(head?.headers["content-length"] ?? 0);
      if (head !== null && bytes.length >= length) {
        const body = bytes.subarray(end + 4, length).toString("utf8");
        bytes = bytes.subarray(length);
        yield { ...head, body };
      } else if (over) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    socket.off("data", take).off("end", stop).off("close", stop);
  }
}
