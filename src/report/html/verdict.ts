import type { Evidence } from "../../model/evidence.ts";
import { hostKeyDoubt } from "../../model/impostor.ts";
import type { Outcome } from "../../model/verdict.ts";
import { comeBack } from "../days.ts";
import { PLAIN } from "../paint.ts";
import { chosenDigests, commandText, matchesText, requestText } from "../tally.ts";
import { paintOf, verdictSentence } from "../verdictline.ts";
import { html, NOTHING, type Html, type Part } from "./markup.ts";

/** As the terminal colours it; the page always says it in words, too. */
export type Tone = "good" | "bad" | "unsure";

const TONES = { ...PLAIN, good: () => "good", bad: () => "bad", unsure: () => "unsure" };

export function toneOf(outcome: Outcome): Tone {
  return paintOf(outcome, TONES)("") as Tone;
}

/** What was asked, the verdict, what happened and what to do: all that most readers need. */
export function renderVerdict(evidence: Evidence, again: string | null): Html {
  const { outcome, request } = evidence;
  const tone = toneOf(outcome);
  return html`<p class="top"><span>tofu3</span><span>${requestText(request)}</span></p>
<div class="band ${tone}">
<h1>${SIGNS[tone]}${outcome}</h1>
<p>${verdictSentence(evidence)}.</p>
</div>
${told([
  ["What happened", happened(evidence)],
  ["What to do", todo(evidence)],
  ["To keep the bytes", keeping(evidence, again)],
  ["Take note", evidence.notices.map((notice) => html`<p>${notice}.</p>`)],
  ["Command", line(commandText(evidence))],
  ["Selection", selection(evidence)],
])}`;
}

/** A check mark, a cross, an exclamation mark. */
const SIGNS: Readonly<Record<Tone, Html>> = {
  good: html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 13l5 5L20 6"/></svg>`,
  bad: html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 5l14 14M19 5L5 19"/></svg>`,
  unsure: html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4v11M12 20v.1"/></svg>`,
};

function told(facts: readonly (readonly [title: string, said: readonly Html[]])[]): Html {
  const all = facts.filter(([, said]) => said.length > 0);
  if (all.length === 0) return NOTHING;
  return html`<dl class="told">
${all.map(
  ([title, said]) => html`<dt>${title}</dt><dd>${said}</dd>
`,
)}</dl>
`;
}

function happened({ diagnosis, observations }: Evidence): readonly Html[] {
  const doubts = observations.flatMap(({ worker, error }) => {
    const doubt = hostKeyDoubt(error);
    return doubt === null
      ? []
      : [html`<p><strong>The host key of ${worker} ${doubt}:</strong> it may be another machine.</p>`];
  });
  if (diagnosis === null) return doubts;
  const { class: named, confidence, explanation } = diagnosis;
  return [...doubts, html`<p>${explanation}. <small>(${named}, ${confidence})</small></p>`];
}

function todo(evidence: Evidence): readonly Html[] {
  const { diagnosis, outcome, released, releaseError, artifact, command } = evidence;
  if (releaseError !== null) {
    const hint = releaseError.hint === null ? "" : `; ${releaseError.hint}`;
    return line(`The release failed: ${releaseError.message} (${releaseError.code})${hint}.`);
  }
  if (diagnosis !== null) return line(`${diagnosis.next}.`);
  const days = comeBack(evidence);
  if (days.length > 0) return days.map((each) => html`<p>${each}</p>`);
  if (outcome !== "agreed" || artifact === null || command !== undefined) return [];
  return released === null
    ? [html`<p>Use it by its digest, so that you get what was compared: <code>${artifact.digest}</code></p>`]
    : [html`<p>Use what was released: <code>${`${released.format}:${released.path}`}</code></p>`];
}

/** A command is shown as it is to be pasted. */
function keeping({ outcome }: Evidence, again: string | null): readonly Html[] {
  if (outcome !== "disagreed" || again === null) return [];
  return [html`<p>Run it again so, and what each worker is given is kept:</p><pre>${again}</pre>`];
}

const MOST_CHOSEN = 20;

function selection(evidence: Evidence): readonly Html[] {
  const chosen = chosenDigests(evidence);
  const more = chosen.length - MOST_CHOSEN;
  return [
    ...line(matchesText(evidence)),
    ...chosen.slice(0, MOST_CHOSEN).map(([what, digest]) => html`<p>${what}: <code>${digest}</code></p>`),
    ...(more > 0 ? line(`… and ${more} more: --json lists them all`) : []),
  ];
}

function line(text: Part | null): readonly Html[] {
  return text === null ? [] : [html`<p>${text}</p>`];
}
