import { asError, Tofu3Error, visible } from "../errors.ts";
import { parseSums, sumOf } from "../file/sums.ts";
import { BESIDE, oracleOf, reprDigest } from "../file/witness.ts";
import { nameInUrl } from "../file/name.ts";
import { parseFileUrl } from "../file/url.ts";
import { WHOLE, type Limits } from "../model/job.ts";
import type { Observation } from "../model/observation.ts";
import type { FileSubject } from "../model/subject.ts";
import type { WitnessNote } from "../model/witness.ts";
import type { Digest } from "../oci/digest.ts";
import { shellQuoted } from "../report/commandline.ts";
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

/** A checksum file that all vantages agreed on, and the name in it that counts. */
export interface AgreedSums {
  readonly url: string;
  readonly name: string;
  readonly of: { readonly digest: string; readonly size: number };
}

/**
 * What a checksum file says: its bytes are read at the first vantage that is given them again. Throws E_SUMS, and
 * E_NOT_CONTENT if none is.
 */
export async function readSums(
  vantages: readonly Vantage[],
  { url, name, of }: AgreedSums,
  limits: Limits,
  signal: AbortSignal,
): Promise<Digest> {
  const job = smallJob(url, limits);
  const what = `the checksum file ${job.subject.url}`;
  if (of.size > MOST_BYTES) {
    throw new Tofu3Error("E_SUMS", `cannot use ${visible(what)}: it is larger than 4 MiB`, {
      hint: "--sha256 HEX takes one checksum by hand",
    });
  }
  let why = "it has other bytes now";
  for (const vantage of vantages) {
    try {
      const { bytes, digest } = await readFileAt(vantage, job, { maxBytes: MOST_BYTES }, signal);
      if (digest === of.digest) return sumOf(parseSums(bytes, what), name, what);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asError(thrown);
      if (error.code === "E_SUMS") throw error;
      why = error.message;
    }
  }
  throw new Tofu3Error(
    "E_NOT_CONTENT",
    `all workers agreed on ${visible(what)}, and none was given the same when it asked again: ${visible(why, 300)}`,
    { hint: "it changes at every look, or somebody lies: compare with what another network sees" },
  );
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
      return [`a signature stands beside it, ${job.subject.url}: ${command(shellQuoted(name.name))} checks it`];
    }),
  );
  signal.throwIfAborted();
  return found.flat();
}

function smallJob(text: string, limits: Limits) {
  const { url, shown } = parseFileUrl(text);
  const subject: FileSubject = { url: shown, pin: null };
  const short = { ...limits, totalSeconds: Math.min(limits.totalSeconds, MOST_SECONDS) };
  return jobOf({ subject, url, ...WHOLE }, short, "everything");
}
