import { allSignedText } from "./signed.ts";
import { visible } from "../errors.ts";
import type { Evidence, ToldDifference } from "../model/evidence.ts";
import type { Digest } from "../oci/digest.ts";
import { comeBack, dayRows } from "./days.ts";
import { oddOnes } from "./odd.ts";
import {
  chosenDigests,
  commandText,
  exitDoubt,
  faultText,
  firstPlaces,
  matchesText,
  outcomeWord,
  remarksOf,
  requestText,
  tallyOf,
} from "./tally.ts";
import { pageOf, table, type Listing } from "./page.ts";
import { bytesText } from "./text.ts";

/**
 * A page to keep, or to paste into an issue; text from outside cannot become markup. `again` is the command that would
 * keep what each worker was given.
 */
export function renderMarkdown(evidence: Evidence, again: string | null = null): string {
  const matches = matchesText(evidence);
  const command = commandText(evidence);
  return pageOf([
    `# ${evidence.outcome.toUpperCase()}: ${plain(requestText(evidence.request))}`,
    `${plain(evidence.summary)}.`,
    ...releaseBlocks(evidence),
    command === null ? "" : plain(command),
    matches === null ? "" : `${plain(matches)}.`,
    "## Workers",
    table(["Worker", "Via", "Outcome", "Digest", "Objects", "Bytes", "Note"], workerRows(evidence)),
    ...chosenBlocks(evidence),
    ...differencesBlocks(evidence.differences),
    ...diagnosisBlocks(evidence),
    ...againBlocks(evidence, again),
    ...daysBlocks(evidence),
    ...signedBlocks(evidence),
    ...evidence.notices.map((notice) => `Notice: ${plain(notice)}.`),
    `Looked from ${evidence.startedAt} to ${evidence.finishedAt}, tofu3 ${plain(evidence.tool.version)}.`,
    ...artifactBlocks(evidence),
  ]);
}

function signedBlocks({ signed = [] }: Evidence): string[] {
  const text = allSignedText(signed);
  return text === null ? [] : [`By the VMs themselves: ${plain(text)}.`];
}

const LONGEST_NOTE = 400;

function releaseBlocks({ releaseError }: Evidence): string[] {
  if (releaseError === null) return [];
  const hint = releaseError.hint === null ? "" : ` (${releaseError.hint})`;
  return [plain(`The workers agree, and the release failed: ${releaseError.code}: ${releaseError.message}${hint}`)];
}

function workerRows({ observations, differences }: Evidence): string[][] {
  const odd = oddOnes(differences, observations.length);
  return observations.map((observation) => {
    const { worker, via, digest } = observation;
    const { objects, bytes } = tallyOf(observation.objects);
    const where = odd.get(worker);
    const notes = [where, faultText(observation, observations), ...remarksOf(observation), exitDoubt(observation)];
    return [
      where === undefined ? plain(worker) : `**${plain(worker)}**`,
      via,
      where === undefined ? outcomeWord(observation) : "**differs**",
      code(digest),
      String(objects),
      bytesText(bytes),
      plain(visible(notes.filter((each) => each != null).join(", "), LONGEST_NOTE)),
    ];
  });
}

function chosenBlocks(evidence: Evidence): Listing[] {
  const rows = chosenDigests(evidence).map(([what, digest]) => [plain(what), code(digest)]);
  return [{ title: "## Chosen", head: ["What", "Digest"], rows, folded: false }];
}

/** A command is shown as it is to be pasted. */
function againBlocks({ outcome }: Evidence, again: string | null): string[] {
  if (outcome !== "disagreed" || again === null) return [];
  return ["To keep what each worker is given, run it again so:", `    ${visible(again, 4000)}`];
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

function diagnosisBlocks({ diagnosis, compared }: Evidence): (string | Listing)[] {
  if (diagnosis === null) return [];
  return [
    "## Diagnosis",
    `${plain(diagnosis.class)} (${diagnosis.confidence}): ${plain(diagnosis.explanation)}.`,
    `Next: ${plain(diagnosis.next)}.`,
    ...compared.map(({ at, left, right, changes, more }) => ({
      title: `What differs: ${plain(at)}, ${code(left)} → ${code(right)}${more === 0 ? "" : `, without ${more} more`}`,
      head: ["What", "Left", "Right"],
      rows: changes.map((each) => [plain(each.what), plain(each.left ?? "nothing"), plain(each.right ?? "nothing")]),
      folded: false,
    })),
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

function artifactBlocks({ artifact }: Evidence): Listing[] {
  if (artifact === null) return [];
  const rows = artifact.objects.map((object) => [
    object.role,
    plain(object.platform ?? ""),
    code(object.digest),
    String(object.size),
    plain(object.mediaType),
  ]);
  return [{ title: "Objects", head: ["Role", "Platform", "Digest", "Bytes", "Media type"], rows, folded: true }];
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
