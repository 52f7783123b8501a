import type { Location, Log, Notification, PhysicalLocation, ReportingDescriptor, Result } from "sarif";
import { visible } from "../../errors.ts";
import { AUDIT_EXITS, type Audit, type AuditFinding, type Suppressed } from "../../model/audit.ts";
import { FINDING_KINDS, type FindingKind } from "../../model/findingkind.ts";
import type { Place } from "../../model/mention.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { LEVEL_OF, UNCHECKED } from "../../pins/findings/level.ts";
import { jsonText } from "../json.ts";
import { MEANINGS } from "./words.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/** Where the search began. */
const BASE = "%SRCROOT%";
const LONGEST = 2000;

/** SARIF 2.1.0: a rule for each kind, and a result for each place of each finding. */
export function renderAuditSarif(audit: Audit): string {
  const { tool, outcome, startedAt, finishedAt } = audit;
  const log: Log = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: tool.name,
            version: tool.version,
            semanticVersion: tool.version,
            rules: FINDING_KINDS.map(ruleOf),
          },
        },
        columnKind: "utf16CodeUnits",
        originalUriBaseIds: { [BASE]: { description: { text: "the folder in which the search began" } } },
        invocations: [
          {
            executionSuccessful: true,
            exitCode: AUDIT_EXITS[outcome],
            exitCodeDescription: outcome,
            startTimeUtc: startedAt,
            endTimeUtc: finishedAt,
            toolExecutionNotifications: audit.unread.map(notificationOf),
          },
        ],
        results: resultsOf(audit),
      },
    ],
  };
  return jsonText(log);
}

function ruleOf(kind: FindingKind): ReportingDescriptor {
  const { title, meaning, todo } = MEANINGS[kind];
  return {
    id: kind,
    name: kind.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: `${title}.` },
    fullDescription: { text: meaning.replaceAll("`", "") },
    help: { text: `${meaning} ${todo}`.replaceAll("`", ""), markdown: `${meaning}\n\n**What to do:** ${todo}` },
    defaultConfiguration: { level: isOpen(kind) ? "none" : LEVEL_OF[kind] },
    properties: { tags: isOpen(kind) ? ["supply-chain"] : ["security", "supply-chain"], precision: "high" },
  };
}

/** There is not enough known to say whether there is a problem. SARIF 2.1.0 §3.27.9 */
function isOpen(kind: FindingKind): boolean {
  return UNCHECKED.includes(kind);
}

/** The same problem on the same reference in the same file stays the same result, wherever in the file it stands. */
function resultsOf({ findings, suppressed }: Audit): Result[] {
  const seen = new Map<string, number>();
  const of = (finding: AuditFinding, hidden: Suppressed | null): Result[] =>
    finding.places.map((place) => {
      const name = JSON.stringify([finding.kind, finding.reference, place.file]);
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      return resultOf(finding, place, hexOf(digestOf(Buffer.from(`${name} ${count}`))), hidden);
    });
  return [...findings.flatMap((each) => of(each, null)), ...suppressed.flatMap((each) => of(each.finding, each))];
}

function resultOf(
  { kind, level, reference, message, next, digest }: AuditFinding,
  place: Place,
  fingerprint: string,
  hidden: Suppressed | null,
): Result {
  const todo = next === null ? "" : `\n${visible(next, LONGEST)}.`;
  return {
    ruleId: kind,
    ruleIndex: FINDING_KINDS.indexOf(kind),
    kind: isOpen(kind) ? "open" : "fail",
    level: isOpen(kind) ? "none" : level,
    message: { text: plain(`${visible(reference, LONGEST)}: ${visible(message, LONGEST)}.${todo}`) },
    locations: [locationOf(place)],
    partialFingerprints: { "tofu3/v1": fingerprint },
    ...(hidden === null ? {} : { suppressions: [suppressionOf(hidden)] }),
    properties: { reference, ...(digest === null ? {} : { digest }) },
  };
}

function suppressionOf({ by, reason }: Suppressed): NonNullable<Result["suppressions"]>[number] {
  return {
    kind: by === "comment" ? "inSource" : "external",
    status: "accepted",
    justification: visible(reason, LONGEST),
  };
}

function locationOf({ file, line, column, endLine, endColumn }: Place): Location {
  const region = { startLine: line, startColumn: column, endLine, endColumn };
  return { physicalLocation: { ...physical(file), region } };
}

function notificationOf({ file, why }: Audit["unread"][number]): Notification {
  const text = plain(`not read: ${visible(why, LONGEST)}`);
  return { level: "note", message: { text }, locations: [{ physicalLocation: physical(file) }] };
}

/** Every character that is not plain is percent-encoded, so that no part of a path is a scheme or a query. */
function physical(file: string): PhysicalLocation {
  const uri = file
    .split("/")
    .map((part) => encodeURIComponent(part.replace(/\p{Cs}/gu, "\ufffd")))
    .join("/");
  return { artifactLocation: { uri, uriBaseId: BASE } };
}

/** Brackets would be links, and braces placeholders. SARIF 2.1.0 §3.11.5, §3.11.6 */
function plain(text: string): string {
  return text.replace(/[\\[\]]/g, "\\$&").replace(/[{}]/g, "$&$&");
}
