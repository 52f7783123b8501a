import { checkTemplate } from "../../../report/template.ts";
import type { Flag } from "../command.ts";
import { text, type Flags } from "../values.ts";

export const FORMAT_FLAG: Flag = {
  name: "format",
  value: "TEMPLATE",
  conflict: { with: "json", hint: "--format picks from what --json prints" },
  text: "print fields of the JSON object: '{{artifact.digest}}', '{{#LIST}}{{FIELD}} {{/LIST}}' (mustache)",
};

/** Null without one. Throws E_USAGE for what is no template. */
export function formatOf(flags: Flags): string | null {
  const given = text(flags, "format");
  if (given !== null) checkTemplate(given);
  return given;
}
