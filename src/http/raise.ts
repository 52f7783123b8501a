import type { Limits } from "../model/job.ts";

type Seconds = Extract<keyof Limits, `${string}Seconds`>;

/** The line of YAML that doubles a limit of the configuration, for a hint. */
export function toRaise(limit: Seconds, seconds: number): string {
  return `raise the limit in the configuration: limits: { ${limit}: ${seconds * 2} }`;
}
