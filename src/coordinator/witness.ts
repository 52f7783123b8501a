import { asError, visible } from "../errors.ts";
import { parseSums, sumOf } from "../file/sums.ts";
import { BESIDE, oracleOf, reprDigest } from "../file/witness.ts";
import { nameInUrl } from "../file/name.ts";
import { parseFileUrl } from "../file/url.ts";
import { WHOLE, type Limits } from "../model/job.ts";
import type { Observation } from "../model/observation.ts";
import type { FileSubject } from "../model/subject.ts";
import type { WitnessNote } from "../model/witness.ts";
import type { Digest } from "../oci/digest.ts";
import type { Vantage } from "../worker/vantage.ts";
import { isThere, readFileAt } from "../worker/walk/file.ts";
import { jobOf } from "./request.ts";

const MOST_BYTES = 4 * 1024 * 1024;
/** Of what is asked beside the question itself. */
const MOST_SECONDS = 30;

/** What the platform of a file's publisher says of it, asked from one vantage; null where there is none to ask. */
export async function askOracle(
  vantage: Vantage,
  url: string,
  limits: Limits,
  signal: AbortSignal,
): Promise<WitnessNote | null> {
  const oracle = oracleOf(url);
  if (oracle === null) return null;
  const { kind, url: source, accept, read } = oracle;
  const note = { kind, source, workers: [vantage.name] };
  try {
    const { bytes } = await readFileAt(vantage, smallJob(source, limits), { maxBytes: MOST_BYTES, accept }, signal);
    const digest = read(bytes);
    return { ...note, digest, trouble: digest === null ? "it does not have a sha256 of this file" : null };
  } catch (thrown) {
    signal.throwIfAborted();
    return { ...note, digest: null, trouble: visible(asError(thrown).message, 300) };
  }
}

/** What a checksum file says, which all vantages agreed on: read again at one of them. Throws E_SUMS. */
export async function readSumsAt(
  vantage: Vantage,
  { url, name, digest: agreed }: { readonly url: string; readonly name: string; readonly digest: string },
  limits: Limits,
  signal: AbortSignal,
): Promise<Digest | null> {
  const job = smallJob(url, limits);
  const { bytes, digest } = await readFileAt(vantage, job, { maxBytes: MOST_BYTES }, signal);
  if (digest !== agreed) return null;
  const what = `the checksum file ${job.subject.url}`;
  return sumOf(parseSums(bytes, what), name, what);
}

/** What each server says of the bytes that it sent. RFC 9530 */
export function reprDigestsIn(observations: readonly Observation[]): readonly WitnessNote[] {
  const told = new Map<Digest, string[]>();
  let source = "";
  for (const { worker, asked, evidence } of observations) {
    if ("url" in asked) source = asked.url;
    const header = evidence.headers.find((each) => each.startsWith(REPR_DIGEST));
    const digest = header === undefined ? null : reprDigest(header.slice(REPR_DIGEST.length));
    if (digest !== null) told.set(digest, [...(told.get(digest) ?? []), worker].sort());
  }
  return [...told].map(([digest, workers]) => ({ kind: "repr-digest", source, digest, workers, trouble: null }));
}

const REPR_DIGEST = "repr-digest: ";

/** A sentence for each signature that stands beside a file, with the command that checks it; asked from one vantage. */
export async function signaturesBeside(
  vantage: Vantage,
  url: string,
  limits: Limits,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const name = nameInUrl(url);
  if (name.kind !== "name") return [];
  const found = await Promise.all(
    BESIDE.map(async ({ ending, command }) => {
      const beside = new URL(url);
      beside.pathname += ending;
      const job = smallJob(beside.href, limits);
      if (!(await isThere(vantage, job, signal).catch(() => false))) return [];
      return [`a signature stands beside it, ${job.subject.url}: ${command(quoted(name.name))} checks it`];
    }),
  );
  signal.throwIfAborted();
  return found.flat();
}

function quoted(name: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(name) ? name : JSON.stringify(name);
}

function smallJob(text: string, limits: Limits) {
  const { url, shown } = parseFileUrl(text);
  const subject: FileSubject = { url: shown, pin: null };
  const short = { ...limits, totalSeconds: Math.min(limits.totalSeconds, MOST_SECONDS) };
  return jobOf({ subject, url, ...WHOLE }, short, "everything");
}
