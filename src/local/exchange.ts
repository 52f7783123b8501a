import { setMaxListeners } from "node:events";
import type { Agent, Dispatcher } from "undici";
import { Tofu3Error, visible } from "../errors.ts";
import { Secret } from "../secret.ts";
import { trimBlanks } from "../http/headers.ts";
import type { Lanes } from "./agent.ts";
import { exchangeFault } from "./faults.ts";
import { createPatience, type Patience } from "./patience.ts";
import { MOST_INTERIM, TOO_MANY_INTERIM, UNASKED_SWITCH } from "../http/strict.ts";
import type { Answer, Query } from "../http/transport.ts";

/** What a receiver can do to the exchange it belongs to. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** Enough was received: the connection is closed and the exchange is over. */
  stop(): void;
  fail(fault: Tofu3Error): void;
}

/** What becomes of an answer. Both may throw a Tofu3Error, which ends the exchange. */
export interface Receiver {
  /** Returns whether the body is wanted as long as it makes progress; if not, it has `idleSeconds` in all. */
  onAnswer(answer: Answer, flow: Flow): boolean;
  onChunk(chunk: Buffer): void;
}

export interface ExchangeOptions {
  readonly lanes: Lanes;
  readonly idleSeconds: number;
  readonly userAgent: string;
  /** Of a proxy that is given the whole URL, as it is for http: URLs and an HTTP proxy; null: it is given the path. */
  readonly absolute: { readonly authorization: Secret | null } | null;
}

/** One exchange on its way: its clocks, its end (which comes once), and undici's handle on it as soon as there is one. */
interface Course extends Flow {
  readonly host: string;
  readonly patience: Patience;
  isOver(): boolean;
  /** The request is on a connection. */
  begin(control: Dispatcher.DispatchController): void;
  complete(): void;
}

/**
 * One request and its answer. Resolves when the body is complete or the receiver had enough; rejects with a Tofu3Error, whose stage is
 * `body` when the answer was received but its body ended early, or at once with the signal's reason. No socket is left behind.
 */
export function exchange(query: Query, options: ExchangeOptions, receiver: Receiver, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const course = createCourse(visible(new URL(query.url).host, 200), options.idleSeconds, signal, (fault) =>
      fault === null ? resolve() : reject(fault),
    );
    const request = requestOf(query, options);
    options.lanes.dispatch(request, handlerOf(course, receiver, options.lanes, request));
  });
}

function createCourse(host: string, idleSeconds: number, signal: AbortSignal, settle: (fault: Error | null) => void): Course {
  let control: Dispatcher.DispatchController | null = null;
  let over = false;
  const end = (fault: Error | null): void => {
    if (over) return;
    over = true;
    patience.end();
    signal.removeEventListener("abort", onAbort);
    settle(fault);
  };
  const abandon = (fault: Error | null): void => {
    end(fault);
    control?.abort(new Error("abandoned"));
  };
  const onAbort = (): void => abandon(signal.reason as Error);
  const patience = createPatience(host, idleSeconds, abandon);
  // one signal stands over any number of exchanges
  setMaxListeners(0, signal);
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    host,
    patience,
    isOver: () => over,
    begin: (given) => {
      control = given;
      if (over) given.abort(new Error("abandoned"));
      else patience.answer();
    },
    pause: () => {
      patience.hold();
      control?.pause();
    },
    resume: () => {
      patience.release();
      control?.resume();
    },
    complete: () => end(null),
    stop: () => abandon(null),
    fail: abandon,
  };
}

function requestOf(query: Query, options: ExchangeOptions): Agent.DispatchOptions {
  const url = new URL(query.url);
  const path = `${url.pathname}${url.search}`;
  const headers = [...query.headers, ["accept-encoding", "identity"] as const, ["user-agent", options.userAgent] as const];
  const { authorization = null } = options.absolute ?? {};
  if (authorization !== null) headers.push(["proxy-authorization", authorization]);
  return {
    origin: url.origin,
    path: options.absolute === null ? path : `${url.origin}${path}`,
    method: query.form === undefined ? "GET" : "POST",
    headers: headers.flatMap(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
    ...(query.form === undefined ? {} : { body: query.form.reveal() }),
  };
}

/** What undici calls. Nothing in it throws: undici would make an uncaught exception of it. */
function handlerOf(course: Course, receiver: Receiver, lanes: Lanes, request: Agent.DispatchOptions): Dispatcher.DispatchHandler {
  let interim = 0;
  let answered = false;
  let counts = true;
  const guarded = (work: () => void): void => {
    if (course.isOver()) return;
    try {
      work();
    } catch (thrown) {
      course.fail(
        thrown instanceof Tofu3Error ? thrown : new Tofu3Error("E_BUG", "a receiver failed", { stage: "http", cause: thrown }),
      );
    }
  };
  return {
    onRequestStart: (control) => {
      lanes.begin(request);
      course.begin(control);
    },
    onResponseStart: (control, status) => {
      guarded(() => {
        if (status < 200) {
          refuseInterim(course.host, status, ++interim);
          return;
        }
        answered = true;
        course.patience.body();
        counts = receiver.onAnswer({ status, headers: headersOf(control.rawHeaders), address: lanes.addressOf(request) }, course);
      });
    },
    onResponseData: (_control, chunk) => {
      guarded(() => {
        if (counts) course.patience.progress(chunk.length);
        receiver.onChunk(chunk);
      });
    },
    onResponseEnd: () => {
      course.patience.end();
      // undici gives the connection free one turn later: who asks for more right away shall get the same one, not a new one
      setImmediate(() => setImmediate(() => course.complete()));
    },
    onResponseError: (_control, error) => guarded(() => course.fail(exchangeFault(course.host, error, answered))),
  };
}

function refuseInterim(host: string, status: number, count: number): void {
  if (status !== 101 && count <= MOST_INTERIM) return;
  throw new Tofu3Error("E_FRAMING", `${host}: ${status === 101 ? UNASKED_SWITCH : TOO_MANY_INTERIM}`, { stage: "http" });
}

/** Bytes that are not ASCII are kept one to one, as Latin-1. RFC 9110 §5.5 */
function headersOf(raw: Dispatcher.DispatchController["rawHeaders"]): Answer["headers"] {
  const texts = Array.isArray(raw) ? raw.map((each) => (typeof each === "string" ? each : each.toString("latin1"))) : [];
  return Array.from({ length: texts.length >> 1 }, (_, index) => [
    (texts[2 * index] ?? "").toLowerCase(),
    trimBlanks(texts[2 * index + 1] ?? ""),
  ]);
}
