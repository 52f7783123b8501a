import { visible } from "../errors.ts";
import type { Evidence, ToldDifference } from "../model/evidence.ts";
import type { Observation } from "../model/observation.ts";
import type { Digest } from "../oci/digest.ts";
import { comeBack, dayRows } from "./days.ts";
import { exitDoubt, firstPlaces, matchesText, remarksOf, requestText, tallyOf } from "./tally.ts";
import { bytesText } from "./text.ts";

/** A page to keep, or to paste into an issue; text from outside cannot become markup. */
export function renderMarkdown(evidence: Evidence): string {
  const matches = matchesText(evidence);
  const blocks = [
    `# ${evidence.outcome.toUpperCase()}: ${plain(requestText(evidence.request))}`,
    `${plain(evidence.summary)}.`,
    ...releaseBlocks(evidence),
    matches === null ? "" : `${plain(matches)}.`,
    "## Workers",
    table(["Worker", "Via", "Outcome", "Digest", "Objects", "Bytes", "Note"], evidence.observations.map(workerRow)),
    ...differencesBlocks(evidence.differences),
    ...diagnosisBlocks(evidence),
    ...daysBlocks(evidence),
    ...evidence.notices.map((notice) => `Notice: ${plain(notice)}.`),
    ...artifactBlocks(evidence),
    `Looked from ${evidence.startedAt} to ${evidence.finishedAt}, tofu3 ${plain(evidence.tool.version)}.`,
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

function releaseBlocks({ releaseError }: Evidence): string[] {
  if (releaseError === null) return [];
  const hint = releaseError.hint === null ? "" : ` (${releaseError.hint})`;
  return [plain(`The workers agree, and the release failed: ${releaseError.code}: ${releaseError.message}${hint}`)];
}

function workerRow(observation: Observation): string[] {
  const { worker, via, outcome, digest, error } = observation;
  const { objects, bytes } = tallyOf(observation.objects);
  const hint = error?.hint == null ? "" : ` (${error.hint})`;
  const fault = error === null ? [] : [`${error.code}: ${error.message}${hint}`];
  const note = [...fault, ...remarksOf(observation), exitDoubt(observation) ?? []].flat().join(", ");
  return [plain(worker), via, outcome, code(digest), String(objects), bytesText(bytes), plain(note)];
}

function differencesBlocks(differences: readonly ToldDifference[]): string[] {
  if (differences.length === 0) return [];
  const { first, more } = firstPlaces(differences);
  const rows = first.flatMap((difference) =>
    difference.views.map((view) => [
      plain(difference.at),
      plain(view.workers.join(", ")),
      code(view.digest),
      bytesText(view.size),
      plain(view.mediaType),
    ]),
  );
  return [
    "## Differences",
    table(["Place", "Workers", "Saw", "Bytes", "Media type"], rows),
    more === null ? "" : `${plain(more)}.`,
  ];
}

function diagnosisBlocks({ diagnosis, compared }: Evidence): string[] {
  if (diagnosis === null) return [];
  return [
    "## Diagnosis",
    `${plain(diagnosis.class)} (${diagnosis.confidence}): ${plain(diagnosis.explanation)}.`,
    `Next: ${plain(diagnosis.next)}.`,
    ...compared.flatMap(({ at, left, right, changes, more }) => [
      `What differs: ${plain(at)}, ${code(left)} → ${code(right)}${more === 0 ? "" : ` (${more} more)`}`,
      table(
        ["What", "Left", "Right"],
        changes.map((each) => [plain(each.what), plain(each.left ?? "nothing"), plain(each.right ?? "nothing")]),
      ),
    ]),
  ];
}

function daysBlocks(evidence: Evidence): string[] {
  const workers = evidence.observations.map(({ worker }) => worker);
  const rows = dayRows(evidence, workers);
  if (rows.length === 0) return [];
  const cells = rows.map(({ day, digests, note }) => [
    plain(day),
    ...digests.map((digest) => code(digest as Digest | null)),
    note,
  ]);
  return [
    "## Days",
    table(["Day", ...workers.map(plain), "Note"], cells),
    ...comeBack(evidence).map((line) => `${plain(line)}.`),
  ];
}

function artifactBlocks({ artifact }: Evidence): string[] {
  if (artifact === null) return [];
  const rows = artifact.objects.map((object) => [
    object.role,
    plain(object.platform ?? ""),
    code(object.digest),
    String(object.size),
    plain(object.mediaType),
  ]);
  return ["## Objects", table(["Role", "Platform", "Digest", "Bytes", "Media type"], rows)];
}

/** Cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Digests need no escaping: their type allows only hex. */
function code(digest: string | null): string {
  return digest === null ? "–" : `\`${digest}\``;
}

/**
 * CommonMark allows a backslash before any ASCII punctuation; characters that GitHub turns into links or mentions
 * become entities.
 */
export function plain(text: string): string {
  return visible(text, 2000)
    .replace(/[\\`*_[\]<>|~&#]/g, (character) => `\\${character}`)
    .replaceAll("@", "&#64;")
    .replaceAll("://", "&#58;//");
}
