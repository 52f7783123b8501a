import { pid } from "node:process";
import { readPem } from "../config/registries.ts";
import { checkExposure, type ServeConfig } from "../config/serve.ts";
import { storePlace } from "../config/state.ts";
import type { GateVantages } from "../coordinator/gate/ask.ts";
import { createGateVantages } from "../coordinator/gate/vantages.ts";
import type { Runtime } from "../coordinator/runtime.ts";
import { Tofu3Error } from "../errors.ts";
import { withPort } from "../http/address.ts";
import { watchArmed } from "./clients/armed.ts";
import { createGate } from "./gate/create.ts";
import { adminHandler } from "./http/admin.ts";
import { createMetrics } from "./http/metrics.ts";
import { watchReadiness } from "./http/readiness.ts";
import { registryHandler } from "./http/respond.ts";
import type { Service } from "./http/service.ts";
import { listen, type Connections, type Listening, type TlsFiles } from "./http/server.ts";
import { notify } from "./notify.ts";
import { placesOf, type Place } from "./sockets.ts";
import { openStore } from "./store/open.ts";

/** Ends in the reverse order of beginning, whatever fails. */
type Closing = (() => Promise<unknown>)[];

/**
 * Runs the gate until `signal`, then takes no more requests, and ends what is under way for up to
 * `serve.limits.drainSeconds`. `tell` gets a line for each listener once all of them listen. Throws E_CONFIG
 * and what the vantages cannot be opened for.
 */
export async function serve(runtime: Runtime, tell: (line: string) => void, signal: AbortSignal): Promise<void> {
  const { serve: config } = runtime.config;
  checkConfig(config);
  const places = placesOf(config, runtime.env, pid);
  const closing: Closing = [];
  try {
    const tls = await readTls(config);
    const open = await openService(runtime, closing);
    const listening = await listenOn(places, tls, open, closing);
    for (const [index, { host, port }] of listening.entries())
      tell(`listening on ${addressText(host, port, places[index])}`);
    const warn = (text: string): void => runtime.log("warn", text);
    await notify("READY=1", runtime.env, warn);
    await aborted(signal);
    await notify("STOPPING=1", runtime.env, warn);
    await drain(listening, config, tell);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

function checkConfig(config: ServeConfig): void {
  checkExposure(config);
  if (config.upstreams.size === 0)
    throw new Tofu3Error("E_CONFIG", "serve.upstreams names no registry: there is nobody to ask", {
      hint: 'serve: { upstreams: [docker.io, ghcr.io] }, or "--upstream docker.io"',
    });
}

async function readTls({ tls, auth }: ServeConfig): Promise<TlsFiles | null> {
  if (tls === null) return null;
  const clientCa = auth?.clientCa ?? null;
  return {
    certificate: await readPem(tls.certificate, "the certificate"),
    key: await readPem(tls.key, "its key"),
    clientCa: clientCa === null ? null : await readPem(clientCa, "the authorities of clients"),
  };
}

interface Opened extends Service {
  readonly vantages: GateVantages;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly runtime: Runtime;
}

/** Store, vantages and gate, in this order; all of them outlive `signal`, for the answers under way. */
async function openService(runtime: Runtime, closing: Closing): Promise<Opened> {
  const { config: all, now, log } = runtime;
  const config = all.serve;
  const { maxBytes, minFreeBytes } = config;
  const warn = (text: string): void => log("warn", text);
  const options = { maxBytes, minFreeBytes, warn, now };
  const store = await openStore(storePlace(config, runtime), options).catch((error: unknown) => {
    // before anything was served it is the configuration that is wrong
    if (!(error instanceof Tofu3Error) || error.code !== "E_STORE") throw error;
    throw new Tofu3Error("E_CONFIG", error.message, { hint: error.hint ?? undefined, cause: error });
  });
  closing.push(() => store.close());
  const ending = new AbortController();
  const place = { folder: store.folder, shelf: store.shelf, withCredentials: config.upstreamCredentials };
  const vantages = await createGateVantages(runtime, place, ending.signal);
  closing.push(() => vantages.close());
  const armory = watchArmed(store.folder, now);
  closing.push(() => armory.close());
  const metrics = createMetrics();
  const { meters } = metrics;
  const gate = createGate({
    config,
    store,
    vantages,
    meters,
    log,
    now,
    armed: (wish) => {
      const refusal = armory.refusalFor(wish, "tag" in wish ? wish.tag : wish.digest);
      refusal?.seen();
      return refusal?.sentence ?? null;
    },
  });
  closing.push(() => gate.close());
  return { gate, store, meters, config, log, vantages, metrics, runtime };
}

async function listenOn(
  places: readonly Place[],
  tls: TlsFiles | null,
  opened: Opened,
  closing: Closing,
): Promise<readonly Listening[]> {
  const { config, vantages, store, runtime } = opened;
  const connections: Connections = { open: new Set(), most: config.limits.connections };
  const options = { tls, limits: config.limits, connections };
  const listening: Listening[] = [];
  closing.push(() => Promise.all(listening.map((each) => each.close(AbortSignal.abort()))));
  for (const { address, role, fd } of places) {
    const place = { host: address.host, port: address.port, fd };
    if (role === "registry") listening.push(await listen(place, registryHandler(opened, address.upstream), options));
    else {
      const readiness = watchReadiness({
        vantages,
        folder: store.folder,
        minFreeBytes: config.minFreeBytes,
        clock: () => performance.now(),
      });
      closing.push(() => readiness.close());
      const admin = { ...opened, readiness, connections, version: runtime.version };
      listening.push(await listen(place, adminHandler(admin), options));
    }
  }
  // an inherited socket may be another one than the configuration says
  const actual = listening.map(({ host, port }) => ({ host, port, upstream: null }));
  checkExposure({ ...config, listen: actual, admin: null });
  return listening;
}

function addressText(host: string, port: number, place: Place | undefined): string {
  const address = withPort(host, port);
  const purpose = place?.role === "admin" ? "admin" : (place?.address.upstream ?? null);
  return purpose === null ? address : `${address} (${purpose})`;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

async function drain(
  listening: readonly Listening[],
  { limits }: ServeConfig,
  tell: (line: string) => void,
): Promise<void> {
  tell(`stopping; answers under way have ${limits.drainSeconds} seconds`);
  const deadline = AbortSignal.timeout(limits.drainSeconds * 1000);
  const cut = await Promise.all(listening.map((each) => each.close(deadline)));
  const count = cut.reduce((sum, each) => sum + each, 0);
  if (count > 0) tell(`${count} connections were cut off`);
}
