import type { ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import type { Answer } from "./answer.ts";

/** Sends an answer whole; of one to HEAD, the headers. */
export function send(response: ServerResponse, { status, reason, headers, body }: Answer): void {
  const bytes = Buffer.from(body);
  writeHead(response, status, reason, { ...headers, "Content-Length": bytes.length });
  response.end(bytes);
}

export function writeHead(
  response: ServerResponse,
  status: number,
  reason: string | null,
  headers: Readonly<Record<string, string | number | readonly string[]>>,
): void {
  const fields: Record<string, string | number | string[]> = {};
  for (const [name, value] of Object.entries(headers)) fields[name] = typeof value === "object" ? [...value] : value;
  if (reason === null) response.writeHead(status, fields);
  else response.writeHead(status, reason, fields);
}

/** Ends the connection so that nobody takes what was sent for the whole: over TCP, by a reset. */
export function cut(response: ServerResponse): void {
  const { socket } = response;
  if (socket === null || socket.destroyed) return;
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
