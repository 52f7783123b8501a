import { isCommit } from "../../file/gitrefs.ts";
import type { AnyExamination, ListedExamination } from "../../model/audit.ts";
import { isGit, type GitSubject, type ListedAnswer, type ListedSubject } from "../../model/listed.ts";
import type { Mention } from "../../model/mention.ts";
import { NOTHING_ASKED, type Said } from "./case.ts";
import { notAsked } from "./unchecked.ts";

/** What there is to say of what stands in a list that a server keeps. */
export function saidOfListed(
  mention: Mention,
  listed: ListedSubject,
  examination: AnyExamination | undefined,
): readonly Said[] {
  const found = examination !== undefined && "listed" in examination ? examination : null;
  if (found?.answer == null) return [notAsked(found?.notAsked ?? NOTHING_ASKED)];
  const { answer } = found;
  if (!isGit(listed)) return [...trouble(answer, "the checksum"), ...gone(answer)];
  if (isCommit(listed.ref)) return saidOfCommit(mention, listed, found, answer);
  return [...trouble(answer, `"${listed.ref}"`), ...nowhere(listed, answer), ...movable(mention, listed, answer)];
}

/** Two workers read different things; or not all could read. */
function trouble({ outcome, summary, hint }: ListedAnswer, what: string): readonly Said[] {
  if (outcome === "disagreed") {
    const message = `the workers are not told the same of ${what}: ${summary}`;
    const next = "use none of it until it is explained; if it was changed a moment ago, run it again";
    return [{ kind: "disagreed", message, next, digest: null }];
  }
  return outcome === "incomplete"
    ? [unsure(`${what} could not be checked: ${summary}`, hint ?? "mend that and run it again")]
    : [];
}

function unsure(message: string, next: string): Said {
  return { kind: "unreachable", message, next, digest: null };
}

function gone({ outcome, summary }: ListedAnswer): readonly Said[] {
  if (outcome !== "absent") return [];
  const message = `the index has no file with this checksum any more: ${summary}`;
  const next =
    "ask the publisher what happened to the file, before the checksum is changed; keep a copy of what you depend on";
  return [{ kind: "pin-gone", message, next, digest: null }];
}

function nowhere({ ref }: GitSubject, { outcome, summary }: ListedAnswer): readonly Said[] {
  if (outcome !== "absent") return [];
  return [
    unsure(`there is no tag or branch "${ref}": ${summary}`, "check the name; the repository may also be private"),
  ];
}

/** Whoever can move a tag or a branch decides what runs. */
function movable({ text }: Mention, { ref }: GitSubject, { value }: ListedAnswer): readonly Said[] {
  if (value === null) return [];
  const [kind = "", commit = "", ...both] = value.split(" ");
  const next =
    both.length > 0
      ? "there is a tag and a branch of this name: name the commit that you mean"
      : `all workers agree on it as it is now: ${text.slice(0, text.lastIndexOf("@"))}@${commit} # ${ref}`;
  const message = "it has no commit: what is used is whatever its name leads to at that time";
  return [
    { kind: "unpinned", message, next, digest: null },
    ...(kind === "branch" || both.length > 0
      ? [{ kind: "floating-tag", message: `"${ref}" is a branch, which is made to move`, next, digest: null } as const]
      : []),
  ];
}

/** The list has only what tags and branches lead to: of an older commit it tells nothing. */
function saidOfCommit(
  { comment }: Mention,
  { ref }: GitSubject,
  { claims }: ListedExamination,
  answer: ListedAnswer,
): readonly Said[] {
  const claim = comment === null ? undefined : claims.get(comment);
  const said = [...trouble(answer, "the commit"), ...(claim === undefined ? [] : trouble(claim, `"${comment ?? ""}"`))];
  if (said.length > 0) return said;
  const commits = (claim?.value ?? "").split(" ").filter(isCommit);
  if (commits.length > 0 && !commits.includes(ref.toLowerCase())) {
    const message = `the comment on its line says "${comment ?? ""}", and that leads to ${commits.join(" or ")}, which is not the commit`;
    const next = "look up which version the commit is: correct the comment, or move the pin";
    return [{ kind: "tag-digest-comment", message, next, digest: null }];
  }
  if (answer.outcome !== "absent") return [];
  const why =
    "no tag or branch of the repository leads to this commit now, so that its list does not tell whether it is one of it";
  return [
    unsure(why, "look at the commit in the repository: one of a stranger's fork can be fetched by its hash as well"),
  ];
}
