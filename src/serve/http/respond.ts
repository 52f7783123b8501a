import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf, Tofu3Error, visible } from "../../errors.ts";
import { COMMON, problemAnswer, refusalAnswer, type Answer } from "./answer.ts";
import { closeAfterBody, objectionTo, unauthorized } from "./guard.ts";
import { grant, type Told } from "./grant.ts";
import { problem, routeOf, type Problem, type Route } from "./route.ts";
import { cut, send } from "./send.ts";
import type { Handler } from "./server.ts";
import type { Service } from "./service.ts";
import { tagsAnswer } from "./tags.ts";

/** Clients of a listener whose requests mean `upstream` unless they name another. */
export function registryHandler(service: Service, upstream: string | null): Handler {
  return async (request, response) => {
    const started = performance.now();
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort(new Tofu3Error("E_INTERRUPTED", "the client went away"));
    });
    const route = routeFor(request, service, upstream);
    const told = await answer(request, response, route, service, gone.signal).catch((error: unknown) => {
      if (!gone.signal.aborted) fail(error, request, response, service);
      return NOTHING;
    });
    // what was handed over whole may wait for a client that takes nothing; once it took all, its idle time counts anew
    if (!response.writableFinished) response.socket?.setTimeout(service.config.limits.idleSeconds * 1000);
    note(request, response, route, told, performance.now() - started, service);
  };
}

const NOTHING: Told = { bytes: 0, verdict: null, end: "" };

function routeFor(request: IncomingMessage, { config }: Service, upstream: string | null): Route {
  const { method = "", url = "" } = request;
  const objection = objectionTo(request, config) ?? unauthorized(request, config) ?? bodyOf(request);
  return objection ?? routeOf(method, url, upstream);
}

/** A request to read with a body is a mistake, or an attempt to hide another request. Its connection is not used again. */
function bodyOf({ headers, method }: IncomingMessage): Problem | null {
  const isRead = method === "GET" || method === "HEAD";
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  return isRead && hasBody ? problem(400, "UNSUPPORTED", "a request to read has no body") : null;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  service: Service,
  signal: AbortSignal,
): Promise<Told> {
  switch (route.kind) {
    case "ping":
      return whole(response, PING);
    case "problem":
      closeAfterBody(request, response);
      return whole(response, problemAnswer(route));
    case "tags": {
      const tags = await service.gate.tags(route.repository, signal);
      return "kind" in tags
        ? whole(response, refusalAnswer(tags, "tags"), tags.verdict)
        : whole(
            response,
            tagsAnswer(route.repository.repository, tags, route.page, request.url ?? "", route.namespace),
          );
    }
    case "wish":
      return grant(request, response, route, service, signal);
  }
}

const PING: Answer = {
  status: 200,
  reason: null,
  headers: { ...COMMON, "Content-Type": "application/json" },
  body: "{}",
};

function whole(response: ServerResponse, told: Answer, verdict: string | null = null): Told {
  send(response, told);
  return { bytes: 0, verdict, end: "" };
}

/** Something here is wrong: whoever runs the gate is told what, and the client that it is not its fault. */
function fail(error: unknown, request: IncomingMessage, response: ServerResponse, { log }: Service): void {
  log("error", `cannot answer ${lineOf(request)}: ${visible(messageOf(error))}`);
  if (response.headersSent) {
    cut(response);
    return;
  }
  const isKnown = error instanceof Tofu3Error && error.code !== "E_BUG";
  const sentence = isKnown ? visible(error.message, 300) : "the gate made a mistake; its log says which";
  send(response, problemAnswer(problem(500, "UNKNOWN", sentence)));
}

function lineOf({ method = "", url = "" }: IncomingMessage): string {
  return `${visible(method, 20)} ${visible(url, 300)}`;
}

function note(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  told: Told,
  milliseconds: number,
  { log, meters, config }: Service,
): void {
  const status = response.headersSent ? response.statusCode : 499;
  const kind = route.kind === "wish" ? route.wish.kind : route.kind;
  meters.request(upstreamOf(route, config), kind, status);
  if (told.bytes > 0) meters.bytes(told.bytes);
  log("info", `${lineOf(request)} ${status}${told.end}`, {
    client: request.socket.remoteAddress ?? null,
    status,
    bytes: told.bytes,
    ms: Math.round(milliseconds),
    verdict: told.verdict,
  });
}

/** A client cannot make labels of its own. */
function upstreamOf(route: Route, { upstreams }: Service["config"]): string {
  const registry =
    route.kind === "wish" ? route.wish.registry : route.kind === "tags" ? route.repository.registry : null;
  return registry !== null && upstreams.has(registry) ? registry : "other";
}
