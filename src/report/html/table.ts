import { html, NOTHING, type Html, type Part } from "./markup.ts";

export interface TableParts {
  /** Left out where a heading says it. */
  readonly caption?: Part;
  readonly head: readonly Part[];
  /** The first cell of each row is its heading. */
  readonly rows: readonly (readonly Part[])[];
}

export function renderRows({ caption, head, rows }: TableParts): Html {
  if (rows.length === 0) return NOTHING;
  return html`<table>
${
  caption === undefined
    ? NOTHING
    : html`<caption>${caption}</caption>
`
}<thead><tr>${head.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
<tbody>
${rows.map(renderRow)}</tbody>
</table>
`;
}

function renderRow([first = "", ...others]: readonly Part[]): Html {
  return html`<tr><th scope="row">${first}</th>${others.map((each) => html`<td>${each}</td>`)}</tr>
`;
}
