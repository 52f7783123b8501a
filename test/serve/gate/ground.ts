import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load.ts";
import type { ServeConfig } from "../../../src/config/serve.ts";
import { createGateVantages } from "../../../src/coordinator/gate/vantages.ts";
import type { Runtime } from "../../../src/coordinator/runtime.ts";
import type { Ruling, Wish } from "../../../src/model/gate.ts";
import { parseDigest } from "../../../src/oci/digest.ts";
import type { Repository } from "../../../src/oci/reference.ts";
import { createGate } from "../../../src/serve/gate/create.ts";
import type { Gate } from "../../../src/serve/gate/gate.ts";
import { openStore } from "../../../src/serve/store/open.ts";
import type { Store } from "../../../src/serve/store/store.ts";
import { writeConfig } from "../../lab/config.ts";
import { startLiar, type Liar } from "../../lab/liar.ts";
import { relay } from "../../lab/liar-relay.ts";
import { makeFolder } from "../../lab/processes.ts";
import type { Registry } from "../../lab/registry.ts";
import type { Sshd } from "../../lab/sshd.ts";

export const NEVER = new AbortController().signal;

export interface Way {
  readonly gate: Gate;
  readonly store: Store;
  readonly liar: Liar;
  /** Seconds go by, for the gate alone. */
  readonly pass: (seconds: number) => void;
  readonly ask: (wish: Wish, method?: "GET" | "HEAD", signal?: AbortSignal) => Promise<Ruling>;
  /** What the vantages asked since the last call, sorted: `fra GET /v2/a/manifests/1`. */
  readonly asked: () => readonly string[];
  /** Tags whose entries the ledger has, in order: `a:1 agreed`. */
  readonly entered: () => Promise<readonly string[]>;
  /** What is refused on purpose. */
  armed: string | null;
  readonly stop: () => Promise<void>;
}

export interface WayOptions {
  readonly vms: readonly [Sshd, Sshd];
  readonly registry: Registry;
  readonly serve?: Readonly<Record<string, unknown>>;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, unknown>>;
  /** The store as the gate sees it: slow, or with a fault. */
  readonly through?: (store: Store) => Partial<Store>;
  /** In place of those of the configuration, for which the lab's registry is a private one. */
  readonly upstreams?: ServeConfig["upstreams"];
}

/** A gate over two VMs and this machine, each behind a liar that tells the truth until it is told not to. */
export async function openWay(options: WayOptions): Promise<Way> {
  const { vms, registry, serve, policy, limits, through, upstreams } = options;
  const liar = await startLiar({ vantages: ["here", "fra", "sgp"], otherwise: relay });
  const home = await makeFolder("way");
  const ledger = join(home.path, "ledger.jsonl");
  const file = await writeConfig(home.path, {
    local: { proxy: liar.proxyOf("here") },
    workers: ["fra", "sgp"].map((name, at) => ({ name, vm: vms[at === 0 ? 0 : 1], proxy: liar.proxyOf(name) })),
    others: {
      policy: { distinct: [], ledger, ...policy },
      limits: { retries: 0, connectSeconds: 15, idleSeconds: 30, totalSeconds: 60, ...limits },
      serve: { upstreams: [registry.host], minFreeBytes: 0, ...serve },
    },
  });
  const surroundings = { env: {}, home: home.path, cwd: home.path };
  const config = await loadConfig(file, surroundings);
  let later = 0;
  const now = (): Date => new Date(Date.now() + later);
  const runtime: Runtime = { config, ...surroundings, authfile: null, version: "test", passphrase: null, log, now };
  const folder = join(home.path, "store");
  await mkdir(folder);
  const store = await openStore(folder, { ...config.serve, now, warn: () => undefined });
  const vantages = await createGateVantages(runtime, { folder, shelf: store.shelf, withCredentials: false }, NEVER);
  const meters = { request: log, verdict: log, stale: log, bytes: log };
  let seen = 0;
  const way: Way = {
    gate: createGate({
      config: { ...config.serve, upstreams: upstreams ?? config.serve.upstreams },
      store: Object.assign(Object.create(store) as Store, through?.(store)),
      vantages,
      meters,
      log,
      now,
      armed: () => way.armed,
    }),
    store,
    liar,
    armed: null,
    pass: (seconds) => (later += seconds * 1000),
    ask: (wish, method = "GET", signal = NEVER) => way.gate.rule(wish, method, signal),
    asked: () => {
      const fresh = liar.requests.slice(seen);
      seen = liar.requests.length;
      return fresh.map(({ vantage, method, target }) => `${vantage} ${method} ${target}`).sort();
    },
    entered: async () => {
      const text = await readFile(ledger, "utf8").catch(() => "");
      const lines = text.split("\n").filter((line) => line !== "");
      return lines.map((line) => {
        const { subject, outcome } = JSON.parse(line) as { subject: Record<string, string>; outcome: string };
        return `${subject["repository"] ?? ""}:${subject["tag"] ?? subject["digest"] ?? ""} ${outcome}`;
      });
    },
    stop: async () => {
      await way.gate.close();
      await vantages.close();
      await store.close();
      await liar.stop();
      await home.remove();
    },
  };
  return way;
}

function log(): void {
  // nobody reads it here
}

/** Wishes for one repository of the lab's registry. */
export function wishes({ host }: Registry, name: string) {
  const repository: Repository = { registry: host, repository: name };
  return {
    repository,
    tag: (tag: string): Wish => ({ ...repository, kind: "manifest", tag }),
    document: (digest: string): Wish => ({ ...repository, kind: "manifest", digest: parseDigest(digest) }),
    blob: (digest: string): Wish => ({ ...repository, kind: "blob", digest: parseDigest(digest) }),
    /** What three vantages ask for these paths. */
    by: (method: string, ...paths: readonly string[]): readonly string[] =>
      paths
        .flatMap((path) => ["fra", "here", "sgp"].map((vantage) => `${vantage} ${method} /v2/${name}/${path}`))
        .sort(),
  };
}

/** `granted sha256:…`, `refused incomplete`, `withheld sha256:…` */
export function told(ruling: Ruling): string {
  if (ruling.kind === "refused") return `refused ${ruling.why}`;
  return `${ruling.kind} ${ruling.kind === "granted" ? ruling.object.digest : ruling.digest}`;
}
