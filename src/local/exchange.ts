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

/** A receiver's controls over its exchange. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** The receiver has enough: closes the connection and ends the exchange. */
  stop(): void;
  fail(fault: Tofu3Error): void;
}

/** Consumes an answer. Both methods may throw a Tofu3Error, which ends the exchange. */
export interface Receiver {
  /** Returns true to read the body for as long as it makes progress, false to allow it `idleSeconds` in total. */
  onAnswer(answer: Answer, flow: Flow): boolean;
  onChunk(chunk: Buffer): void;
}

export interface ExchangeOptions {
  readonly lanes: Lanes;
  readonly idleSeconds: number;
  readonly userAgent: string;
  /** For a proxy that takes the whole URL (an HTTP proxy and an http: URL); null to send the path only. */
  readonly absolute: { readonly authorization: Secret | null } | null;
}

/** One exchange in progress: its timers, its end (exactly one), and undici's controller once there is one. */
interface Course extends Flow {
  readonly host: string;
  readonly patience: Patience;
  isOver(): boolean;
  /** The request has a connection. */
  begin(control: Dispatcher.DispatchController): void;
  complete(): void;
}

/**
 * One request and its answer. Resolves when the body is complete or the receiver has enough. Rejects with a Tofu3Error,
 * with stage `body` if the body of a received answer ended early, or at once with the signal's reason. Leaves no socket
 * behind.
 */
export function exchange(
  query: Query,
  options: ExchangeOptions,
  receiver: Receiver,
  signal: AbortSignal,
): Promise<void> {
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

function createCourse(
  host: string,
  idleSeconds: number,
  signal: AbortSignal,
  settle: (fault: Error | null) => void,
): Course {
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
  // any number of exchanges may share one signal
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
  const headers = [
    ...query.headers,
    ["accept-encoding", "identity"] as const,
    ["user-agent", options.userAgent] as const,
  ];
  const { authorization = null } = options.absolute ?? {};
  if (authorization !== null) headers.push(["proxy-authorization", authorization]);
  return {
    origin: url.origin,
    path: options.absolute === null ? path : `${url.origin}${path}`,
    method: query.method ?? (query.form === undefined ? "GET" : "POST"),
    headers: headers.flatMap(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
    ...(query.form === undefined ? {} : { body: query.form.reveal() }),
    // undici would close the connection, lest a body follow that should not: `Ground` has connections for HEAD alone
    ...(query.method === "HEAD" ? { reset: false } : {}),
  };
}

/** The callbacks for undici. None of them throws: undici would turn that into an uncaught exception. */
function handlerOf(
  course: Course,
  receiver: Receiver,
  lanes: Lanes,
  request: Agent.DispatchOptions,
): Dispatcher.DispatchHandler {
  let interim = 0;
  let answered = false;
  let counts = true;
  const guarded = (work: () => void): void => {
    if (course.isOver()) return;
    try {
      work();
    } catch (thrown) {
      course.fail(
        thrown instanceof Tofu3Error
          ? thrown
          : new Tofu3Error("E_BUG", "a receiver failed", { stage: "http", cause: thrown }),
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
        counts = receiver.onAnswer({ status, headers: headersOf(control.rawHeaders), ...lanes.wayOf(request) }, course);
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
      // undici frees the connection one turn later; a request that follows at once should reuse it
      setImmediate(() => setImmediate(() => course.complete()));
    },
    onResponseError: (_control, error) => guarded(() => course.fail(exchangeFault(course.host, error, answered))),
  };
}

function refuseInterim(host: string, status: number, count: number): void {
  if (status !== 101 && count <= MOST_INTERIM) return;
  throw new Tofu3Error("E_FRAMING", `${host}: ${status === 101 ? UNASKED_SWITCH : TOO_MANY_INTERIM}`, {
    stage: "http",
  });
}

/** Keeps non-ASCII bytes one to one, as Latin-1. RFC 9110 §5.5 */
function headersOf(raw: Dispatcher.DispatchController["rawHeaders"]): Answer["headers"] {
  const texts = Array.isArray(raw)
    ? raw.map((each) => (typeof each === "string" ? each : each.toString("latin1")))
    : [];
  return Array.from({ length: texts.length >> 1 }, (_, index) => [
    (texts[2 * index] ?? "").toLowerCase(),
    trimBlanks(texts[2 * index + 1] ?? ""),
  ]);
}
