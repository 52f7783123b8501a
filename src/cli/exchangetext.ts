import type { Exchange } from "../model/progress.ts";
import { bytesText } from "../report/text.ts";

/** `fra: GET https://ghcr.io/v2/… 307, 0 B in 34 ms, to https://…, attempt 2` */
export function exchangeText(exchange: Exchange): string {
  const { worker, method, url, status, bytes, ms, hop, attempt, location, fault } = exchange;
  const answer = status === null ? "no answer" : String(status);
  const parts = [
    `${worker}: ${method} ${url} ${answer}`,
    `${bytesText(bytes)} in ${ms} ms`,
    ...(location === null ? [] : [`to ${location}`]),
    ...(hop === 0 ? [] : [`redirect ${hop}`]),
    ...(attempt === 1 ? [] : [`attempt ${attempt}`]),
    ...(fault === null ? [] : [fault]),
  ];
  return parts.join(", ");
}
