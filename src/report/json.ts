import type { Change, Diagnosis } from "../model/diagnosis.ts";
import type { History } from "../model/history.ts";
import type { ArtifactObject, Evidence, ToldDifference } from "../model/evidence.ts";
import type { Signed } from "../model/signed.ts";
import type { ExitNote, Fault, Notes, Observation, SeenObject, UnexpectedNote } from "../model/observation.ts";
import type { WitnessNote } from "../model/witness.ts";

/** The `--json` object: the same keys in the same order every time, two spaces, one newline at the end. */
export function renderJson(evidence: Evidence): string {
  return jsonText(jsonOf(evidence));
}

/** An object of `--json` as one of JSON Lines. */
export function onOneLine(json: string): string {
  return `${json.replace(/\n */g, "")}\n`;
}

/** What it holds, as a value. */
export function jsonOf(evidence: Evidence): unknown {
  const { tool, request, artifact, diagnosis, policy, released, releaseError } = evidence;
  return {
    schemaVersion: evidence.schemaVersion,
    tool: { name: tool.name, version: tool.version },
    ...(evidence.run === undefined ? {} : { run: evidence.run }),
    request: {
      reference: request.reference,
      ...(request.mirrors === undefined ? {} : { mirrors: request.mirrors }),
      platform: request.platform,
      osVersion: request.osVersion,
      bottle: request.bottle,
    },
    outcome: evidence.outcome,
    quorum: evidence.quorum,
    summary: evidence.summary,
    reason: evidence.reason,
    startedAt: evidence.startedAt,
    finishedAt: evidence.finishedAt,
    artifact: artifact && {
      digest: artifact.digest,
      mediaType: artifact.mediaType,
      size: artifact.size,
      objects: artifact.objects.map(artifactObject),
    },
    observations: evidence.observations.map(observationOf),
    ...(evidence.signed === undefined ? {} : { signed: evidence.signed.map(signedValue) }),
    differences: evidence.differences.map(differenceOf),
    diagnosis: diagnosis && diagnosisValue(diagnosis),
    compared: evidence.compared.map(({ at, left, right, changes, more }) => {
      return { at, left, right, changes: changes.map(changeValue), more };
    }),
    policy: { distinct: policy.distinct, days: policy.days, onChange: policy.onChange, met: policy.met },
    days: evidence.days.map(({ day, digest, outcome, counts, looks }) => {
      return {
        day,
        digest,
        outcome,
        counts,
        looks: looks.map((look) => ({ worker: look.worker, digest: look.digest })),
      };
    }),
    history: evidence.history && historyValue(evidence.history),
    entered: evidence.entered && { entry: evidence.entered.entry, hash: evidence.entered.hash },
    ...(evidence.witnesses === undefined ? {} : { witnesses: evidence.witnesses.map(witnessNote) }),
    notices: evidence.notices,
    released: released && { format: released.format, path: released.path },
    ...(evidence.command === undefined ? {} : { command: evidence.command }),
    releaseError: releaseError && { code: releaseError.code, message: releaseError.message, hint: releaseError.hint },
    ...(evidence.basis === undefined ? {} : { basis: evidence.basis }),
  };
}

/**
 * JSON with control, format, bidi and line-breaking characters as `\uXXXX`: the same value to a parser, and safe to
 * print on a terminal. Outside strings JSON has none of them but its own newlines.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 2).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`)
      .join(""),
  );
  return `${text}\n`;
}

function diagnosisValue({ class: named, explanation, next, confidence }: Diagnosis): Diagnosis {
  return { class: named, explanation, next, confidence };
}

function changeValue({ what, left, right }: Change): Change {
  return { what, left, right };
}

function historyValue({ last, at, since, change, changes }: History): History {
  return { last, at, since, change, changes: changes.map(changeValue) };
}

function artifactObject(object: ArtifactObject): unknown {
  const { role, digest, mediaType, size, parent, platform, annotations } = object;
  return { role, digest, mediaType, size, parent, platform, annotations: byKey(annotations) };
}

function signedValue({ worker, by, objects, of, authorities, why }: Signed): Signed {
  return { worker, by, objects, of, authorities, why };
}

function observationOf(observation: Observation): unknown {
  const { worker, via, outcome, startedAt, finishedAt, digest, error } = observation;
  return {
    worker,
    via,
    asked: observation.asked,
    outcome,
    startedAt,
    finishedAt,
    digest,
    objects: observation.objects.map(seenObject),
    evidence: notesOf(observation.evidence),
    error: error && faultOf(error),
  };
}

function faultOf({ code, stage, message, hint, choices }: Fault): Fault {
  return { code, stage, message, hint, ...(choices === undefined ? {} : { choices }) };
}

function seenObject(seen: SeenObject): SeenObject {
  return {
    role: seen.role,
    digest: seen.digest,
    computed: seen.computed,
    size: seen.size,
    declaredSize: seen.declaredSize,
    mediaType: seen.mediaType,
    parent: seen.parent,
    position: seen.position,
    platform: seen.platform,
    osVersion: seen.osVersion,
    annotations: byKey(seen.annotations),
    ...(seen.pinned === undefined ? {} : { pinned: seen.pinned }),
    ...(seen.guessed === undefined ? {} : { guessed: seen.guessed }),
  };
}

function notesOf(notes: Notes): Notes {
  return {
    exchanges: notes.exchanges,
    bytes: notes.bytes,
    retries: notes.retries.map(({ url, attempt, code, message, waitedMs, resumedAt }) => {
      return { url, attempt, code, message, waitedMs, resumedAt };
    }),
    redirects: notes.redirects.map(({ from, to, status }) => ({ from, to, status })),
    addresses: notes.addresses,
    claimedDigest: notes.claimedDigest,
    headers: notes.headers,
    certificates: notes.certificates.map(({ host, version, subject, issuer, validFrom, validTo, spki }) => {
      return { host, version, subject, issuer, validFrom, validTo, spki };
    }),
    httpVersion: notes.httpVersion,
    unexpected: notes.unexpected && unexpectedOf(notes.unexpected),
    clockOffsetMs: notes.clockOffsetMs,
    exit: notes.exit && exitOf(notes.exit),
    tools: notes.tools,
    hostKey: notes.hostKey,
    machine: notes.machine,
    boot: notes.boot,
    ...(notes.receipts === undefined
      ? {}
      : { receipts: notes.receipts.map(({ text, signature }) => ({ text, signature })) }),
  };
}

function unexpectedOf({ url, status, contentType, head }: UnexpectedNote): UnexpectedNote {
  return { url, status, contentType, head };
}

function exitOf({ addresses, sources, country, asn, doubt }: ExitNote): ExitNote {
  return { addresses, sources, country, asn, doubt };
}

function differenceOf(difference: ToldDifference): unknown {
  const path = difference.path.map(({ role, position, platform, osVersion, alike }) => ({
    role,
    position,
    platform,
    osVersion,
    alike,
  }));
  const views = difference.views.map(({ digest, size, mediaType, workers }) => ({ digest, size, mediaType, workers }));
  return { at: difference.at, path, expected: difference.expected, views };
}

function byKey(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));
}

function witnessNote({ kind, source, digest, workers, trouble }: WitnessNote): WitnessNote {
  return { kind, source, digest, workers, trouble };
}
