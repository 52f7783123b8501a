import { asError, visible } from "../errors.ts";
import { jsonText } from "./json.ts";

/** The object of `--json` where there is no verdict and nothing to list, because an error ended the command. */
export function renderFailure(thrown: unknown, version: string): string {
  const { code, message, hint, choices } = asError(thrown);
  return jsonText({
    schemaVersion: 1,
    tool: { name: "tofu3", version },
    outcome: null,
    error: { code, message: visible(message, 4000), hint: hint === null ? null : visible(hint, 4000), choices },
  });
}
