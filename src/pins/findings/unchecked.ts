import type { Answer } from "../../model/audit.ts";
import type { Unread } from "../../model/mention.ts";
import { formatReference } from "../../oci/reference.ts";
import { isGone, looksOf, settled, tagName, type Case, type Look, type Rule, type Said } from "./case.ts";

/** Whether there may be something in it that an audit says it finds. */
export function mayHide({ minor }: Unread): boolean {
  return minor !== true;
}

/** What the file has cannot be known without running something. */
export function unresolved(why: string): Said {
  const next = "write it out, or give what it is made of a default that can be read here";
  return { kind: "unresolved", message: `it was not looked at: ${why}`, next, digest: null };
}

/** Nobody contradicts anybody, and nothing is known for sure. */
export const unreachable: Rule = (each) => {
  const { notAsked: why } = each.examination;
  if (why !== null) return [notAsked(why)];
  return [...looksOf(each).filter(isUnsure).map(unsure), ...nowhere(each), ...unclearBottle(each)];
};

export function notAsked(why: string): Said {
  return said(`it was not asked for: ${why}`, "check it in a way of your own");
}

/** A mislabelled one is a finding of its own. */
function isUnsure({ answer: { outcome, finding }, claimed }: Omit<Look, "what">): boolean {
  const withoutWord = outcome === "incomplete" || outcome === "indistinct";
  return (withoutWord && finding?.class !== "mislabelled") || (claimed && outcome === "moved");
}

function unsure({ what, answer }: Look): Said {
  return said(`${what} could not be checked: ${answer.summary}`, todo(answer));
}

/** What helps against an answer that is none. */
export function todo({ outcome, fault }: Answer): string {
  if (outcome === "indistinct") return "tofu3 workers check says which of them are one, and what to do";
  return fault?.hint ?? "mend that and run it again";
}

/** A tag without a digest that nobody finds. */
function nowhere({ target, examination }: Case): readonly Said[] {
  const { tag, reference } = examination;
  if (target.kind === "bottle" || target.reference.digest !== undefined || tag === null || !isGone(tag)) return [];
  const { registry, repository } = reference;
  const next = `check the name and the tag (tofu3 tags ${formatReference({ registry, repository })}); it may also be private, and need a login`;
  return [said(`${tagName(examination)} does not exist: every worker was told so`, next)];
}

/** A bottle that no index lists, and whose file was not seen by all. */
function unclearBottle({ target, examination }: Case): readonly Said[] {
  const { tag, blobs } = examination;
  if (target.kind !== "bottle") return [];
  const { digest, tag: name } = target.bottle;
  if (settled(tag)?.entries.some((entry) => entry.bottleDigest === digest) === true) return [];
  const presence = blobs.get(digest);
  if (presence !== undefined && presence !== "unclear") return [];
  if (presence === undefined && tag !== null && isUnsure({ answer: tag, claimed: false })) return [];
  return [said(`not every worker says whether the bottle ${name}, ${digest}, is there`, "run it again")];
}

function said(message: string, next: string): Said {
  return { kind: "unreachable", message, next, digest: null };
}
