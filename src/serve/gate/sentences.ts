import { visible } from "../../errors.ts";
import type { Granted, Hold, Refusal, Refused, Stored, StoredTag, Wish } from "../../model/gate.ts";
import type { Evidence } from "../../model/evidence.ts";
import { verdictText } from "../../report/sentence.ts";
import { shortener } from "../../report/text.ts";
import { textOf } from "./keys.ts";

/** Seconds after which a client that has to come back does so. */
const VERIFYING_AGAIN = 10;
const INCOMPLETE_AGAIN = 30;
const BUSY_AGAIN = 15;

/** When a client may ask again, for each reason that passes by itself. */
const AGAIN: Partial<Record<Refusal, number>> = {
  verifying: VERIFYING_AGAIN,
  incomplete: INCOMPLETE_AGAIN,
  broken: INCOMPLETE_AGAIN,
  busy: BUSY_AGAIN,
  full: INCOMPLETE_AGAIN,
};

export function refused(why: Refusal, sentence: string, verdict: string | null = null): Refused {
  return { kind: "refused", why, sentence: visible(sentence, 600), verdict, retryAfter: AGAIN[why] ?? null };
}

export function granted(object: Stored, notices: readonly string[] = []): Granted {
  return { kind: "granted", object, notices };
}

/** What all vantages together said, short enough to be read in the error of a client. */
export function verdictSentence(evidence: Evidence): string {
  const digests = [
    ...evidence.observations.flatMap(({ digest, objects }) => [
      digest ?? "",
      ...objects.map((each) => each.computed ?? ""),
    ]),
    ...evidence.differences.map(({ expected }) => expected ?? ""),
  ];
  return verdictText(evidence, shortener(digests.filter((each) => each !== "")));
}

/** What is on hold after a disagreement, until a person clears it. */
export function held(wish: Wish, { sentence, since, verdict }: Hold): Refused {
  const how = `on hold since ${since.slice(0, 16)}Z; tofu3 serve clear ${textOf(wish)}`;
  return refused("disagreed", `${sentence} (${how})`, verdict);
}

export function verifying(wish: Wish): Refused {
  return refused("verifying", `still verifying ${textOf(wish)} from all vantages; ask again`);
}

/** For 24 hours after a tag moved. */
export function movedNotice(what: string, { digest, previous }: StoredTag, now: Date): readonly string[] {
  if (previous === null || now.getTime() - Date.parse(previous.until) > DAY_MS) return [];
  const short = shortener([digest, previous.digest]);
  return [`${what} moved from ${short(previous.digest)} to ${short(digest)} on ${previous.until.slice(0, 10)}`];
}

const DAY_MS = 24 * 3600 * 1000;

export function staleNotice({ agreedAt }: StoredTag, sentence: string): string {
  return `as agreed on ${agreedAt.slice(0, 16)}Z; now ${sentence}`;
}
