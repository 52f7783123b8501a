import type { Observation } from "../../src/model/observation.ts";
import type { Outcome } from "../../src/model/verdict.ts";

/**
 * The rule a second time, from the words of the contract (sections 1 and 6) and not from the code: what each worker claims is a set of
 * sentences, and there is nothing but sets.
 */
export function naiveOutcome(observations: readonly Observation[]): Outcome {
  const claims = observations.map(claimsOf);
  // two roots that differ, whoever else is silent, whatever kind they are
  if (union(claims.map(({ roots }) => roots)).size > 1) return "disagreed";
  // bytes that do not hash to their address, or are not as long as was declared, even when all were served the same
  if (claims.some(({ lies }) => lies)) return "disagreed";
  // two workers say two things about one position of one document, or one that saw everything lacks what another one saw
  const said = union(claims.map(({ sentences }) => sentences));
  const positions = new Set([...said].map((sentence) => sentence.split(" is ")[0]));
  if (positions.size < said.size) return "disagreed";
  if (claims.some(({ whole, sentences }) => whole && sentences.size < said.size)) return "disagreed";
  // an answer such as 404 at all of them is absence
  const gone = (each: Observation): boolean => each.outcome === "refused" && each.error?.code === "E_NOT_FOUND";
  if (observations.length > 0 && observations.every(gone)) return "absent";
  // three or more distinct workers, each of which saw every object
  const distinct = new Set(observations.map(({ worker }) => worker));
  const all = claims.every(({ whole }) => whole);
  return all && distinct.size >= 3 && distinct.size === observations.length ? "agreed" : "incomplete";
}

interface Claims {
  readonly roots: ReadonlySet<string>;
  /** `position P of document D is …` */
  readonly sentences: ReadonlySet<string>;
  readonly lies: boolean;
  readonly whole: boolean;
}

function claimsOf({ outcome, error, digest, objects }: Observation): Claims {
  const root = objects.filter(({ parent }) => parent === null).map((each) => `${String(each.computed)} ${each.mediaType}`);
  const sentences = objects.map(
    ({ parent, role, position, digest: asked, computed, size, mediaType }) =>
      `${role === "config" ? "config" : position} of ${String(parent)} is ${asked} ${String(computed)} ${size} ${mediaType}`,
  );
  const lies = objects.some((each) => each.computed !== each.digest || (each.declaredSize ?? each.size) !== each.size);
  return {
    roots: new Set(root),
    sentences: new Set(sentences),
    lies,
    whole: outcome === "saw" && error === null && digest !== null && root.length === 1 && !lies,
  };
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((each) => [...each]));
}
