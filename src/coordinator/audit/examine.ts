import type { AnyExamination, Answer, Examination, ListedExamination, Presence } from "../../model/audit.ts";
import { isGit, type ListedAnswer, type ListedSubject } from "../../model/listed.ts";
import type { ImageSubject } from "../../model/subject.ts";
import type { AnyWanted, Wanted, WantedFile, WantedListed } from "../../model/wanted.ts";
import { algorithmOf, type Digest } from "../../oci/digest.ts";

/** A question that was not asked, and why, as a sentence. */
export interface NotAsked {
  readonly closed: string;
}

/** How questions are asked. */
export interface Asking {
  ask(subject: ImageSubject): Promise<Answer | NotAsked>;
  askListed(listed: ListedSubject): Promise<ListedAnswer | NotAsked>;
  askFile(wanted: WantedFile): Promise<Answer | NotAsked>;
  present(wanted: Wanted, blobs: readonly Digest[]): Promise<ReadonlyMap<Digest, Presence> | NotAsked>;
}

/** Asks what there is to know about one subject, of whatever kind. */
export async function examineAny(wanted: AnyWanted, asking: Asking): Promise<AnyExamination> {
  if ("reference" in wanted) return examine(wanted, asking);
  if ("listed" in wanted) return examineListed(wanted, asking);
  const answer = await asking.askFile(wanted);
  const { file } = wanted;
  return "closed" in answer ? { file, answer: null, notAsked: answer.closed } : { file, answer, notAsked: null };
}

/** What it is in its list; of a commit, also what the tags of comments lead to there. */
async function examineListed({ listed, claims }: WantedListed, asking: Asking): Promise<ListedExamination> {
  const answer = await asking.askListed(listed);
  if ("closed" in answer) return { listed, answer: null, claims: new Map(), notAsked: answer.closed };
  const said = await Promise.all(
    (isGit(listed) ? claims : []).map(async (ref) => [ref, await asking.askListed({ ...listed, ref })] as const),
  );
  const told = said.flatMap(([ref, each]) => ("closed" in each ? [] : [[ref, each] as const]));
  return { listed, answer, claims: new Map(told), notAsked: null };
}

/**
 * Asks what there is to know about one reference: what its tag leads to, then the pin by its digest unless the tag leads
 * there, the tags that comments claim, and the bottles that the index does not list.
 */
export async function examine(wanted: Wanted, asking: Asking): Promise<Examination> {
  const { reference, claims, bottles } = wanted;
  const { registry, repository, digest } = reference;
  const refusals: string[] = [];
  const answered = async (subject: ImageSubject): Promise<Answer | null> => {
    const answer = await asking.ask(subject);
    if (!("closed" in answer)) return answer;
    refusals.push(answer.closed);
    return null;
  };
  // a tag's digest is a sha256: it says nothing about a pin by another algorithm
  const comparable = digest === undefined || algorithmOf(digest) === "sha256";
  const tagged = (tag: string): Promise<Answer | null> => answered({ registry, repository, tag, pin: null });
  const tag = wanted.tag === null || !comparable ? null : await tagged(wanted.tag);
  const leadsThere = tag !== null && digest !== undefined && isAgreed(tag) && tag.root?.digest === digest;
  const pin = digest === undefined ? null : leadsThere ? tag : await answered({ registry, repository, digest });
  const said = await Promise.all(
    claims.filter(() => comparable).map(async (claim) => [claim, await tagged(claim)] as const),
  );
  const listed = new Set(tag?.root?.entries.map(({ bottleDigest }) => bottleDigest));
  const missing = [...new Set(bottles.map((each) => each.digest).filter((each) => !listed.has(each)))];
  const blobs = missing.length === 0 ? new Map<Digest, Presence>() : await asking.present(wanted, missing);
  if ("closed" in blobs) refusals.push(blobs.closed);
  return {
    reference,
    tag,
    pin,
    claims: new Map(said.flatMap(([claim, answer]) => (answer === null ? [] : [[claim, answer] as const]))),
    blobs: "closed" in blobs ? new Map<Digest, Presence>() : blobs,
    notAsked: refusals[0] ?? null,
  };
}

function isAgreed({ outcome }: Answer): boolean {
  return outcome === "agreed" || outcome === "pending";
}
