import { judgementOf } from "../consensus/diagnose/judgement.ts";
import type { Basis } from "../model/basis.ts";
import type { Evidence } from "../model/evidence.ts";
import { formatSelection, parseSelection } from "../model/job.ts";
import { rootOf, type Asked, type Observation } from "../model/observation.ts";
import type { Contradiction, Rejudged } from "../model/rejudged.ts";
import { isFile, parseSubject, pinOf } from "../model/subject.ts";
import { evidenceOf } from "../report/evidence.ts";
import { jsonOf } from "../report/json.ts";
import { contradictionAt, first } from "./contradiction.ts";
import { knownFrom, type Known } from "./knowledge.ts";

/** The same rules on the same facts, by nothing but the report itself. */
export function rejudge(told: Evidence & { readonly basis: Basis }): Rejudged {
  const { observations, policy, tool, startedAt, finishedAt, request, entered } = told;
  const [asked] = observations;
  const known: Known =
    asked === undefined
      ? { past: null, probes: null, lacks: false, contradiction: null }
      : knownFrom(told.basis, asked.asked);
  const { past, probes } = known;
  const judged = judgementOf({ observations, roots: new Map(), probes, layers: [] }, policy, past);
  const facts = { request, observations, policy, past, probes, entered, startedAt, finishedAt };
  const untold = { remarks: [], released: null, releaseError: null };
  const evidence = evidenceOf({ ...judged, ...facts, ...untold, version: tool.version, run: told.run });
  const isRedacted = observations.some(hasHashes);
  const contradiction =
    first(observations.map((each, at) => () => oddObservation(told, each, `observations[${at}]`, isRedacted))) ??
    known.contradiction ??
    witnessContradiction(told) ??
    (isRedacted ? redactedContradiction(told, evidence) : contradictionIn(told, evidence, known));
  return {
    evidence,
    says: told.outcome,
    contradiction,
    signedBy: [],
    unsure: unsureOf(told, evidence, { isRedacted, lacks: known.lacks }),
  };
}

/** What one worker reports is about what was asked, in the time of the verification, and its digest is that of its root. */
function oddObservation(
  { request, startedAt, finishedAt }: Evidence,
  observation: Observation,
  at: string,
  isRedacted: boolean,
): Contradiction | null {
  const { asked, digest, objects } = observation;
  const root = rootOf(objects)?.computed ?? null;
  const cut = (time: string): string => (isRedacted ? time.slice(0, "2026-01-01".length) : time);
  const [from, to] = [cut(startedAt), cut(finishedAt)];
  const isIn = from <= cut(observation.startedAt) && cut(observation.finishedAt) <= to;
  return (
    contradictionAt(`${at}.asked`, asked, questionOf(request, asked)) ??
    contradictionAt(`${at}.digest`, digest, root) ??
    (isIn ? null : { at: `${at}.startedAt`, says: observation.startedAt, follows: `between ${from} and ${to}` })
  );
}

/** Null for what nobody can ask. Where the reference has no pin, a lock may have one: it only asks for more. */
function questionOf(request: Evidence["request"], asked: Asked): Asked | null {
  try {
    const subject = parseSubject(request.reference);
    const pin = pinOf(subject) ?? pinOf(asked);
    const { mirrors } = request;
    const more = isFile(subject) && mirrors !== undefined ? { mirrors } : {};
    const held = "digest" in subject ? {} : { pin };
    return { ...subject, ...held, ...more, ...formatSelection(parseSelection(request)) };
  } catch {
    return null;
  }
}

/** Words are not compared: other versions have others. */
function contradictionIn(told: Evidence, evidence: Evidence, { past, lacks }: Known): Contradiction | null {
  const [says, follows] = [told, evidence].map(jsonOf) as [Facts, Facts];
  const at = (key: keyof Facts): (() => Contradiction | null) => {
    return () => contradictionAt(key, says[key], follows[key]);
  };
  return first([
    ...(["outcome", "quorum", "reason", "artifact", "differences", "days"] as const).map(at),
    () => contradictionAt("policy.met", told.policy.met, evidence.policy.met),
    () => (told.signed === undefined ? null : contradictionAt("signed", told.signed, evidence.signed)),
    () => contradictionAt("history", told.history, historyOf(evidence, past?.depth === "root")),
    ...(lacks
      ? []
      : [
          () => contradictionAt("diagnosis", classOf(told), classOf(evidence)),
          // after these come those of blobs that were kept, which the report does not have
          () => contradictionAt("compared", told.compared.slice(0, evidence.compared.length), evidence.compared),
        ]),
  ]);
}

/** What a witness says is a pin: nothing else can have been agreed on. The server's own word is none. */
function witnessContradiction({ artifact, witnesses = [] }: Evidence): Contradiction | null {
  const pins = witnesses.flatMap(({ kind, digest }) => (kind === "repr-digest" || digest === null ? [] : [digest]));
  const odd = artifact === null ? undefined : pins.find((digest) => digest !== artifact.digest);
  return odd === undefined ? null : contradictionAt("witnesses", odd, artifact?.digest);
}

type Facts = Readonly<Record<"outcome" | "quorum" | "reason" | "artifact" | "differences" | "days", unknown>>;

function classOf({ diagnosis }: Evidence): unknown {
  return diagnosis && { class: diagnosis.class, confidence: diagnosis.confidence };
}

/** Where only roots were looked at, what changed below them is told by documents that the report does not have. */
function historyOf({ history }: Evidence, isShallow: boolean): unknown {
  if (history === null || !isShallow) return history;
  const { last, at, since, change } = history;
  return { last, at, since, change };
}

/** Bytes are not redacted; who saw them, and when, is. */
function redactedContradiction(told: Evidence, evidence: Evidence): Contradiction | null {
  const says = BYTES_AGREE.has(told.outcome);
  const follows = BYTES_AGREE.has(evidence.outcome);
  return (
    (says === follows ? null : contradictionAt("outcome", told.outcome, evidence.outcome)) ??
    contradictionAt("differences", told.differences, evidence.differences) ??
    (evidence.artifact === null ? null : contradictionAt("artifact", told.artifact, evidence.artifact))
  );
}

const BYTES_AGREE: ReadonlySet<string> = new Set(["agreed", "pending", "indistinct"]);
const HASH = /^hash:/;

function hasHashes({ evidence }: Observation): boolean {
  const { hostKey, machine, boot, exit, addresses } = evidence;
  return [hostKey, machine, boot, ...(exit?.addresses ?? []), ...addresses].some((each) => HASH.test(each ?? ""));
}

function unsureOf(
  told: Evidence,
  evidence: Evidence,
  { isRedacted, lacks }: { readonly isRedacted: boolean; readonly lacks: boolean },
): readonly string[] {
  return [
    ...(isRedacted && told.outcome !== evidence.outcome
      ? [`it says ${told.outcome}; what it was redacted of would have to be there to check that`]
      : []),
    ...(lacks ? ["documents were left out of it, so its diagnosis cannot be checked"] : []),
  ];
}
