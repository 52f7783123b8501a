import type { Credentials } from "../../src/model/credentials.ts";
import type { ImageJob, Limits, Selection } from "../../src/model/job.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Progress } from "../../src/model/progress.ts";
import { digestOf, type Algorithm, type Digest } from "../../src/oci/digest.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../../src/oci/mediatype.ts";
import { subjectOf } from "../../src/model/subject.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Clock } from "../../src/worker/fetch/clock.ts";
import type { Transport } from "../../src/http/transport.ts";
import type { Vantage } from "../../src/worker/vantage.ts";
import { look as lookFrom, type Hooks } from "../../src/worker/walk/look.ts";
import { linkOf, type FakeTransport, type Reply, type Routes } from "./faketransport.ts";

export const BASE = "https://registry.example/v2/a/b";
export const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
export const LIMITS: Limits = {
  manifestBytes: 2_000_000,
  documentBytes: 64 * 1024 * 1024,
  blobBytes: 1_000_000,
  fileBytes: 1_000_000,
  unpackedBytes: 2 ** 40,
  redirects: 5,
  retries: 5,
  againSeconds: 0,
  connectSeconds: 5,
  idleSeconds: 5,
  totalSeconds: 20,
};

export interface Thing {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly bytes: Buffer;
}

export function thing(mediaType: string, body: string, algorithm: Algorithm = "sha256"): Thing {
  const bytes = Buffer.from(body);
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length, bytes };
}

export function descriptor({ mediaType, digest, size }: Thing, more: object = {}): object {
  return { mediaType, digest, size, ...more };
}

export function manifestOf(config: Thing, layers: readonly Thing[], more: object = {}): Thing {
  return thing(
    OCI_MANIFEST,
    JSON.stringify({
      schemaVersion: 2,
      config: descriptor(config),
      layers: layers.map((each) => descriptor(each)),
      ...more,
    }),
  );
}

export function indexOf(manifests: readonly object[], more: object = {}): Thing {
  return thing(OCI_INDEX, JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, ...more }));
}

export function imageFor(
  platform: string,
  ...layers: string[]
): { config: Thing; layers: Thing[]; manifest: Thing; all: Thing[] } {
  const [os, architecture] = platform.split("/");
  const config = thing(OCI_CONFIG, JSON.stringify({ os, architecture }));
  const things = layers.map((each) => thing(LAYER, each));
  const manifest = manifestOf(config, things);
  return { config, layers: things, manifest, all: [manifest, config, ...things] };
}

export function page(document: Thing, headers: Reply["headers"] = {}): Reply {
  return { headers: { "content-type": document.mediaType, ...headers }, body: document.bytes };
}

/** What a well-behaved registry answers; the first is what the tag 1 leads to. */
export function serve(things: readonly Thing[], base = BASE): Routes {
  const routes: Routes = {};
  const [root] = things;
  if (root !== undefined) routes[`${base}/manifests/1`] = page(root);
  for (const each of things) {
    routes[`${base}/manifests/${each.digest}`] = page(each);
    routes[`${base}/blobs/${each.digest}`] = { headers: { "content-length": String(each.size) }, body: each.bytes };
  }
  return routes;
}

export interface FakeClock extends Clock {
  time: number;
  readonly slept: number[];
}

export function fakeClock(): FakeClock {
  const slept: number[] = [];
  return {
    time: Date.parse("2026-01-02T03:04:05Z"),
    slept,
    now() {
      return new Date(this.time);
    },
    random: () => 0.5,
    sleep(milliseconds, signal) {
      signal.throwIfAborted();
      slept.push(milliseconds);
      this.time += milliseconds;
      return Promise.resolve();
    },
  };
}

export function vantageOf(
  transport: Transport,
  more: Partial<Vantage> & { readonly login?: Credentials } = {},
): Vantage {
  const { login, ...others } = more;
  return {
    name: "here",
    via: "local",
    link: linkOf(transport),
    credentials: login === undefined ? null : (host) => Promise.resolve(host === "registry.example" ? login : null),
    registries: () => ({ plainHttp: false, trust: null }),
    authorities: new Map(),
    clock: fakeClock(),
    ...others,
  };
}

const EVERYTHING: Selection = { platform: null, osVersion: null, bottle: null };

export function jobOf(
  reference = "registry.example/a/b:1",
  selection: Partial<Selection> = {},
  limits: Partial<Limits> = {},
): ImageJob {
  return {
    subject: subjectOf(parseReference(reference)),
    selection: { ...EVERYTHING, ...selection },
    limits: { ...LIMITS, ...limits },
    depth: "everything",
  };
}

const NEVER = new AbortController().signal;

/** `look` with what a row of a table does not care about. */
export function look(
  transport: FakeTransport | Transport,
  more: {
    job?: ImageJob;
    vantage?: Parameters<typeof vantageOf>[1];
    keep?: Hooks["keep"];
    admit?: Hooks["admit"];
    watch?: (progress: Progress) => void;
    /** Stops the blobs; `stopAll` everything. */
    stop?: AbortSignal;
    stopAll?: AbortSignal;
    signal?: AbortSignal;
  } = {},
): Promise<Observation> {
  const { job = jobOf(), vantage = {}, keep = null, admit = null, watch = () => undefined } = more;
  const { stop = NEVER, stopAll = NEVER, signal = NEVER } = more;
  const hooks = { keep, admit, watch, witness: null, stops: { blobs: stop, all: stopAll } };
  return lookFrom(job, vantageOf(transport, vantage), hooks, signal);
}
