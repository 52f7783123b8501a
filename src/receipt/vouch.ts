import type { PublicKey } from "../evidence/keys/publickey.ts";
import { rootOf, type Asked, type Observation, type SeenObject } from "../model/observation.ts";
import { questionLine } from "../model/question.ts";
import type { Signed } from "../model/signed.ts";
import { isFile } from "../model/subject.ts";
import { hexOf } from "../oci/digest.ts";
import { registryHost, requestRepository } from "../oci/reference.ts";
import { parseReceipt, type ReceiptJob, type ReceiptText } from "./receipt.ts";
import { signerOf } from "./sshsig.ts";

/** How far the clock of a VM may be from that of the coordinator, in seconds, for its receipts to be of that time. */
const MOST_CLOCK_SECONDS = 600;

/** How much of what a worker reports the VM signed itself; null for the worker on the coordinator's machine. */
export function signedBy(observation: Observation, run: string | null): Signed | null {
  const { worker, via, evidence, objects } = observation;
  if (via === "local") return null;
  const { receipts = [] } = evidence;
  const unsigned = (why: string | null): Signed => {
    return { worker, by: null, objects: 0, of: objects.length, authorities: [], why };
  };
  if (receipts.length === 0) return unsigned(null);
  const signers = receipts.map(({ text, signature }) => signerOf(text, signature));
  const [signer = null] = signers;
  if (signer === null || signers.some((each) => each?.id !== signer.id))
    return unsigned("its receipts are not signed by one key");
  const question = run === null ? null : questionLine(run, worker, observation.asked);
  const jobs: ReceiptJob[] = [];
  for (const each of receipts.map(({ text }) => parseReceipt(text))) {
    if (each === null) return unsigned("a receipt is not what the worker script writes");
    if (each.question !== question) return unsigned("its receipts are about something else");
    if (!isOfThatTime(each, observation)) return unsigned("its receipts are of another time, or its clock is wrong");
    jobs.push(...each.jobs);
  }
  return covered(observation, jobs, signer) ?? unsigned("what its VM signed is another artifact");
}

function isOfThatTime({ began, ended }: ReceiptText, { startedAt, finishedAt }: Observation): boolean {
  const [from, to] = [startedAt, finishedAt].map((time) => Date.parse(time) / 1000) as [number, number];
  return from - MOST_CLOCK_SECONDS <= began && began <= ended && ended <= to + MOST_CLOCK_SECONDS;
}

/** Null if for the name it signed other bytes, and never these. */
function covered(observation: Observation, jobs: readonly ReceiptJob[], signer: PublicKey): Signed | null {
  const { worker, objects, asked } = observation;
  const root = rootOf(objects);
  const sums = new Map(jobs.flatMap(({ isGet, sums: of }) => (isGet ? [...of.values()].map(withoutWay) : [])));
  const start = startOf(asked);
  const given = start === null ? sums : sumsFrom(start, jobs);
  const wayOf = (seen: SeenObject): readonly string[] | undefined => {
    if (seen.computed === null) return undefined;
    const from = seen === root ? given : seen.role === "mirror" ? sumsOfMirror(seen, asked, jobs) : sums;
    return from.get(hexOf(seen.computed));
  };
  if (root !== undefined && start !== null && given.size > 0 && wayOf(root) === undefined) return null;
  const signed = objects.filter((each) => wayOf(each) !== undefined);
  const authorities = root === undefined ? [] : (wayOf(root) ?? []);
  return { worker, by: signer.id, objects: signed.length, of: objects.length, authorities, why: null };
}

/**
 * The hashes of what came from a mirror: that it has the bytes is what is reported of it, and not what they are. A
 * report names no mirrors of an image: as many other hosts as it has of them must have had the root.
 */
function sumsOfMirror(
  { digest, position }: SeenObject,
  asked: Asked,
  jobs: readonly ReceiptJob[],
): ReadonlyMap<string, readonly string[]> {
  if (isFile(asked)) return sumsFrom(asked.mirrors?.[position] ?? "", jobs);
  const place = `/v2/${requestRepository(asked)}/manifests/${digest}`;
  const [own, urls] = [
    registryHost(asked),
    jobs.flatMap(({ transfers }) => [...transfers.values()].map(({ url }) => url)),
  ];
  const others = new Set(urls.filter((url) => url.endsWith(place) && url !== `https://${own}${place}`));
  const found = [...others].map((url) => sumsFrom(url, jobs)).filter((sums) => sums.has(hexOf(digest)));
  return found[position] ?? new Map();
}

/** Bytes are what their hash says, whichever way they came. */
function withoutWay(hex: string): [string, readonly string[]] {
  return [hex, []];
}

/** Where the bytes of a name come from; null for a digest, which says by itself which bytes are right. */
function startOf(asked: Asked): string | null {
  if (isFile(asked)) return asked.url;
  if (!("tag" in asked)) return null;
  return `https://${registryHost(asked)}/v2/${requestRepository(asked)}/manifests/${asked.tag}`;
}

/**
 * The hashes of whole bodies that came from this URL over TLS, or from where it redirects to, each with the authorities
 * that the coordinator gave for the way there. What a shell hashed while it came is tied to no URL.
 */
function sumsFrom(start: string, jobs: readonly ReceiptJob[]): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, readonly string[]>([[start, []]]);
  const sums = new Map<string, readonly string[]>();
  for (let before = 0; before < places.size;) {
    before = places.size;
    for (const { isGet, authority, transfers, sums: bodies } of jobs) {
      for (const [index, { url, exit, status, location }] of isGet ? transfers : []) {
        const way = places.get(url);
        if (way === undefined || exit !== 0 || status === null) continue;
        const whole = authority === null || way.includes(authority) ? way : [...way, authority].sort();
        const sum = bodies.get(index);
        if (status === 200 && sum !== undefined) keepShorter(sums, sum, whole);
        const next = status >= 300 && status < 400 ? placeOf(location, url) : null;
        if (next !== null && !places.has(next)) places.set(next, whole);
      }
    }
  }
  return sums;
}

/** The same bytes may have come twice: the way that asks for less trust counts. */
function keepShorter(sums: Map<string, readonly string[]>, sum: string, way: readonly string[]): void {
  const known = sums.get(sum);
  if (known === undefined || way.length < known.length) sums.set(sum, way);
}

/** Null also without TLS, and where a query was cut: another one could lead anywhere. */
function placeOf(location: string | null, base: string): string | null {
  if (location === null || location.includes("?") || !URL.canParse(location, base)) return null;
  const { href, protocol } = new URL(location, base);
  return protocol === "https:" ? href : null;
}
