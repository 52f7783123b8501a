import { Tofu3Error, visible } from "../../errors.ts";
import { FINDING_KINDS, type FindingKind } from "../../model/findingkind.ts";
import { nearest } from "../../nearest.ts";

/** `--fail-on KIND,…`; null if it was not given. Throws E_USAGE. */
export function failOnOf(text: string | null): ReadonlySet<FindingKind> | null {
  if (text === null) return null;
  return new Set(text.split(",").map((word) => kindOf(word.trim())));
}

function kindOf(word: string): FindingKind {
  const kind = FINDING_KINDS.find((each) => each === word);
  if (kind === "unreachable") {
    throw new Tofu3Error("E_USAGE", "--fail-on cannot be unreachable: what could not be checked is no finding", {
      hint: "exit code 21 says that something could not be checked and nothing was found",
    });
  }
  if (kind !== undefined) return kind;
  const meant = nearest(word, [...FINDING_KINDS]);
  throw new Tofu3Error("E_USAGE", `--fail-on knows no kind ${JSON.stringify(visible(word, 100))}`, {
    hint: meant === null ? `one or more of: ${FINDING_KINDS.join(", ")}` : `did you mean: ${meant}`,
  });
}
