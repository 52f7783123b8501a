import { hexOf } from "../../oci/digest.ts";
import { isGone, isHollow, looksOf, ownLooks, settled, verifyCommand, type Rule } from "./case.ts";

/** Two workers were given different things. */
export const disagreed: Rule = (each) =>
  looksOf(each)
    .filter(({ answer }) => answer.outcome === "disagreed")
    .map(({ what, answer }) => {
      const cause = answer.finding === null ? "" : ` (diagnosis: ${answer.finding.class})`;
      return {
        kind: "disagreed",
        message: `the workers do not see the same at ${what}: ${answer.summary}${cause}`,
        next: `use none of it until it is explained: ${verifyCommand(each.examination.reference)} --keep-evidence DIR keeps what each was given`,
        digest: null,
      };
    });

/** A worker was given other bytes in the place of a bottle. */
export const falseBottle: Rule = ({ target, examination }) => {
  if (target.kind !== "bottle" || examination.blobs.get(target.bottle.digest) !== "false") return [];
  const { tag, digest } = target.bottle;
  const message = `a worker was given other bytes for the bottle ${tag}, ${digest}`;
  const next =
    "use none of it until it is explained: fetch the bottle by hand from several networks, and keep the bytes";
  return [{ kind: "disagreed", message, next, digest: null }];
};

/** The bytes are the same, and they are not what they are called. */
export const mislabelled: Rule = (each) =>
  looksOf(each)
    .filter(
      ({ answer: { finding, outcome, reason } }) =>
        finding?.class === "mislabelled" || (outcome === "changed" && reason?.kind === "version"),
    )
    .map(({ what, answer }) => ({
      kind: "mislabelled",
      message: `${what} is not what it is called: ${answer.summary}`,
      next: "do not use it before its publisher or the registry's operator has put it right",
      digest: settled(answer)?.digest ?? null,
    }));

/** What is pinned does not exist, or the bottle's file does not. */
export const pinGone: Rule = ({ target, examination }) => {
  const { pin, tag, blobs } = examination;
  const now = settled(tag)?.digest ?? null;
  if (target.kind === "bottle") {
    const { digest, tag: name } = target.bottle;
    if (isListed(target.bottle.digest, tag) || blobs.get(digest) !== "gone") return [];
    const message = `the bottle ${name}, sha256:${hexOf(digest)}, no longer exists: every worker was told so`;
    const next = "take the sha256 of the bottle as it is now from its formula, and ask why the old one was removed";
    return [{ kind: "pin-gone", message, next, digest: null }];
  }
  if (pin === null || !isGone(pin)) return [];
  const to = now === null ? "" : `; its tag leads to ${now} now`;
  return [
    {
      kind: "pin-gone",
      message: `the digest that is pinned does not exist: every worker was told so${to}`,
      next: "pin what its publisher says has replaced it, and keep a copy of what you depend on in a registry of your own",
      digest: null,
    },
  ];
};

/** The root is there, and a part of it is not. */
export const hollowIndex: Rule = ({ examination }) =>
  ownLooks(examination)
    .filter(({ answer }) => isHollow(answer))
    .map(({ what, answer }) => ({
      kind: "hollow-index",
      message: `${what} leads to an index or a manifest of which a part does not exist: ${answer.summary}`,
      next: "it cannot be pulled as a whole: pin a digest of which every part is there, and tell its publisher",
      digest: settled(answer)?.digest ?? null,
    }));

/** The tag moved while the workers looked. */
export const moved: Rule = ({ examination }) =>
  ownLooks(examination)
    .filter(({ answer }) => answer.outcome === "moved")
    .map(({ what, answer }) => ({
      kind: "moved",
      message: `${what} moved while the workers looked: ${answer.summary}`,
      next: "run it again: the workers see the new one from the start now",
      digest: answer.reason?.kind === "moved" ? answer.reason.to : null,
    }));

/** The index has an entry for the bottle with this digest. */
function isListed(digest: string, tag: Parameters<typeof settled>[0]): boolean {
  return settled(tag)?.entries.some((entry) => entry.bottleDigest === digest) === true;
}
