import { COLOURED, PLAIN, type Paint } from "../report/paint.ts";
import type { Io, Output } from "./io.ts";

/**
 * Whether to colour this stream. `--no-color` and a non-empty NO_COLOR forbid it (no-color.org), FORCE_COLOR and
 * CLICOLOR_FORCE other than 0 demand it, otherwise any terminal that is not dumb gets it.
 */
export function wantsColor(stream: Output, env: Io["env"], allowed: boolean): boolean {
  if (!allowed || isSet(env["NO_COLOR"])) return false;
  if (env["FORCE_COLOR"] === "0" || env["FORCE_COLOR"] === "false") return false;
  if (env["FORCE_COLOR"] !== undefined || (isSet(env["CLICOLOR_FORCE"]) && env["CLICOLOR_FORCE"] !== "0")) return true;
  return stream.isTTY === true && env["TERM"] !== "dumb" && env["CLICOLOR"] !== "0";
}

export function paintFor(stream: Output, env: Io["env"], allowed: boolean): Paint {
  return wantsColor(stream, env, allowed) ? COLOURED : PLAIN;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
