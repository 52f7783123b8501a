import { EXITS } from "../../exit.ts";
import { columns, type Topic } from "./topic.ts";

export const EXIT_CODES: Topic = {
  name: "exit-codes",
  summary: "what each exit code means, and what to do about it",
  lines: () => [
    "The exit code of verify is the verdict. Anything but 0 means that nothing was released.",
    "",
    ...columns(
      EXITS.map(({ code, outcome, meaning }) => [
        `${String(code).padStart(3)}  ${(outcome ?? "").padEnd(10)}`,
        meaning,
      ]),
    ),
    "",
    "10 is the alarm: never retry it away. Keep the report, and read what the diagnosis says.",
    "11 and 12 may go away by themselves: nobody contradicted anybody.",
    "exec passes on the exit code of its command, once that ran.",
    "",
    "tofu3 COMMAND --help has the codes in the words of each command; docs/exit-codes.md explains them.",
  ],
};
