import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load.ts";
import type { GateQuestion, GateVantages } from "../../../src/coordinator/gate/ask.ts";
import { createGateVantages } from "../../../src/coordinator/gate/vantages.ts";
import type { Runtime } from "../../../src/coordinator/runtime.ts";
import type { Entry } from "../../../src/model/record.ts";
import { algorithmOf, digestOf, hexOf, parseDigest } from "../../../src/oci/digest.ts";
import type { Shelf } from "../../../src/release/shelve.ts";
import { writeConfig, type LabConfig } from "../../lab/config.ts";
import type { Blob, Image } from "../../lab/image.ts";
import { startLiar, type Liar } from "../../lab/liar.ts";
import { relay } from "../../lab/liar-relay.ts";
import { makeFolder } from "../../lab/processes.ts";
import type { Registry } from "../../lab/registry.ts";
import type { Sshd } from "../../lab/sshd.ts";

export const NEVER = new AbortController().signal;
/** Short enough that a test does not wait, long enough for a busy machine. */
export const SHORT = { retries: 0, connectSeconds: 15, idleSeconds: 10, totalSeconds: 60 };

export interface GateGround {
  readonly gate: GateVantages;
  readonly runtime: Runtime;
  /** The store's, where quarantines are made. */
  readonly folder: string;
  readonly shelf: Shelf;
  /** Bytes on the shelf; null where there are none. */
  readonly stored: (blob: Blob) => Buffer | null;
  /** Names in the folder but for the shelf's own. */
  readonly left: () => readonly string[];
  readonly entries: () => readonly Entry[];
  readonly stop: () => Promise<void>;
}

export interface GateOptions {
  readonly vms: readonly [Pick<Sshd, "host" | "port" | "user" | "identityFile" | "hostKeyFingerprint">, Sshd];
  /** The VMs go through its proxies, so that it tells the vantages apart. */
  readonly liar?: Liar;
  readonly registries?: LabConfig["registries"];
  readonly others?: LabConfig["others"];
  readonly limits?: Readonly<Record<string, number>>;
  readonly withCredentials?: boolean;
  readonly forwardCredentials?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** In place of a folder of its own. */
  readonly folder?: string;
}

/** A store's folder, and the vantages of a gate over two VMs and this machine, in this process. */
export async function openGate(options: GateOptions): Promise<GateGround> {
  const { vms, liar } = options;
  const home = await makeFolder("gate");
  const folder = options.folder ?? join(home.path, "store");
  for (const name of ["", "blobs", "blobs/sha256", "blobs/sha512"])
    await mkdir(join(folder, name), { recursive: true });
  const ledger = join(home.path, "ledger.jsonl");
  const others = options.others ?? {};
  const file = await writeConfig(home.path, {
    workers: vms.map((vm, at) => {
      const name = at === 0 ? "fra" : "sgp";
      const forwards = options.forwardCredentials === true ? { forwardCredentials: true } : {};
      return { name, vm, ...forwards, ...(liar === undefined ? {} : { proxy: liar.proxyOf(name) }) };
    }),
    ...(liar === undefined ? {} : { local: { proxy: liar.proxyOf("here") } }),
    ...(options.registries === undefined ? {} : { registries: options.registries }),
    others: {
      ...others,
      policy: { distinct: [], ledger, ...(others["policy"] as object | undefined) },
      limits: { ...SHORT, ...options.limits },
    },
  });
  const surroundings = { env: options.env ?? {}, home: home.path, cwd: home.path };
  const config = await loadConfig(file, surroundings);
  const nobody = { authfile: null, version: "test", passphrase: null, log: () => undefined };
  const runtime: Runtime = { config, ...surroundings, ...nobody, now: () => new Date() };
  const landed = new Set<string>();
  const shelf: Shelf = {
    pathOf: (digest) => join(folder, "blobs", algorithmOf(digest), hexOf(digest)),
    landed: async (digest, handle) => {
      const bytes = await handle.readFile();
      if (digestOf(bytes, algorithmOf(digest)) !== digest) throw new Error(`landed without being ${digest}`);
      landed.add(digest);
    },
  };
  const place = { folder, shelf, withCredentials: options.withCredentials ?? false };
  const gate = await createGateVantages(runtime, place, NEVER);
  return {
    gate,
    runtime,
    folder,
    shelf,
    stored: ({ digest }) => {
      if (!landed.has(digest)) return null;
      const path = shelf.pathOf(parseDigest(digest));
      return existsSync(path) ? readFileSync(path) : null;
    },
    left: () => readdirSync(folder).filter((name) => name !== "blobs" && name !== "lost+found"),
    entries: () => (existsSync(ledger) ? linesOf(readFileSync(ledger, "utf8")) : []),
    async stop() {
      await gate.close();
      await home.remove();
    },
  };
}

function linesOf(text: string): readonly Entry[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Entry);
}

/** A liar in front of whatever it is asked for: the truth, but for the lies that are told it. */
export function startRelay(): Promise<Liar> {
  return startLiar({ vantages: ["here", "fra", "sgp"], otherwise: relay });
}

/** A question about an object of a lab registry, which is on a private address. */
export function about(
  registry: Pick<Registry, "host">,
  repository: string,
  wanted: GateQuestion["wanted"],
  more: Partial<GateQuestion> = {},
): GateQuestion {
  return { repository: { registry: registry.host, repository }, wanted, isNamed: false, mayBePrivate: true, ...more };
}

export function below({ manifest }: Image, blobs: readonly Blob[], isGiven = false): GateQuestion["wanted"] {
  return {
    kind: "below",
    manifest: parseDigest(manifest.digest),
    blobs: blobs.map(({ digest }) => parseDigest(digest)),
    given: isGiven ? { ...manifest, digest: parseDigest(manifest.digest) } : null,
  };
}
