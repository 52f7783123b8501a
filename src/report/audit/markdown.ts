import { AUDIT_EXITS, type Audit, type AuditFinding } from "../../model/audit.ts";
import { plain } from "../markdown.ts";
import { pageOf, table } from "../page.ts";
import { asides, byKind, placesIn, spotOf } from "./listing.ts";
import { MEANINGS } from "./words.ts";

/** A person reads so many; the JSON has them all. */
const MOST_PLACES = 20;

/** A page to keep, or for the summary of a workflow; text from outside cannot become markup. */
export function renderAuditMarkdown(audit: Audit): string {
  const { outcome, summary, findings, suppressed, unread, workers, tool } = audit;
  const counts = byKind(findings).map(([kind, all]) => [
    kind,
    all[0]?.level ?? "note",
    String(all.length),
    String(placesIn(all)),
    plain(MEANINGS[kind].title),
  ]);
  return pageOf([
    `# tofu3 audit: ${outcome}`,
    `${plain(summary)}; exit code ${AUDIT_EXITS[outcome]}.`,
    counts.length === 0 ? "" : table(["Kind", "Level", "Findings", "Places", "Meaning"], counts),
    ...byKind(findings).map(([kind, all]) => ({
      title: `## ${kind}\n\n${MEANINGS[kind].meaning} ${MEANINGS[kind].todo}`,
      head: ["Reference", "Finding", "Places"],
      rows: all.map(rowOf),
      folded: false,
    })),
    {
      title: "Suppressed",
      head: ["Kind", "Reference", "By", "Reason", "Places"],
      rows: suppressed.map(suppressedRow),
      folded: true,
    },
    {
      title: "Not read",
      head: ["File", "Why"],
      rows: unread.map(({ file, why }) => [plain(file), plain(why)]),
      folded: true,
    },
    `${asides(audit).map(plain).join("; ")}.`,
    `Looked from ${plain(audit.startedAt)} to ${plain(audit.finishedAt)} with ${plain(workers.join(", "))}; tofu3 ${plain(tool.version)}.`,
  ]);
}

function rowOf({ reference, message, next, places }: AuditFinding): readonly string[] {
  const todo = next === null ? "" : `<br>Next: ${plain(next)}.`;
  const more = places.length - MOST_PLACES;
  const spots = places.slice(0, MOST_PLACES).map((place) => plain(spotOf(place)));
  return [
    plain(reference),
    `${plain(message)}.${todo}`,
    [...spots, ...(more > 0 ? [`and ${more} more`] : [])].join("<br>"),
  ];
}

function suppressedRow({ finding, by, reason }: Audit["suppressed"][number]): readonly string[] {
  const [reference = "", , places = ""] = rowOf(finding);
  return [finding.kind, reference, by, plain(reason), places];
}
