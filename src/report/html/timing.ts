import type { Evidence } from "../../model/evidence.ts";
import type { Observation } from "../../model/observation.ts";
import { bytesText, counted } from "../text.ts";
import { html, type Html } from "./markup.ts";
import { renderRows } from "./table.ts";

/** When each worker looked, on one scale from the start of the verification to its end. */
export function renderTiming(evidence: Evidence): Html {
  const start = Date.parse(evidence.startedAt);
  const whole = Math.max(1, Date.parse(evidence.finishedAt) - start);
  return renderRows({
    caption: html`From start to end: ${secondsText(whole)}`,
    head: ["Worker", "When it looked"],
    rows: evidence.observations.map((observation) => {
      const { worker, evidence: notes } = observation;
      const { from, took } = spanOf(observation, start);
      const again = notes.retries.length === 0 ? "" : `, ${counted(notes.retries.length, "retry", "retries")}`;
      const numbers = `${secondsText(took)}, ${bytesText(notes.bytes)}, ${counted(notes.exchanges, "request")}${again}`;
      return [worker, html`${bar((100 * from) / whole, (100 * took) / whole)}<small>${numbers}</small>`];
    }),
  });
}

function spanOf(
  { startedAt, finishedAt }: Observation,
  start: number,
): { readonly from: number; readonly took: number } {
  const from = Math.max(0, Date.parse(startedAt) - start);
  return { from, took: Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) };
}

/** In percent. The numbers stand beside it, so it is for the eye alone. */
function bar(from: number, width: number): Html {
  const x = Math.min(99, from);
  const shown = Math.max(1, Math.min(100 - x, width));
  return html`<svg class="bar" aria-hidden="true"><rect class="all" width="100%" height="100%" rx="3"/><rect class="part" x="${percent(x)}" width="${percent(shown)}" height="100%" rx="3"/></svg>`;
}

function percent(value: number): string {
  return `${value.toFixed(1)}%`;
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
