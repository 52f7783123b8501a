import { html } from "./markup.ts";

/** Light and dark by the reader's own setting; every pair of colours has a contrast of 4.5 or more. */
export const STYLE = html`
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b1f24; --faint: #57606a; --line: #d4d9df; --panel: #f5f7f9; --link: #0b57a4;
  --good: #17633a; --bad: #a3160f; --unsure: #7a4a00;
  --band-text: #ffffff; --good-band: #17633a; --bad-band: #a3160f; --unsure-band: #7a4a00; --bar: #3c78b4;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --text: #e4e7ea; --faint: #a2abb5; --line: #3a4149; --panel: #1d2125; --link: #8fc1f7;
    --good: #7fd6a0; --bad: #ff9d94; --unsure: #f3c26b;
    --good-band: #16502f; --bad-band: #86150f; --unsure-band: #634009; --bar: #6aa5de;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 72rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: anywhere;
}
h1, h2, h3, p, dl, ol, ul, dd { margin: 0; padding: 0; }
h2 { margin: 2.5rem 0 0.75rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 1.25rem; line-height: 1.3; }
h3 { margin: 1.25rem 0 0.5rem; font-size: 1rem; }
p + p, p + ul, ul + p, p + table { margin-top: 0.6rem; }
ul { padding-left: 1.25rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
code, pre { font: 0.875em/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { margin: 0.5rem 0; padding: 0.6rem 0.8rem; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; }
small, .faint, caption { color: var(--faint); }
small { font-size: 0.875rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .unsure { color: var(--unsure); }
.good, .bad, .unsure, b { font-weight: 600; }

.top { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin-bottom: 0.75rem; color: var(--faint); }
.band { padding: 1.1rem 1.35rem 1.25rem; border-radius: 10px; color: var(--band-text); background: var(--unsure-band); font-weight: 400; }
.band.good { background: var(--good-band); } .band.bad { background: var(--bad-band); }
.band h1 { display: flex; align-items: center; gap: 0.6rem; font-size: 1.75rem; line-height: 1.2; letter-spacing: 0.02em; text-transform: uppercase; }
.band svg { flex: none; width: 1.75rem; height: 1.75rem; fill: none; stroke: currentColor; stroke-width: 3; stroke-linecap: round; stroke-linejoin: round; }
.band p { margin-top: 0.55rem; font-size: 1.0625rem; }
.told { display: grid; gap: 0.9rem 1.5rem; margin-top: 1.25rem; }
.told dt { color: var(--faint); font-size: 0.875rem; font-weight: 600; }
@media (min-width: 44rem) { .told { grid-template-columns: 10rem 1fr; } }
.told dd + dd { grid-column: -2; }
.contents { margin-top: 1.5rem; }
.contents ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; padding: 0; list-style: none; }

.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(14rem, 100%), 1fr)); gap: 1rem; padding: 0; list-style: none; }
.card { display: grid; grid-template-rows: subgrid; grid-row: span 7; gap: 0; padding: 0.9rem 1.1rem 1rem; background: var(--panel); border: 1px solid var(--line); border-top: 4px solid var(--unsure); border-radius: 8px; }
.card.good { border-top-color: var(--good); } .card.bad { border-top-color: var(--bad); }
.card, .card.good, .card.bad { color: inherit; font-weight: 400; }
.card h3 { margin: 0; font-size: 1.125rem; }
.card > p { margin: 0 0 0.75rem; }
.way { display: contents; }
.way > div { position: relative; padding: 0 0 0.8rem 1.5rem; border-left: 2px solid var(--line); margin-left: 0.4rem; }
.way > div:last-child { border-left-color: transparent; padding-bottom: 0; }
.way > div::before { content: ""; position: absolute; left: -0.45rem; top: 0.35rem; width: 0.8rem; height: 0.8rem; border: 2px solid var(--faint); border-radius: 50%; background: var(--panel); }
.way > div:last-child::before { border-radius: 2px; background: var(--faint); }
.way dt { color: var(--faint); font-size: 0.875rem; }

table { width: 100%; margin: 0.75rem 0 1.25rem; border-collapse: collapse; }
caption { padding-bottom: 0.35rem; text-align: left; }
th, td { padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
tbody th { min-width: 4.5rem; font-weight: 400; }
thead th { color: var(--faint); font-size: 0.875rem; }
.tree td { width: 6.5rem; }
th small, td small { display: block; }
.tree tr.odd > * { background: var(--panel); }
.tree tr.odd > th { box-shadow: inset 3px 0 var(--bad); padding-left: 0.75rem; }

details { margin: 0.5rem 0; border: 1px solid var(--line); border-radius: 6px; }
summary { padding: 0.5rem 0.8rem; cursor: pointer; }
details > :not(summary) { margin-left: 0.8rem; margin-right: 0.8rem; }
details > table { width: calc(100% - 1.6rem); }
.notes { display: grid; gap: 0.2rem 1rem; padding: 0.25rem 0 0.75rem; }
.notes dt { color: var(--faint); }
@media (min-width: 44rem) { .notes { grid-template-columns: 10rem 1fr; } .notes dd { grid-column: 2; } }

.bar { display: block; width: 100%; height: 0.9rem; }
.bar .all { fill: var(--line); } .bar .part { fill: var(--bar); }
footer { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--faint); font-size: 0.875rem; }

@media (max-width: 30rem) {
  th, td { padding-right: 0.45rem; }
  .tree td { width: 2.9rem; font-size: 0.8125rem; }
  .tree code { font-size: 0.75rem; }
  .tree thead th + th { writing-mode: vertical-rl; vertical-align: bottom; max-height: 8rem; }
  .band h1 { font-size: 1.4rem; }
}
@media print {
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .contents { display: none; }
  .band, .bar, .card { print-color-adjust: exact; }
  .band, .card, tr { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  /* paper has nothing to click on */
  .evidence details::details-content { content-visibility: visible; display: block; height: auto; }
}
`;
