import { Tofu3Error, visible } from "../../errors.ts";
import { FINDING_KINDS, type FindingKind } from "../../model/findingkind.ts";
import { nearest } from "../../nearest.ts";
import { NEVER } from "./level.ts";

const KINDS: readonly FindingKind[] = FINDING_KINDS.filter((kind) => kind !== NEVER);

/** The kinds of `--fail-on KIND,…`. Throws E_USAGE. */
export function parseFailOn(text: string): ReadonlySet<FindingKind> {
  return new Set(text.split(",").map((word) => kindOf(word.trim())));
}

function kindOf(word: string): FindingKind {
  const kind = FINDING_KINDS.find((each) => each === word);
  if (kind === undefined) {
    const meant = nearest(word, KINDS);
    throw new Tofu3Error("E_USAGE", `--fail-on: "${visible(word, 80)}" is no kind of finding`, {
      hint: meant === null ? `the kinds are ${KINDS.join(", ")}` : `did you mean ${meant}?`,
    });
  }
  if (kind === NEVER) {
    throw new Tofu3Error("E_USAGE", `--fail-on: "${kind}" is never a finding about security, and never fails`, {
      hint: "exit code 21 says that something could not be checked and nothing was found",
    });
  }
  return kind;
}
