import { visible } from "../errors.ts";
import { isMeter } from "./script/curlmeter.ts";

/** What a shell prints outside the protocol. It explains a shell that does not run the script, or one that ended. */
export interface ShellWords {
  readonly onOutput: (chunk: Buffer) => void;
  readonly onError: (chunk: Buffer) => void;
  /** From here on, stdout is the protocol. */
  readonly onBegin: () => void;
  /**
   * `; it said: …`, escaped and bounded: the first line of stdout if the script has not started, and the last line of
   * stderr. Empty if there is neither.
   */
  readonly said: () => string;
}

const MOST = 2048;
const LINE = 200;

function linesOf(text: string): string[] {
  return text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
}

export function createShellWords(): ShellWords {
  let output = "";
  let errors = "";
  let begun = false;
  return {
    onOutput: (chunk) => {
      if (!begun && output.length < MOST) output += chunk.toString("latin1", 0, MOST);
    },
    onError: (chunk) => {
      errors = (errors + chunk.toString("latin1")).slice(-MOST);
    },
    onBegin: () => {
      begun = true;
    },
    said: () => {
      const [first] = begun ? [] : linesOf(output);
      const words = [first, linesOf(errors).findLast((line) => !isMeter(line))].filter((line) => line !== undefined);
      return words.length === 0 ? "" : `; it said: ${words.map((line) => visible(line.trim(), LINE)).join(", and: ")}`;
    },
  };
}
