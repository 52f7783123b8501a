import { visible } from "../../errors.ts";
import type { Change, Comparison } from "../../model/diagnosis.ts";
import type { Evidence, ToldDifference } from "../../model/evidence.ts";
import type { View } from "../../model/verdict.ts";
import { isDigest } from "../../oci/digest.ts";
import { firstPlaces } from "../tally.ts";
import { bytesText, counted, listed, shortener } from "../text.ts";
import { html, NOTHING, type Html, type Part } from "./markup.ts";
import { renderRows } from "./table.ts";

const MOST_COMPARED = 20;

/** The places that differ, the topmost first, and what of them differs; empty where nothing does. */
export function renderDifferences({ differences, compared }: Evidence): Html {
  const { first, more } = firstPlaces(differences);
  return html`${first.map(place)}${
    more === null
      ? NOTHING
      : html`<p>${more}.</p>
`
  }${compared
    .filter(({ changes }) => changes.length > 0)
    .slice(0, MOST_COMPARED)
    .map(comparison)}`;
}

function place({ at, expected, views }: ToldDifference): Html {
  const asked = expected === null ? NOTHING : html`, asked for as <code>${expected}</code>`;
  return renderRows({
    caption: html`<b>${at}</b>${asked}`,
    head: ["Worker", "Was given"],
    rows: views.map((view) => [listed(view.workers), given(view)]),
  });
}

function given({ digest, size, mediaType }: View): Part {
  if (mediaType === "") return "nothing";
  const what = digest === null ? html`other bytes` : html`<code>${digest}</code>`;
  return html`${what} <small>${bytesText(size)}, ${mediaType}</small>`;
}

function comparison({ at, left, right, changes, more }: Comparison): Html {
  const short = shortener([left, right, ...changes.flatMap(digestsIn)]);
  const tell = (value: string | null): Part =>
    value === null ? "nothing" : isDigest(value) ? html`<code>${short(value)}</code>` : visible(value, LONGEST);
  return html`${renderRows({
    caption: html`What differs in <b>${at}</b>`,
    head: ["What", html`in <code>${short(left)}</code>`, html`in <code>${short(right)}</code>`],
    rows: changes.map((each) => [each.what, tell(each.left), tell(each.right)]),
  })}${
    more === 0
      ? NOTHING
      : html`<p>and ${counted(more, "more change")}.</p>
`
  }`;
}

const LONGEST = 500;

function digestsIn({ left, right }: Change): readonly string[] {
  return [left, right].filter((each) => each !== null && isDigest(each));
}
