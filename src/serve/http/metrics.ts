import { memoryUsage } from "node:process";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Meters } from "../meters.ts";

/** What is looked up whenever somebody asks for the metrics. */
export interface Levels {
  readonly flights: number;
  readonly queued: number;
  readonly holds: number;
  readonly connections: number;
  readonly storeBytes: number;
  /** By worker, whether it answered lately. */
  readonly workers: ReadonlyMap<string, boolean>;
}

export interface Metrics {
  readonly meters: Meters;
  readonly contentType: string;
  /** The text format of Prometheus. */
  render(levels: Levels): Promise<string>;
}

/** Seconds: from a small document on a near registry to a large layer on a slow vantage. */
const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640, 1280];

/** Counts in a registry of its own; prom-client's global one stays empty. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "tofu3_requests_total",
    help: "Requests answered, by upstream, kind of what was asked for, and status; 499: the client went away.",
    labelNames: ["upstream", "kind", "code"] as const,
    registers,
  });
  const verdicts = new Counter({
    name: "tofu3_verdicts_total",
    help: "Flights that ended, by outcome.",
    labelNames: ["outcome"] as const,
    registers,
  });
  const seconds = new Histogram({
    name: "tofu3_verdict_seconds",
    help: "From the start of a flight to its verdict.",
    buckets: SECONDS,
    registers,
  });
  const stale = new Counter({
    name: "tofu3_stale_served_total",
    help: "Answers from an earlier agreement, because vantages did not answer.",
    labelNames: ["upstream"] as const,
    registers,
  });
  const bytes = new Counter({ name: "tofu3_bytes_total", help: "Bytes of objects given to clients.", registers });
  const render = gauges(registry);
  return {
    meters: {
      request: (upstream, kind, code) => requests.inc({ upstream, kind, code }),
      verdict: (outcome, took) => {
        verdicts.inc({ outcome });
        seconds.observe(took);
      },
      stale: (upstream) => stale.inc({ upstream }),
      bytes: (count) => bytes.inc(count),
    },
    contentType: registry.contentType,
    render,
  };
}

function gauges(registry: Registry): Metrics["render"] {
  const registers = [registry];
  const flights = new Gauge({
    name: "tofu3_flights",
    help: "Questions to the vantages, under way and waiting for their turn.",
    labelNames: ["state"] as const,
    registers,
  });
  const holds = new Gauge({ name: "tofu3_holds", help: "References on hold.", registers });
  const connections = new Gauge({ name: "tofu3_connections", help: "Open connections of clients.", registers });
  const store = new Gauge({ name: "tofu3_store_bytes", help: "Bytes in the store.", registers });
  const memory = new Gauge({ name: "process_resident_memory_bytes", help: "Resident memory in bytes.", registers });
  const workers = new Gauge({
    name: "tofu3_worker_up",
    help: "Whether the worker answered lately.",
    labelNames: ["worker"] as const,
    registers,
  });
  return async (levels) => {
    flights.set({ state: "running" }, levels.flights);
    flights.set({ state: "queued" }, levels.queued);
    holds.set(levels.holds);
    connections.set(levels.connections);
    store.set(levels.storeBytes);
    memory.set(memoryUsage.rss());
    for (const [worker, isUp] of levels.workers) workers.set({ worker }, isUp ? 1 : 0);
    return registry.metrics();
  };
}
