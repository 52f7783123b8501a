import type { Doors } from "../doors.ts";

/** What a text is made from. */
export interface TextRequest {
  /** The client, by the name that it was asked for with. */
  readonly client: string;
  readonly doors: Doors;
  /** The registries that are to be gated, sorted; never empty. */
  readonly upstreams: readonly string[];
  /** Only this one, where that was asked for. */
  readonly registry: string | null;
}

/** Text for people inside of a file, in lines. */
export function comment(lines: readonly string[]): string {
  return lines.map((line) => (line === "" ? "#\n" : `# ${line}\n`)).join("");
}

export const byCommand = ({ client, registry }: TextRequest): string =>
  `tofu3 serve config ${client}${registry === null ? "" : ` --registry ${registry}`}`;
