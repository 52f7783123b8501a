import { SCRIPT_FILE } from "../../ssh/script/script.ts";
import { EXIT_OK } from "../exit.ts";
import type { Io } from "../io.ts";

/** The program that runs on a VM, to be installed there as a forced command. */
export function workersScriptCommand(io: Io): number {
  io.stdout.write(SCRIPT_FILE);
  return EXIT_OK;
}
