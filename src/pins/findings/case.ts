import type { AgreedRoot, AnyExamination, Answer, Examination } from "../../model/audit.ts";
import type { FindingKind } from "../../model/findingkind.ts";
import type { Mention, Target } from "../../model/mention.ts";
import type { Digest } from "../../oci/digest.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";

/** One mention that names something in a registry, with what came back. */
export interface Case {
  readonly mention: Mention;
  readonly target: Extract<Target, { readonly kind: "reference" | "bottle" }>;
  readonly examination: Examination;
}

/** What one rule says of one mention: the finding without what the options and the other mentions decide. */
export interface Said {
  readonly kind: FindingKind;
  readonly message: string;
  readonly next: string | null;
  readonly digest: Digest | null;
}

export type Rule = (each: Case) => readonly Said[];

/** An answer with words for what was asked: `the tag "3.20"`, `the digest`. */
export interface Look {
  readonly what: string;
  readonly answer: Answer;
  /** Only a comment names it. */
  readonly claimed: boolean;
}

export const NOTHING_ASKED = "nothing was asked about it";

/** A mention that nobody asked about is one of which nothing is known. */
export function caseOf(
  mention: Mention,
  target: Case["target"],
  examinations: ReadonlyMap<string, AnyExamination>,
): Case {
  const reference: Reference = target.reference;
  const found = examinations.get(formatReference(reference));
  if (found !== undefined && "reference" in found) return { mention, target, examination: found };
  const examination: Examination = {
    reference,
    tag: null,
    pin: null,
    claims: new Map<string, Answer>(),
    blobs: new Map(),
    notAsked: NOTHING_ASKED,
  };
  return { mention, target, examination };
}

/** `the tag "3.20"`; of a reference with neither tag nor digest, `latest`. */
export function tagName({ reference }: Examination): string {
  return `the tag "${reference.tag ?? "latest"}"`;
}

/** The tag's answer and the digest's, once where they are one. */
export function ownLooks(examination: Examination): readonly Look[] {
  const { tag, pin } = examination;
  const looks: Look[] = [];
  if (tag !== null) looks.push({ what: tagName(examination), answer: tag, claimed: false });
  if (pin !== null && !isSame(tag, pin)) looks.push({ what: "the digest", answer: pin, claimed: false });
  return looks;
}

/** Of this mention: its tag, its digest, and the tag that its comment claims. */
export function looksOf({ mention, examination }: Case): readonly Look[] {
  const claimed = mention.comment === null ? undefined : examination.claims.get(mention.comment);
  const own = ownLooks(examination);
  if (claimed === undefined || mention.comment === null) return own;
  return [...own, { what: `the tag "${mention.comment}" of the comment`, answer: claimed, claimed: true }];
}

function isSame(left: Answer | null, right: Answer): boolean {
  return left === right || (left?.outcome === right.outcome && left.summary === right.summary);
}

const SETTLED: readonly Answer["outcome"][] = ["agreed", "pending", "changed", "absent"];

/** The root that the workers agree on, whatever the past, the policy of days or a missing part says; else null. */
export function settled(answer: Answer | null): AgreedRoot | null {
  return answer !== null && SETTLED.includes(answer.outcome) ? answer.root : null;
}

/** Every worker was told that it does not exist at all. */
export function isGone({ outcome, reason }: Answer): boolean {
  return outcome === "absent" && !(reason?.kind === "absence" && reason.root !== null);
}

/** The root is there, and a part of it is not. */
export function isHollow({ outcome, reason }: Answer): boolean {
  return outcome === "absent" && reason?.kind === "absence" && reason.root !== null;
}

export function isChild(digest: Digest, root: AgreedRoot): boolean {
  return root.entries.some((entry) => entry.digest === digest);
}

/** `tofu3 verify REFERENCE` */
export function verifyCommand(reference: Reference): string {
  return `tofu3 verify ${formatReference(reference)}`;
}
