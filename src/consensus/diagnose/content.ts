import type { Because } from "../../model/diagnosis.ts";
import type { Observation } from "../../model/observation.ts";
import { isGenuine } from "../difference.ts";
import type { Case, Rule } from "./case.ts";
import { otherIssuer } from "./issuer.ts";

function isDeceived({ objects }: Observation): boolean {
  return !objects.every(isGenuine);
}

/** An answer with another meaning than content, by its type or by how it begins. */
export function isPage({ evidence }: Observation): boolean {
  const { contentType, head } = evidence.unexpected ?? { contentType: null, head: "" };
  return /^\s*(?:text\/html|application\/xhtml)/i.test(contentType ?? "") || /^\s*<(?:!doctype|html|\?xml)/i.test(head);
}

/** The page that came in place of content, as far as it was noted. */
export function pageIn({ evidence }: Observation): Because {
  const { status, contentType, head } = evidence.unexpected ?? { status: null, contentType: null, head: "" };
  return { kind: "page", status, contentType, head };
}

/** Everything agrees but what mirrors have: at every vantage, which is the publishers' doing, or at some. */
export const mirrored: Rule = ({ verdict, observations }) => {
  if (verdict.outcome !== "disagreed") return null;
  const places = verdict.differences.map(({ path }) => path[1]);
  const mirrors = places.flatMap((step) => (step?.role === "mirror" ? [step.position + 1] : []));
  if (mirrors.length < places.length) return null;
  const odd = observations
    .filter(isDeceived)
    .map(({ worker }) => worker)
    .sort();
  const everywhere = odd.length === observations.length;
  const issuer = everywhere ? null : otherIssuer(observations, odd);
  if (issuer !== null) return { class: "interception", confidence: "likely", odd, because: issuer };
  const because: Because = { kind: "mirror", mirrors: mirrors.toSorted((a, b) => a - b), everywhere };
  return { class: "false-content", confidence: "sure", odd: everywhere ? [] : odd, because };
};

/** Bytes that do not hash to the digest, or are not of the size, that they were requested by. */
export const falseContent: Rule = ({ verdict, observations }: Case) => {
  if (verdict.outcome !== "disagreed") return null;
  const deceived = observations.filter(isDeceived);
  const odd = deceived.map(({ worker }) => worker).sort();
  const [first] = deceived;
  if (first === undefined) return null;
  const issuer = otherIssuer(observations, odd);
  if (issuer !== null) return { class: "interception", confidence: "likely", odd, because: issuer };
  if (deceived.every(isPage)) return { class: "not-content", confidence: "sure", odd, because: pageIn(first) };
  const everywhere = deceived.length === observations.length;
  const because: Because = { kind: "false", everywhere };
  return { class: "false-content", confidence: "sure", odd, because };
};

/** The same bytes, under several types. */
export const otherTypes: Rule = ({ verdict }) => {
  if (verdict.outcome !== "disagreed") return null;
  const labels = verdict.differences.filter(
    ({ views }) =>
      views.length > 1 && new Set(views.map(({ digest, size }) => JSON.stringify([digest, size]))).size === 1,
  );
  const [first] = labels;
  if (first === undefined || labels.length < verdict.differences.length) return null;
  const [most, ...others] = first.views;
  const odd =
    others.length === 1 && most !== undefined
      ? (others[0]?.workers ?? [])
      : first.views.flatMap((each) => each.workers);
  return { class: "mislabelled", confidence: "sure", odd: odd.toSorted(), because: { kind: "types" } };
};
