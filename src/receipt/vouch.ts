import type { PublicKey } from "../evidence/keys/publickey.ts";
import { rootOf, type Asked, type Observation, type SeenObject } from "../model/observation.ts";
import type { Signed } from "../model/signed.ts";
import { hexOf } from "../oci/digest.ts";
import { registryHost, requestRepository } from "../oci/reference.ts";
import { questionLine } from "../model/question.ts";
import { parseReceipt, type ReceiptJob } from "./receipt.ts";
import { signerOf } from "./sshsig.ts";

/** How much of what a worker reports the VM signed itself; null for the worker on the coordinator's machine. */
export function signedBy(observation: Observation, run: string | null): Signed | null {
  const { worker, via, evidence, objects } = observation;
  if (via === "local") return null;
  const { receipts = [] } = evidence;
  const of = objects.length;
  const unsigned = (why: string | null): Signed => ({ worker, by: null, objects: 0, of, why });
  if (receipts.length === 0) return unsigned(null);
  const signers = receipts.map(({ text, signature }) => signerOf(text, signature));
  const [signer = null] = signers;
  if (signer === null || signers.some((each) => each?.id !== signer.id))
    return unsigned("its receipts are not signed by one key");
  const question = run === null ? null : questionLine(run, worker, observation.asked);
  const read = receipts.map(({ text }) => parseReceipt(text));
  const jobs: ReceiptJob[] = [];
  for (const each of read) {
    if (each === null) return unsigned("a receipt is not what the worker script writes");
    if (each.question !== question) return unsigned("its receipts are about something else");
    jobs.push(...each.jobs);
  }
  return covered(observation, jobs, signer);
}

function covered(observation: Observation, jobs: readonly ReceiptJob[], signer: PublicKey): Signed {
  const { worker, objects, asked } = observation;
  const root = rootOf(objects);
  const sums = new Set(jobs.filter(({ isGet }) => isGet).flatMap((job) => [...job.sums.values()]));
  const given = "tag" in asked ? sumsOfTag(asked, jobs) : sums;
  const isIn = (seen: SeenObject, all: ReadonlySet<string>): boolean =>
    seen.computed !== null && all.has(hexOf(seen.computed));
  if (root !== undefined && "tag" in asked && given.size > 0 && !isIn(root, given))
    return { worker, by: null, objects: 0, of: objects.length, why: "what its VM signed is another artifact" };
  const count = objects.filter((each) => isIn(each, each === root ? given : sums)).length;
  return { worker, by: signer.id, objects: count, of: objects.length, why: null };
}

/** The hashes of what the registry gave for the tag, there or where it redirected to. */
function sumsOfTag(asked: Extract<Asked, { readonly tag: string }>, jobs: readonly ReceiptJob[]): ReadonlySet<string> {
  const path = `${registryHost(asked)}/v2/${requestRepository(asked)}/manifests/${asked.tag}`;
  const places = new Set([`https://${path}`, `http://${path}`]);
  const sums = new Set<string>();
  for (let before = 0; before < places.size;) {
    before = places.size;
    for (const { isGet, transfers, sums: bodies } of jobs) {
      for (const [index, { url, status, location }] of isGet ? transfers : []) {
        if (!places.has(url)) continue;
        const sum = bodies.get(index);
        if (status === 200 && sum !== undefined) sums.add(sum);
        if (status !== null && status >= 300 && status < 400) places.add(placeOf(location, url) ?? url);
      }
    }
  }
  return sums;
}

/** Null also where a query was cut: another one could lead anywhere. */
function placeOf(location: string | null, base: string): string | null {
  if (location === null || location.includes("?") || !URL.canParse(location, base)) return null;
  return new URL(location, base).href;
}
