import type { AnyExamination, AuditFinding, Suppressed } from "../../model/audit.ts";
import { FINDING_KINDS, type FindingKind } from "../../model/findingkind.ts";
import type { Ignore, Mention, Place } from "../../model/mention.ts";
import { formatListed } from "../../model/listed.ts";
import { formatSubject } from "../../model/subject.ts";
import { formatReference } from "../../oci/reference.ts";
import { disagreed, falseBottle, hollowIndex, mislabelled, moved, pinGone } from "./alarms.ts";
import { baselineKey, type Baseline } from "./baseline.ts";
import { caseOf, type Rule, type Said } from "./case.ts";
import { tagDigestComment } from "./comment.ts";
import { changedSinceLedger, grew, platformPin, stalePin } from "./drift.ts";
import { saidOfFile } from "./files.ts";
import { saidOfListed } from "./listed.ts";
import { ALARM, failsOn, levelOf } from "./level.ts";
import { unreachable, unresolved } from "./unchecked.ts";
import { floatingTag, unpinned } from "./unpinned.ts";

export interface FindingOptions {
  /** Null for what fails by itself. */
  readonly failOn: ReadonlySet<FindingKind> | null;
  readonly baseline: Baseline | null;
  readonly honourComments: boolean;
}

export interface Findings {
  readonly findings: readonly AuditFinding[];
  readonly suppressed: readonly Suppressed[];
}

const RULES: readonly Rule[] = [
  ...[disagreed, falseBottle, mislabelled, pinGone, hollowIndex, moved],
  ...[changedSinceLedger, tagDigestComment, platformPin],
  ...[floatingTag, unpinned, stalePin, grew, unreachable],
];

/** One thing that is said of one place. */
interface Remark extends Said {
  readonly reference: string;
  readonly place: Place;
  readonly hidden: { readonly by: Suppressed["by"]; readonly reason: string } | null;
}

/**
 * What there is to know about what the files name: a finding for each kind, reference and message, with all of its
 * places, the gravest first. Examinations are by `formatReference`, those of files by `formatSubject`, those
 * of what is listed by `formatListed`.
 */
export function findingsOf(
  mentions: readonly Mention[],
  examinations: ReadonlyMap<string, AnyExamination>,
  options: FindingOptions,
): Findings {
  const remarks = mentions.flatMap((mention) => remarksOn(mention, examinations, options));
  const groups = new Map<string, Remark[]>();
  for (const remark of remarks) {
    const { kind, reference, message, hidden } = remark;
    const key = JSON.stringify([kind, reference, message, hidden?.by, hidden?.reason]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [remark]);
    else group.push(remark);
  }
  const all = [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ finding: findingOf(first, group, options), hidden: first.hidden }];
  });
  all.sort((left, right) => compareFindings(left.finding, right.finding) || compareHidden(left.hidden, right.hidden));
  return {
    findings: all.filter(({ hidden }) => hidden === null).map(({ finding }) => finding),
    suppressed: all.flatMap(({ finding, hidden }) => (hidden === null ? [] : [{ finding, ...hidden }])),
  };
}

function remarksOn(
  mention: Mention,
  examinations: ReadonlyMap<string, AnyExamination>,
  options: FindingOptions,
): readonly Remark[] {
  const { place } = mention;
  const reference = nameOf(mention);
  return saidOf(mention, examinations).map((each) => {
    return { ...each, reference, place, hidden: hiddenBy(each.kind, reference, mention, options) };
  });
}

function nameOf({ target, text }: Mention): string {
  if (target.kind === "unresolved") return text;
  if (target.kind === "listed") return formatListed(target.listed);
  return target.kind === "file" ? formatSubject(target.file) : formatReference(target.reference);
}

function saidOf(mention: Mention, examinations: ReadonlyMap<string, AnyExamination>): readonly Said[] {
  const { target } = mention;
  if (target.kind === "unresolved") return [unresolved(target.why)];
  if (target.kind === "file") return saidOfFile(target.file, examinations.get(formatSubject(target.file)));
  if (target.kind === "listed")
    return saidOfListed(mention, target.listed, examinations.get(formatListed(target.listed)));
  return RULES.flatMap((rule) => rule(caseOf(mention, target, examinations)));
}

function hiddenBy(
  kind: FindingKind,
  reference: string,
  { ignores, place }: Mention,
  { honourComments, baseline }: FindingOptions,
): Remark["hidden"] {
  if (kind === ALARM) return null;
  const ignore: Ignore | undefined = honourComments ? ignores.find(({ kinds }) => kinds.includes(kind)) : undefined;
  if (ignore !== undefined) return { by: "comment", reason: ignore.reason };
  const known = baseline?.has(baselineKey(kind, reference, place.file)) === true;
  return known ? { by: "baseline", reason: "it is in the baseline" } : null;
}

function findingOf(
  { kind, reference, message, next, digest, hidden }: Remark,
  group: readonly Remark[],
  { failOn }: FindingOptions,
): AuditFinding {
  const places = new Map(group.map(({ place }) => [JSON.stringify(coordinates(place)), place]));
  return {
    kind,
    level: levelOf(kind, failOn),
    reference,
    message,
    next,
    digest,
    fails: hidden === null && failsOn(kind, failOn),
    places: [...places.values()].sort(comparePlaces),
  };
}

/** The gravest kind first, then by reference and message. */
function compareFindings(left: AuditFinding, right: AuditFinding): number {
  return (
    FINDING_KINDS.indexOf(left.kind) - FINDING_KINDS.indexOf(right.kind) ||
    compareTexts(left.reference, right.reference) ||
    compareTexts(left.message, right.message)
  );
}

function compareHidden(left: Remark["hidden"], right: Remark["hidden"]): number {
  return compareTexts(JSON.stringify(left), JSON.stringify(right));
}

function comparePlaces(left: Place, right: Place): number {
  return (
    compareTexts(left.file, right.file) ||
    left.line - right.line ||
    left.column - right.column ||
    left.endLine - right.endLine ||
    left.endColumn - right.endColumn
  );
}

function coordinates({ file, line, column, endLine, endColumn }: Place): readonly (string | number)[] {
  return [file, line, column, endLine, endColumn];
}

function compareTexts(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
