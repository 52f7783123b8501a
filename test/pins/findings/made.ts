import type { AgreedRoot, Answer, Examination, Presence, RootEntry } from "../../../src/model/audit.ts";
import type { Change, DiagnosisClass } from "../../../src/model/diagnosis.ts";
import type { History } from "../../../src/model/history.ts";
import type { Mention, Place, Target } from "../../../src/model/mention.ts";
import type { Outcome, Reason } from "../../../src/model/verdict.ts";
import { parseDigest, type Digest } from "../../../src/oci/digest.ts";
import { formatReference, parseReference } from "../../../src/oci/reference.ts";

export function digest(pattern: string): Digest {
  return parseDigest(`sha256:${pattern.repeat(64).slice(0, 64)}`);
}

export function manifest(pattern: string): AgreedRoot {
  return { digest: digest(pattern), kind: "manifest", entries: [] };
}

/** `index("1", { "linux/amd64": "a" })` */
export function index(pattern: string, entries: Readonly<Record<string, string>>): AgreedRoot {
  return { digest: digest(pattern), kind: "index", entries: Object.entries(entries).map(entryOf) };
}

function entryOf([platform, pattern]: readonly [string, string]): RootEntry {
  return { digest: digest(pattern), platform, bottle: null, bottleDigest: null };
}

/** `bottles("1", { big_sur: "a" })` */
export function bottles(pattern: string, entries: Readonly<Record<string, string>>): AgreedRoot {
  const listed = Object.entries(entries).map(([bottle, file], at) => {
    return { digest: digest(`${at}b`), platform: "darwin/arm64", bottle, bottleDigest: digest(file) };
  });
  return { digest: digest(pattern), kind: "index", entries: listed };
}

export function answer(outcome: Outcome, changes: Partial<Answer> = {}): Answer {
  const summary = `${outcome}: ${JSON.stringify(changes)}`;
  return { outcome, summary, reason: null, finding: null, root: null, history: null, fault: null, ...changes };
}

export function agreed(root: AgreedRoot, history: History | null = null): Answer {
  return answer("agreed", { root, history });
}

export function because(outcome: Outcome, named: DiagnosisClass, root: AgreedRoot | null = null): Answer {
  const finding = { class: named, confidence: "sure", odd: [], because: { kind: "unknown" } } as const;
  return answer(outcome, { finding, root });
}

export function absent(root: AgreedRoot | null = null): Answer {
  return answer("absent", { reason: { kind: "absence", root: root?.digest ?? null }, root });
}

export function changed(reason: Reason, root: AgreedRoot): Answer {
  return answer("changed", { reason, root });
}

export function past(change: History["change"], changes: readonly Change[] = []): History {
  return {
    last: digest("9"),
    at: "2026-11-20T07:17:00.000Z",
    since: "2026-11-01T07:17:00.000Z",
    change,
    changes,
  };
}

export function added(...what: readonly string[]): readonly Change[] {
  return what.map((each) => ({ what: each, left: null, right: digest("e") }));
}

export function place(file = "Dockerfile", line = 1): Place {
  return { file, line, column: 6, endLine: line, endColumn: 20 };
}

export function mention(text: string, changes: Partial<Mention> = {}): Mention {
  return {
    source: "dockerfile",
    place: place(),
    text,
    target: changes.target ?? { kind: "reference", reference: parseReference(text) },
    comment: null,
    ignores: [],
    pinning: { kind: "edits", edits: [] },
    ...changes,
  };
}

export function bottle(text: string, tag: string, pattern: string, changes: Partial<Mention> = {}): Mention {
  const target: Target = { kind: "bottle", reference: parseReference(text), bottle: { tag, digest: digest(pattern) } };
  return mention(text, { source: "formula", target, ...changes });
}

export function examination(text: string, changes: Partial<Examination> = {}): Examination {
  return {
    reference: parseReference(text),
    tag: null,
    pin: null,
    claims: new Map<string, Answer>(),
    blobs: new Map<Digest, Presence>(),
    notAsked: null,
    ...changes,
  };
}

export function byReference(...all: readonly Examination[]): ReadonlyMap<string, Examination> {
  return new Map(all.map((each) => [formatReference(each.reference), each]));
}
