import { watchLink } from "../http/exchanges.ts";
import type { Link } from "../http/transport.ts";
import type { Runtime } from "./runtime.ts";

/** The link, and whoever wants to know is told of its exchanges. */
export function watchedLink(link: Link, worker: string, { exchange }: Pick<Runtime, "exchange">): Link {
  return exchange === undefined ? link : watchLink(link, worker, exchange);
}
