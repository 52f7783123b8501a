import { basename } from "node:path";
import { Tofu3Error, visible } from "../errors.ts";
import { nameInUrl } from "../file/name.ts";
import { parseFileUrl } from "../file/url.ts";
import type { Destination } from "../model/destination.ts";
import type { Evidence } from "../model/evidence.ts";
import type { WitnessNote } from "../model/witness.ts";
import type { Digest } from "../oci/digest.ts";
import { isInto } from "../release/destination.ts";
import type { Vantage } from "../worker/vantage.ts";
import type { VerifyRequest } from "./request.ts";
import type { Runtime } from "./runtime.ts";
import { askOracle, readSums, signaturesBeside } from "./witness.ts";

/** What others say of a file, before it is asked for. */
export interface Pinning {
  /** What its bytes must hash to; null if nobody says so. */
  readonly pin: Digest | null;
  readonly notes: readonly WitnessNote[];
  readonly remarks: readonly string[];
}

/** Verifies the checksum file of this URL, as any other file is. */
export type VerifySums = (url: string) => Promise<Evidence>;

export interface Wanted {
  /** With its query. */
  readonly url: string;
  readonly pin: Digest | null;
  readonly destination: Destination | null;
  readonly request: Pick<VerifyRequest, "sums" | "witness" | "told">;
}

/**
 * Asks for the checksum file and the other witnesses that a request names. What they say is a pin, and never a vote. The
 * evidence about the checksum file if not all vantages agree on it: then nobody knows which bytes are right. Throws
 * E_SUMS, also where two of them, or one and the pin of the request, contradict each other; E_NOT_CONTENT for a checksum
 * file that nobody is given a second time.
 */
export async function pinningOf(
  vantages: readonly Vantage[],
  { url, pin, destination, request }: Wanted,
  { config }: Pick<Runtime, "config">,
  verifySums: VerifySums,
  signal: AbortSignal,
): Promise<Pinning | { readonly instead: Evidence }> {
  const [vantage] = vantages;
  if (vantage === undefined) throw new Tofu3Error("E_BUG", "there is no vantage");
  const notes: WitnessNote[] = [...(request.told ?? [])];
  const remarks: string[] = [];
  if (request.sums != null) {
    const evidence = await verifySums(request.sums);
    const { artifact, observations } = evidence;
    if (artifact === null) return { instead: aboutSums(evidence, url) };
    const wanted = { url: request.sums, name: nameOf(url, destination), of: artifact };
    const digest = await readSums(vantages, wanted, config.limits, signal);
    const source = parseFileUrl(request.sums).shown;
    notes.push({ kind: "sums", source, digest, workers: observations.map(({ worker }) => worker), trouble: null });
    remarks.push(...(await signaturesBeside(vantage, request.sums, config.limits, signal)));
  }
  if (request.witness === true) {
    const note = await askOracle(vantage, url, config.limits, signal);
    if (note !== null) notes.push(note);
    remarks.push(...(await signaturesBeside(vantage, url, config.limits, signal)));
  }
  return { pin: onePin(pin, notes), notes, remarks };
}

/** Throws E_SUMS if not all say the same: one of them is wrong, and nobody here knows which. */
function onePin(own: Digest | null, notes: readonly WitnessNote[]): Digest | null {
  const said = new Map(notes.flatMap(({ digest, source }) => (digest === null ? [] : [[digest, source] as const])));
  if (own !== null && !said.has(own)) said.set(own, "the pin that you gave");
  const [first, other] = said;
  if (first === undefined || other === undefined) return first?.[0] ?? null;
  throw new Tofu3Error("E_SUMS", `${first[1]} says ${first[0]}, and ${other[1]} says ${other[0]}`, {
    hint: "one of the two is wrong: ask the publisher; nothing was fetched",
  });
}

/** What the URL calls it, or else the person; empty if nobody does. */
function nameOf(url: string, destination: Destination | null): string {
  const name = nameInUrl(url);
  if (name.kind === "name") return name.name;
  return destination === null || isInto(destination) ? "" : basename(destination.path);
}

function aboutSums(evidence: Evidence, url: string): Evidence {
  const { shown } = parseFileUrl(url);
  return {
    ...evidence,
    notices: [...evidence.notices, `this is about the checksum file: ${visible(shown, 300)} was not fetched`],
  };
}
