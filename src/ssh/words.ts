import { visible } from "../errors.ts";

/** What a shell prints beside the protocol. It explains a shell that does not run the script, or one that ended. */
export interface ShellWords {
  readonly onOutput: (chunk: Buffer) => void;
  readonly onError: (chunk: Buffer) => void;
  /** From here on standard output is protocol. */
  readonly onBegin: () => void;
  /** `; it said: …`, escaped and bounded: the first line of its output while it has not begun, the last line of its errors; empty for none. */
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
      const words = [first, linesOf(errors).at(-1)].filter((line) => line !== undefined);
      return words.length === 0 ? "" : `; it said: ${words.map((line) => visible(line.trim(), LINE)).join(", and: ")}`;
    },
  };
}
