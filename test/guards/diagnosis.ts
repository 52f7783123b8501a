import { guard, type Guard } from "./guard.ts";

const MOVED = "test/e2e/diagnosis/moved.test.ts";
const HOSTILE = "test/e2e/diagnosis/hostile.test.ts";
const LEDGER = "test/e2e/diagnosis/ledger.test.ts";
const DAYS = "test/e2e/diagnosis/days.test.ts";
const EVIDENCE = "test/e2e/diagnosis/evidence.test.ts";

/** What is found out after a disagreement, remembered, and counted. */
export const DIAGNOSIS_GUARDS: readonly Guard[] = [
  ...guard(
    "asking again explains a disagreement and never ends one",
    {
      file: "src/consensus/moved.ts",
      from: "to == null || others.length > 0",
      to: "to == null",
      test: `${MOVED} › before look $before of nine: exit code $code, never released`,
    },
    {
      file: "src/consensus/moved.ts",
      from: " || agreementsIn(past).at(-1)?.digest === to",
      to: "",
      test: `${HOSTILE} › replays what the tag once was, and is honest then: the ledger knows that it had moved before`,
    },
    {
      file: "src/consensus/moved.ts",
      from: "if (next === undefined) return false;",
      to: "if (next === undefined) return true;",
      test: `${HOSTILE} › moves it there and back: no order of pushes explains that`,
    },
  ),
  ...guard("nothing is released that is not in the ledger", {
    file: "src/coordinator/verify.ts",
    from: "fault === null",
    to: "true",
    test: `${LEDGER} › a ledger in which one line was edited: nothing is added or released, and a disagreement stays 10`,
  }),
  ...guard(
    "a day counts only by a clock that others confirm",
    {
      file: "src/consensus/clocks.ts",
      from: "Math.abs(each) <= TOLERANCE_MS",
      to: "true",
      test: `${DAYS} › a coordinator whose clock alone jumps a day forward earns nothing, and is told why`,
    },
    {
      file: "src/consensus/days.ts",
      from: "counts: own && clocks",
      to: "counts: clocks",
      test: `${DAYS} › a ledger that was copied to another machine earns nothing there`,
    },
    {
      file: "src/consensus/days.ts",
      from: "(days.at(-1) ?? day) > day",
      to: "false",
      test: `${DAYS} › entries of tomorrow earn nothing today`,
    },
    {
      file: "src/consensus/days.ts",
      from: "days = [];",
      to: "days = [...days];",
      test: `${DAYS} › a disagreement in between starts the count anew`,
    },
  ),
  ...guard("evidence that is kept is never a release", {
    file: "src/evidence/folder.ts",
    from: "isInside(released, kept) || isInside(kept, released)",
    to: "false",
    test: `${EVIDENCE} › $what: 2, and nothing is fetched`,
  }),
  ...guard("what a registry writes into documents and pages is escaped", {
    file: "src/consensus/compare.ts",
    from: "what: visible(what, LONGEST_NAME)",
    to: "what",
    test: `${HOSTILE} › in labels, annotations and dates: shown escaped in what differs`,
  }),
];
