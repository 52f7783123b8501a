/**
 * Rules for stderr: every line begins with `tofu3: ` (except what a hint shows to copy, and lists), in lower case,
 * without a full stop; an error is one line, its hint another, and a third names the page of its code; stack traces
 * appear only with --log-level debug.
 */
import { messageOf, Tofu3Error, visible, type ErrorCode } from "../errors.ts";
import { EXIT_BROKEN, exitOfError } from "./exit.ts";
import { inColumns } from "../report/columns.ts";
import { widthOf, type Output } from "./io.ts";

/** Of a list in columns, where nothing is known of the screen. */
const WIDEST = 100;

/** Nothing more is to be said of these: the message and its hint are about the words that were typed. */
const TOLD: readonly ErrorCode[] = ["E_INTERRUPTED", "E_USAGE"];

/** Prints the error that ended a command and returns its exit code. Anything but a Tofu3Error is a bug. */
export function tellError(stderr: Output, thrown: unknown, trace: boolean): number {
  if (thrown instanceof Tofu3Error && thrown.code !== "E_BUG") {
    const prefix = thrown.code === "E_INTERRUPTED" ? "tofu3: " : "tofu3: error: ";
    for (const line of thrown.message.split("\n")) stderr.write(`${prefix}${line}\n`);
    if (thrown.choices.length > 0) {
      const width = Math.min(widthOf(stderr), WIDEST);
      stderr.write(`tofu3: it has:\n${inColumns(thrown.choices, width).join("\n")}\n`);
    }
    if (thrown.hint !== null) stderr.write(`tofu3: hint: ${thrown.hint}\n`);
    if (!TOLD.includes(thrown.code)) stderr.write(`tofu3: more: tofu3 help ${thrown.code}\n`);
    if (trace) stderr.write(traceOf(thrown));
    return exitOfError(thrown.code);
  }
  stderr.write(`tofu3: this is a bug in tofu3: ${visible(messageOf(thrown))}; nothing was released\n`);
  if (trace) stderr.write(traceOf(thrown));
  else stderr.write("tofu3: hint: please report it, with what the same command prints with --log-level debug\n");
  return EXIT_BROKEN;
}

function traceOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "";
  const lines = (thrown.stack ?? thrown.message).split("\n").map((line) => `tofu3: trace: ${visible(line)}\n`);
  return lines.join("") + (thrown.cause === undefined ? "" : `tofu3: trace: caused by:\n${traceOf(thrown.cause)}`);
}
