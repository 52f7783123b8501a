import type { AnyExamination, Answer } from "../../model/audit.ts";
import type { FindingKind } from "../../model/findingkind.ts";
import { formatSubject, type FileSubject } from "../../model/subject.ts";
import { NOTHING_ASKED, type Said } from "./case.ts";
import { notAsked, todo } from "./unchecked.ts";

/** What there is to say of a file on the web that has to match a checksum. */
export function saidOfFile(file: FileSubject, examination: AnyExamination | undefined): readonly Said[] {
  const found = examination !== undefined && "file" in examination ? examination : null;
  const answer = found?.answer ?? null;
  if (answer === null) return [notAsked(found?.notAsked ?? NOTHING_ASKED)];
  const kind = kindOf(answer);
  return kind === null ? [] : [{ kind, ...WORDS[kind](answer, file), digest: null }];
}

type Kind = Extract<FindingKind, "disagreed" | "pin-gone" | "moved" | "unreachable">;

/** Null if every worker was given the bytes of the checksum. */
function kindOf({ outcome }: Answer): Kind | null {
  switch (outcome) {
    case "agreed":
    case "pending":
      return null;
    case "disagreed":
    case "moved":
      return outcome;
    case "changed":
    case "absent":
      return "pin-gone";
    case "incomplete":
    case "indistinct":
      return "unreachable";
  }
}

type Words = (answer: Answer, file: FileSubject) => { readonly message: string; readonly next: string };

const WORDS: Readonly<Record<Kind, Words>> = {
  disagreed: ({ summary, finding }, file) => {
    const cause = finding === null ? "" : ` (diagnosis: ${finding.class})`;
    return {
      message: `the workers do not see the same at the URL: ${summary}${cause}`,
      next: `use none of it until it is explained: tofu3 verify ${formatSubject(file)} --keep-evidence DIR keeps what each was given`,
    };
  },
  "pin-gone": ({ outcome, summary }) => ({
    message:
      outcome === "absent"
        ? `there is no such file any more: ${summary}`
        : `the URL does not lead to the bytes of its checksum: ${summary}`,
    next: "ask the publisher what happened to the file, before the checksum is changed; keep a copy of what you depend on",
  }),
  moved: ({ summary }) => ({ message: `the file changed while the workers looked: ${summary}`, next: "run it again" }),
  unreachable: (answer) => ({ message: `the file could not be checked: ${answer.summary}`, next: todo(answer) }),
};
