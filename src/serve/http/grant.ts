import type { IncomingMessage, ServerResponse } from "node:http";
import type { Granted, Refused, Stored, Withheld } from "../../model/gate.ts";
import { orAborted } from "../../http/deadline.ts";
import { COMMON, etagOf, isUnchanged, objectHeaders, refusalAnswer, type Answer } from "./answer.ts";
import { pour } from "./pour.ts";
import { spanOf } from "./range.ts";
import type { Service } from "./service.ts";
import type { Route } from "./route.ts";
import { cut, send, writeHead } from "./send.ts";

/** How a request ended, for the log. */
export interface Told {
  /** Of an object's own. */
  readonly bytes: number;
  readonly verdict: string | null;
  /** Empty, or why it ended before its end: ` cut off: …` */
  readonly end: string;
}

type WishRoute = Extract<Route, { kind: "wish" }>;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: WishRoute;
  readonly service: Service;
  readonly signal: AbortSignal;
}

/** What was evicted or damaged between the ruling and the reading is asked for again, once. */
const TRIES = 2;

/** Answers what the gate rules, from the store. Rejects with the reason of `signal`, and for what is wrong here. */
export async function grant(
  request: IncomingMessage,
  response: ServerResponse,
  route: WishRoute,
  service: Service,
  signal: AbortSignal,
): Promise<Told> {
  const exchange: Exchange = { request, response, route, service, signal };
  const method = request.method === "HEAD" ? "HEAD" : "GET";
  for (let tries = 0; tries < TRIES; tries++) {
    const ruling = await service.gate.rule(route.wish, method, signal);
    if (ruling.kind === "refused") return refuse(exchange, ruling);
    const told = await (ruling.kind === "withheld" ? withhold(exchange, ruling) : give(exchange, ruling));
    if (told !== null) return told;
  }
  return refuse(exchange, GONE);
}

const GONE: Refused = {
  kind: "refused",
  why: "broken",
  sentence: "it was agreed on, but it is not in the store any more",
  verdict: null,
  retryAfter: 1,
};

function refuse({ response, route }: Exchange, refused: Refused): Told {
  send(response, refusalAnswer(refused, route.wish.kind));
  return { bytes: 0, verdict: refused.verdict, end: "" };
}

/** Null if it is not in the store after all; then nothing was sent. */
async function give(exchange: Exchange, { object, notices }: Granted): Promise<Told | null> {
  const { request, response, route } = exchange;
  const headers = objectHeaders(object, notices, route.namespace);
  const { verdict } = object;
  if (isUnchanged(request.headers["if-none-match"], object.digest)) {
    writeHead(response, 304, null, headers);
    response.end();
    return { bytes: 0, verdict, end: "" };
  }
  if (request.method === "HEAD") {
    writeHead(response, 200, null, { ...headers, "Content-Length": object.size });
    response.end();
    return { bytes: 0, verdict, end: "" };
  }
  return object.kind === "manifest" ? giveDocument(exchange, object, headers) : giveBlob(exchange, object, headers);
}

type Headers = ReturnType<typeof objectHeaders>;

async function giveDocument(exchange: Exchange, object: Stored, headers: Headers): Promise<Told | null> {
  const { response, route, service, signal } = exchange;
  const bytes = await service.store.read(route.wish, object.digest, signal);
  if (bytes === null) return null;
  writeHead(response, 200, null, { ...headers, "Content-Length": bytes.length });
  response.end(bytes);
  return { bytes: bytes.length, verdict: object.verdict, end: "" };
}

async function giveBlob(exchange: Exchange, object: Stored, headers: Headers): Promise<Told | null> {
  const { response, route, service, signal } = exchange;
  const piece = pieceOf(exchange, object);
  if (piece === null) return unsatisfiable(exchange, object);
  const reading = await service.store.open(route.wish, object.digest, signal);
  if (reading === null) return null;
  try {
    writeHead(response, piece.status, null, { ...headers, ...piece.headers });
    await stream(exchange, reading.handle, piece);
  } finally {
    await reading.close();
  }
  return { bytes: piece.length, verdict: object.verdict, end: "" };
}

interface Piece {
  readonly status: 200 | 206;
  readonly first: number;
  readonly length: number;
  readonly headers: Headers;
}

/** Null for a range of which there is nothing. */
function pieceOf({ request }: Exchange, { digest, size }: Pick<Stored, "digest" | "size">): Piece | null {
  const { range, "if-range": ifRange } = request.headers;
  const span = spanOf(range, typeof ifRange === "string" ? ifRange : undefined, etagOf(digest), size);
  switch (span.kind) {
    case "unsatisfiable":
      return null;
    case "whole":
      return { status: 200, first: 0, length: size, headers: { "Content-Length": size } };
    case "part": {
      const { first, last } = span;
      const length = last - first + 1;
      const headers = { "Content-Length": length, "Content-Range": `bytes ${first}-${last}/${size}` };
      return { status: 206, first, length, headers };
    }
  }
}

/** RFC 9110 §15.5.17 */
function unsatisfiable({ response }: Exchange, { size }: Pick<Stored, "size">): Told {
  const message = `it has ${size} bytes, and the range begins after them`;
  const answer: Answer = {
    status: 416,
    reason: null,
    headers: { ...COMMON, "Content-Type": "application/json", "Content-Range": `bytes */${size}` },
    body: `${JSON.stringify({ errors: [{ code: "SIZE_INVALID", message, detail: null }] })}\n`,
  };
  send(response, answer);
  return { bytes: 0, verdict: null, end: "" };
}

/** Whoever takes no byte for `idleSeconds` loses the connection. */
async function stream(exchange: Exchange, handle: Parameters<typeof pour>[0], piece: Piece): Promise<void> {
  const { response, service, signal } = exchange;
  const { socket } = response;
  // without a listener for it, node:http ends the connection
  socket?.setTimeout(service.config.limits.idleSeconds * 1000);
  await pour(handle, piece, response, signal);
  socket?.setTimeout(0);
  response.end();
}

/**
 * To a GET: the headers at once, so that no client gives up; no byte before all vantages agreed on them; a reset if they do not.
 */
async function withhold(exchange: Exchange, withheld: Withheld): Promise<Told | null> {
  const { response, route, service, signal } = exchange;
  const { digest } = withheld;
  const headers = objectHeaders({ kind: "blob", digest, mediaType: "" }, [], route.namespace);
  const piece = pieceOf(exchange, withheld);
  if (piece === null) return unsatisfiable(exchange, withheld);
  writeHead(response, piece.status, null, { ...headers, ...piece.headers });
  response.flushHeaders();
  const ruling = await orAborted(withheld.verdict, signal);
  const reading = ruling.kind === "granted" ? await service.store.open(route.wish, digest, signal) : null;
  if (reading === null) {
    cut(response);
    const { verdict, sentence } = ruling.kind === "refused" ? ruling : GONE;
    return { bytes: 0, verdict, end: ` cut off: ${sentence}` };
  }
  try {
    await stream(exchange, reading.handle, piece);
  } finally {
    await reading.close();
  }
  return { bytes: piece.length, verdict: reading.object.verdict, end: "" };
}
