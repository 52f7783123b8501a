import { visible } from "../errors.ts";
import { rootOf, type Observation } from "../model/observation.ts";
import type { WitnessNote } from "../model/witness.ts";

const NAMES: Readonly<Record<WitnessNote["kind"], string>> = {
  sums: "the checksum file",
  github: "GitHub",
  pypi: "the Python package index",
  "repr-digest": "the server's Repr-Digest",
};

/** What a witness says, beside what the workers saw: `the checksum file https://…/SHA256SUMS says the same`. */
export function witnessText(note: WitnessNote, observations: readonly Observation[]): string {
  const { kind, source, digest, trouble } = note;
  const who = `${NAMES[kind]}${kind === "repr-digest" ? "" : ` ${visible(source, 300)}`}`;
  if (digest === null) return `${who} says nothing: ${visible(trouble ?? "nobody knows why", 300)}`;
  const seen = new Set(observations.flatMap(({ objects }) => rootOf(objects)?.computed ?? []));
  if (seen.size === 1 && seen.has(digest)) return `${who} says the same`;
  return `${who} says ${digest}`;
}
