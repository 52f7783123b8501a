import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf, visible } from "../../errors.ts";
import { policyOf } from "../../report/html/document.ts";
import { STYLE } from "../../report/html/style.ts";
import { renderJson } from "../../report/json.ts";
import { problemAnswer, type Answer } from "./answer.ts";
import { closeAfterBody, objectionTo, unauthorized } from "./guard.ts";
import type { Metrics } from "./metrics.ts";
import { renderOverview, renderVerdict } from "./page.ts";
import type { Readiness } from "./readiness.ts";
import type { Service } from "./service.ts";
import { problem } from "./route.ts";
import { cut, send } from "./send.ts";
import type { Connections, Handler } from "./server.ts";

export interface Admin extends Service {
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly connections: Connections;
  readonly version: string;
}

const SHOWN_VERDICTS = 50;
const MOST_ID = 200;

/** Health, metrics and verdicts, on a listener of their own. Probes bring no credentials: they are told yes or no. */
export function adminHandler(admin: Admin): Handler {
  return async (request, response) => {
    const told = await adminAnswer(request, admin).catch((error: unknown) => {
      admin.log("error", `cannot answer the admin request: ${visible(messageOf(error))}`);
      return problemAnswer(problem(500, "UNKNOWN", "the gate made a mistake; its log says which"));
    });
    finish(request, response, told);
  };
}

function finish(request: IncomingMessage, response: ServerResponse, told: Answer): void {
  closeAfterBody(request, response);
  if (response.destroyed) cut(response);
  else send(response, told);
}

async function adminAnswer(request: IncomingMessage, admin: Admin): Promise<Answer> {
  const objection = objectionTo(request, admin.config);
  if (objection !== null) return problemAnswer(objection);
  if (request.method !== "GET" && request.method !== "HEAD")
    return problemAnswer(problem(405, "UNSUPPORTED", "only GET and HEAD are supported here"));
  const [pathname = ""] = (request.url ?? "").split("?", 1);
  const stranger = unauthorized(request, admin.config);
  if (pathname === "/healthz") return text(200, "ok\n");
  if (pathname === "/readyz") return readiness(admin, stranger === null);
  if (stranger !== null) return problemAnswer(stranger);
  if (pathname === "/metrics") return metricsAnswer(admin);
  if (pathname === "/") return overview(admin);
  const [, id] = /^\/verdicts\/([^/]+)$/.exec(pathname) ?? [];
  return id === undefined || id.length > MOST_ID ? NOTHING : verdictAnswer(id, request.headers.accept ?? "", admin);
}

const NOTHING = problemAnswer(
  problem(404, "UNSUPPORTED", "there are /, /healthz, /readyz, /metrics and /verdicts/ID here"),
);

async function readiness({ readiness: state }: Admin, isKnown: boolean): Promise<Answer> {
  const reasons = await state.reasons();
  if (reasons.length === 0) return text(200, "ready\n");
  return text(503, isKnown ? `not ready\n${reasons.map((each) => `${each}\n`).join("")}` : "not ready\n");
}

async function metricsAnswer({ metrics, gate, store, readiness: state, connections }: Admin): Promise<Answer> {
  const flights = gate.flights();
  const queued = flights.filter(({ isQueued }) => isQueued).length;
  const body = await metrics.render({
    flights: flights.length - queued,
    queued,
    holds: (await store.holds()).length,
    connections: connections.open.size,
    storeBytes: store.bytes,
    workers: state.workers(),
  });
  return { ...text(200, body), headers: { ...PLAIN_HEADERS, "Content-Type": metrics.contentType } };
}

async function overview({ gate, store, readiness: state, version }: Admin): Promise<Answer> {
  const [reasons, holds, verdicts] = await Promise.all([
    state.reasons(),
    store.holds(),
    store.verdicts(SHOWN_VERDICTS),
  ]);
  return html(renderOverview({ version, reasons, holds, verdicts, flights: gate.flights() }));
}

/** As a page, or as the object of `--json`. */
async function verdictAnswer(name: string, accept: string, { store }: Admin): Promise<Answer> {
  const isFile = name.endsWith(".json");
  const id = isFile ? name.slice(0, -".json".length) : name;
  const evidence = /^[A-Za-z0-9._-]+$/.test(id) ? await store.verdict(id) : null;
  if (evidence === null) return problemAnswer(problem(404, "UNSUPPORTED", "there is no such verdict any more"));
  if (!isFile && !/\bapplication\/json\b/.test(accept)) return html(renderVerdict(id, evidence));
  return { ...text(200, renderJson(evidence)), headers: { ...PLAIN_HEADERS, "Content-Type": "application/json" } };
}

const PLAIN_HEADERS = {
  "Content-Type": "text/plain; charset=utf-8",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
} as const;

function text(status: number, body: string): Answer {
  return { status, reason: null, headers: PLAIN_HEADERS, body };
}

function html(body: string): Answer {
  const headers = {
    ...PLAIN_HEADERS,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": `${policyOf(STYLE).toString()}; frame-ancestors 'none'`,
    "Referrer-Policy": "no-referrer",
  };
  return { status: 200, reason: null, headers, body };
}
