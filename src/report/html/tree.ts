import { visible } from "../../errors.ts";
import type { Evidence } from "../../model/evidence.ts";
import type { SeenObject } from "../../model/observation.ts";
import { stepText } from "../place.ts";
import { bytesText, counted } from "../text.ts";
import { html, NOTHING, type Html } from "./markup.ts";
import { byState, familiesOf, type Family, type Mark, type Place, type State } from "./places.ts";

/** Rows in all: the page has to open at once, and to go by mail. The JSON report has every object. */
const MOST = 2000;

/** What each worker saw of every object, what differs first; what all saw alike is folded away. */
export function renderTree(evidence: Evidence): Html {
  const families = familiesOf(evidence);
  if (families.length === 0) return NOTHING;
  const workers = evidence.observations.map(({ worker }) => worker);
  const all = families.reduce((sum, { places }) => sum + places.length, 0);
  let room = MOST;
  const shown = families.flatMap((family) => {
    const places = byState(family.places).slice(0, room);
    room -= places.length;
    return places.length === 0 ? [] : [renderFamily(family, places, workers, families.length === 1)];
  });
  const cut =
    all <= MOST
      ? NOTHING
      : html`<p>This page has ${MOST} of them, what differs first; ${all - MOST} are left out, and the JSON report has them all.</p>
`;
  return html`<p>${counted(all, "object")} in ${counted(families.length, "document")}: ${MEANINGS}</p>
${cut}${shown}`;
}

const MEANINGS = html`<span class="good">✓ saw</span> the bytes of that digest, <span class="bad">≠ other</span> bytes than were asked for, <span class="unsure">– not</span> seen: not there, or not reached.`;

function renderFamily(
  { places, state, digest }: Family,
  shown: readonly Place[],
  workers: readonly string[],
  alone: boolean,
): Html {
  const [first] = places;
  const name = first?.seen.digest === digest ? nameOf(first.seen) : "what a document lists that no worker saw";
  const more = places.length - shown.length;
  const open = state === "differs" || alone ? html` open` : NOTHING;
  return html`<details${open}><summary><b>${name}</b>: ${counted(places.length, "object")}, ${STATES[state]}</summary>
<table class="tree">
<caption><code>${digest}</code></caption>
<thead><tr><th scope="col">Object</th>${workers.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
<tbody>
${shown.map(row)}</tbody>
</table>
${
  more === 0
    ? NOTHING
    : html`<p>${counted(more, "more object")} of it left out.</p>
`
}</details>
`;
}

const STATES: Readonly<Record<State, Html>> = {
  differs: html`<span class="bad">≠ differs</span>`,
  partly: html`<span class="unsure">– not seen by all</span>`,
  alike: html`<span class="good">✓ all alike</span>`,
};

const LONGEST = 100;

function row({ seen, marks, state }: Place): Html {
  const odd = state === "differs" ? html` class="odd"` : NOTHING;
  return html`<tr${odd}><th scope="row">${nameOf(seen)} <small>${bytesText(seen.size)}, ${visible(seen.mediaType, LONGEST)}</small><code>${seen.digest}</code></th>${marks.map((mark) => MARKS[mark])}</tr>
`;
}

/** Never by colour alone. */
const MARKS: Readonly<Record<Mark, Html>> = {
  saw: html`<td class="good">✓ saw</td>`,
  other: html`<td class="bad">≠ other</td>`,
  none: html`<td class="unsure">– not</td>`,
};

function nameOf({ role, position, platform, osVersion, parent }: SeenObject): string {
  if (parent === null) return role;
  const isDocument = role === "index" || role === "manifest";
  return stepText({ role, position, platform: isDocument ? platform : null, osVersion, alike: false });
}
