import { writeFile } from "node:fs/promises";
import { Tofu3Error } from "../../src/errors.ts";
import type { Transport } from "../../src/http/transport.ts";
import type { Report } from "../e2e/worlds/expect.ts";
import { fakeTransport, type Reply, type Routes } from "../worker/faketransport.ts";
import { BASE, descriptor, imageFor, indexOf, serve, type Thing } from "../worker/fixtures.ts";

const image = imageFor("linux/amd64", "a layer", "another layer");
const other = imageFor("linux/amd64", "the layer of a liar");

/** What the tag leads to: an index; to those that are lied to, an image. */
export const TRUTH = indexOf([descriptor(image.manifest, { platform: { os: "linux", architecture: "amd64" } })]);
const ALL_OF_IT: readonly Thing[] = [TRUTH, ...image.all];
/** Whole artifacts by their root: what three may agree on, and all that may be released. */
export const ARTIFACTS: ReadonlyMap<string, readonly Thing[]> = new Map([
  [TRUTH.digest, ALL_OF_IT],
  [other.manifest.digest, other.all],
]);
const [LAYER = image.config] = image.layers;

/** What one worker is told, how it ends, and what that is for the rule. */
export interface Told {
  readonly name: string;
  readonly routes: Routes;
  /** `never`: it does not connect, for this reason. */
  readonly never?: Tofu3Error;
  /** Its session does not end as it should. */
  readonly unclean?: true;
  /** The host key that it proves. */
  readonly key?: string;
  readonly report: Report;
}

const NOTHING: Report = { root: null, lied: false, whole: false, absent: false, unmatched: false };
const seen = (part: Partial<Report>, root: Thing = TRUTH): Report => ({ ...NOTHING, root: root.digest, ...part });
const truth = (at?: string, reply?: Reply): Routes =>
  at === undefined || reply === undefined ? serve(ALL_OF_IT) : { ...serve(ALL_OF_IT), [`${BASE}/${at}`]: reply };
const fault = (code: "E_CUT" | "E_SSH"): Tofu3Error => new Tofu3Error(code, `met ${code}`, { stage: "body" });
const blob = (thing: Thing): string => `blobs/${thing.digest}`;

const MISSING = { status: 404, headers: { "content-type": "application/json" }, body: "{}" };
const WRONG = { body: Buffer.from("another layer, of the same name").subarray(0, LAYER.size) };

export const TOLD: readonly Told[] = [
  { name: "A", routes: truth(), report: seen({ whole: true }) },
  { name: "B", routes: serve(other.all), report: seen({ whole: true }, other.manifest) },
  { name: "A, then cut", routes: truth(blob(LAYER), { body: "a l", cut: fault("E_CUT") }), report: seen({}) },
  {
    name: "B, then cut",
    routes: { ...serve(other.all), [`${BASE}/${blob(other.config)}`]: { fault: fault("E_CUT") } },
    report: seen({}, other.manifest),
  },
  { name: "A, a layer is 404", routes: truth(blob(LAYER), MISSING), report: seen({ absent: true }) },
  {
    name: "A, the manifest is 404",
    routes: truth(`manifests/${image.manifest.digest}`, MISSING),
    report: seen({ absent: true }),
  },
  { name: "A, another layer", routes: truth(blob(LAYER), WRONG), report: seen({ lied: true }) },
  {
    name: "A, another manifest",
    routes: truth(`manifests/${image.manifest.digest}`, {
      headers: { "content-type": other.manifest.mediaType },
      body: other.manifest.bytes,
    }),
    report: seen({ lied: true }),
  },
  { name: "404", routes: truth("manifests/1", MISSING), report: { ...NOTHING, absent: true } },
  { name: "403", routes: truth("manifests/1", { ...MISSING, status: 403 }), report: NOTHING },
  {
    name: "a page",
    routes: truth("manifests/1", { headers: { "content-type": "text/html" }, body: "<html>" }),
    report: NOTHING,
  },
  { name: "dead", routes: {}, never: fault("E_SSH"), report: NOTHING },
  { name: "A, an unclean end", routes: truth(), unclean: true, report: seen({}) },
  { name: "B, an unclean end", routes: serve(other.all), unclean: true, report: seen({}, other.manifest) },
  {
    name: "A, another layer, an unclean end",
    routes: truth(blob(LAYER), WRONG),
    unclean: true,
    report: seen({ lied: true }),
  },
  { name: "A, by the host key K", routes: truth(), key: "SHA256:K", report: seen({ whole: true }) },
];

/** The transport that tells it, and that keeps what it is told to keep; `step` is called at each thing that it does. */
export function transportOf({ routes, never, unclean, key }: Told, machine: string, step: () => void): Transport {
  const transport = fakeTransport({ ...routes });
  return {
    open: async (signal) => {
      step();
      if (never !== undefined) throw never;
      return { ...(await transport.open(signal)), hostKey: key ?? null, machine };
    },
    read: (query, signal) => {
      step();
      return transport.read(query, signal);
    },
    measure: async (query, signal) => {
      step();
      const content = await transport.measure(query, signal);
      const bytes = [...ALL_OF_IT, ...other.all].find((each) => query.url.endsWith(each.digest))?.bytes;
      if (query.keep !== null && bytes !== undefined) await writeFile(query.keep, bytes, { mode: 0o600 });
      return content;
    },
    end: async () => {
      step();
      await transport.end();
      if (unclean === true) throw fault("E_SSH");
    },
  };
}

/** The answers of somebody who tells nothing but documents and blobs, by path, for a process of its own. */
export function pagesOf(routes: Routes): Record<string, { readonly type: string; readonly base64: string }> {
  return Object.fromEntries(
    Object.entries(routes).flatMap(([url, reply]) =>
      [reply].flat().map(({ headers, body }) => {
        const type = headers?.["content-type"];
        const base64 = Buffer.from(body ?? "").toString("base64");
        return [new URL(url).pathname, { type: typeof type === "string" ? type : "application/octet-stream", base64 }];
      }),
    ),
  );
}
