import type { Flag } from "../command.ts";

/** `kinds` by the word that selects each. */
export function reportFlag(kinds: Readonly<Record<string, string>>): Flag {
  return {
    name: "report",
    value: "[KIND:]FILE",
    repeatable: true,
    text: `write a report too; kinds: ${Object.keys(kinds).join(" ")}; without one the ending says it (repeatable)`,
  };
}
