import type { Observation, SeenObject } from "../../src/model/observation.ts";
import type { Outcome } from "../../src/model/verdict.ts";

/**
 * The rule a second time, from the words of the contract (sections 1 and 6) and not from the code: what each worker
 * claims is a set of sentences, and there is nothing but sets.
 */
export function naiveOutcome(observations: readonly Observation[]): Outcome {
  const claims = observations.map(claimsOf);
  // two roots that differ, whoever else is silent, whatever kind they are
  if (contradict([...union(claims.map(({ roots }) => roots))])) return "disagreed";
  // bytes that do not hash to their address, or are not as long as was declared, even when all were served the same
  if (claims.some(({ lies }) => lies)) return "disagreed";
  // two workers say two things about one position of one document, or one that saw everything lacks what another one
  // saw
  const said = union(claims.map(({ sentences }) => sentences));
  const positions = new Set([...said].map((sentence) => sentence.split(" is ")[0]));
  if (positions.size < said.size) return "disagreed";
  if (claims.some(({ whole, sentences }) => whole && sentences.size < said.size)) return "disagreed";
  // an answer such as 404 at all of them is absence
  const gone = (each: Observation): boolean => each.outcome === "refused" && each.error?.code === "E_NOT_FOUND";
  if (observations.length > 0 && observations.every(gone)) return "absent";
  // three or more distinct workers, each of which saw every object, and was told the same of what the root is
  const distinct = new Set(observations.map(({ worker }) => worker));
  const all = claims.every(({ whole }) => whole);
  const types = new Set(
    observations.flatMap(({ objects }) => objects.filter(({ parent }) => parent === null)).map(typeOf),
  );
  return all && types.size === 1 && distinct.size >= 3 && distinct.size === observations.length
    ? "agreed"
    : "incomplete";
}

function typeOf({ mediaType }: SeenObject): string {
  return mediaType;
}

interface Claims {
  readonly roots: ReadonlySet<string>;
  /** `position P of document D is …` */
  readonly sentences: ReadonlySet<string>;
  readonly lies: boolean;
  readonly whole: boolean;
}

function claimsOf({ outcome, error, digest, objects }: Observation): Claims {
  const root = objects
    .filter(({ parent }) => parent === null)
    .map(({ digest: asked, computed, size, pinned = "", guessed, mediaType }) => {
      return `${asked} ${String(computed)} ${size} ${pinned} as ${guessed === true ? "?" : kind(mediaType)}`;
    });
  const below = objects.filter(({ parent }) => parent !== null);
  const sentences = below.map(
    ({ parent, role, position, digest: asked, computed, size, mediaType }) =>
      `${role === "config" ? "config" : position} of ${String(parent)} is ${asked} ${String(computed)} ${size} ${mediaType}`,
  );
  const lies = objects.some((each) => each.computed !== each.digest || (each.declaredSize ?? each.size) !== each.size);
  return {
    roots: new Set(root),
    sentences: new Set(sentences),
    lies,
    whole: outcome === "saw" && error === null && root.length === 1 && !lies && isTree(digest, objects),
  };
}

/** Two roots with other bytes, or with two types that somebody said. */
function contradict(roots: readonly string[]): boolean {
  const bytes = new Set(roots.map((root) => root.split(" as ")[0]));
  const types = new Set(roots.map((root) => root.split(" as ")[1]).filter((type) => type !== "?"));
  return bytes.size > 1 || types.size > 1;
}

/** Schema 1 has two types, with and without signatures, which the digest is not of. */
function kind(mediaType: string): string {
  return mediaType.startsWith("application/vnd.docker.distribution.manifest.v1+") ? "schema 1" : mediaType;
}

/** Everything it reports is named by a digest, and hangs below the one that the observation names. */
function isTree(named: string | null, objects: Observation["objects"]): boolean {
  if (!objects.every(({ digest }) => /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(digest))) return false;
  let reached = objects.filter(({ parent, digest }) => parent === null && digest === named);
  for (let before = -1; before < reached.length;) {
    before = reached.length;
    const opened = new Set(
      reached.filter(({ role }) => role === "index" || role === "manifest").map(({ digest }) => digest),
    );
    reached = objects.filter((each) => reached.includes(each) || (each.parent !== null && opened.has(each.parent)));
  }
  return reached.length > 0 && reached.length === objects.length;
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((each) => [...each]));
}

/** An exit as a worker may report it, made up of at most one address of each family. */
export interface NaiveExit {
  readonly v4: number | null;
  /** Number of the /64, and of the host in it. */
  readonly v6: readonly [network: number, host: number] | null;
  readonly country: string | null;
  readonly asn: string | null;
  readonly doubt: boolean;
}

/**
 * Whether workers with these exits are distinct, from the words of the contract: what the policy names must be known of
 * both of any two workers, be comparable, and differ.
 */
export function naivelyDistinct(exits: readonly (NaiveExit | null)[], what: "network" | "asn" | "country"): boolean {
  return exits.every((one, at) =>
    exits.every((other, beside) => {
      if (one === null || other === null || one.doubt || other.doubt) return false;
      if (what !== "network") return one[what] !== null && (at === beside || one[what] !== other[what]);
      if (one.v4 === null && one.v6 === null) return false;
      if (at === beside) return true;
      const four = one.v4 === null || other.v4 === null ? null : one.v4 !== other.v4;
      const six = one.v6 === null || other.v6 === null ? null : one.v6[0] !== other.v6[0];
      return (four ?? six ?? false) && (six ?? true);
    }),
  );
}
