import { messageOf, Tofu3Error, visible } from "../errors.ts";
import { renderTemplate } from "../report/template.ts";
import { tellError } from "./errors.ts";
import { EXIT_OK } from "./exit.ts";
import type { Io } from "./io.ts";

/** Prints what `--format` picks from the object of `--json`. Returns 0, or the exit code of the error that it tells. */
export function printFormat(template: string, object: unknown, io: Io): number {
  try {
    // as it is in JSON: nothing that is undefined, and no class
    io.stdout.write(renderTemplate(template, JSON.parse(JSON.stringify(object))));
    return EXIT_OK;
  } catch (error) {
    if (error instanceof Tofu3Error) return tellError(io.stderr, error, false);
    // a template that is too much for this program is no reason to lose a verdict
    const message = `--format cannot be filled in: ${visible(messageOf(error), 300)}`;
    return tellError(io.stderr, new Tofu3Error("E_USAGE", message, { cause: error }), false);
  }
}
