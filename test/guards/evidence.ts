import { guard, type Guard } from "./guard.ts";

const JUDGE = "test/cli/judge.test.ts";
const REJUDGE = "test/evidence/rejudge.test.ts";

/** Saved reports, judged again. */
export const EVIDENCE_GUARDS: readonly Guard[] = [
  ...guard(
    "a saved report is judged by what the workers saw, and one that says something else is an alarm",
    {
      file: "src/evidence/rejudge.ts",
      from: '(["outcome", "quorum", "reason", "artifact", "differences", "days"] as const)',
      to: "([] as const)",
      test: `${REJUDGE} › in a report that is %s`,
    },
    {
      file: "src/evidence/rejudge.ts",
      from: "contradictionAt(`${at}.digest`, digest, root) ??",
      to: "",
      test: `${JUDGE} › %s`,
    },
    {
      file: "src/evidence/rejudge.ts",
      from: "(isIn ? null : {",
      to: "(isIn || !isIn ? null : {",
      test: `${JUDGE} › %s`,
    },
    {
      file: "src/cli/commands/judge.ts",
      from: 'if (contradiction !== null) return exitOf("disagreed");',
      to: "",
      test: `${JUDGE} › %s`,
    },
    {
      file: "src/evidence/knowledge.ts",
      from: "return told === digest;",
      to: "return told !== null;",
      test: `${JUDGE} › %s`,
    },
  ),
  ...guard(
    "days that reports agree on are distinct, and by clocks that others confirm",
    {
      file: "src/evidence/together.ts",
      from: ".filter(({ observations }) => clocksAgree(observations))",
      to: "",
      test: `${JUDGE} › a copy is no other day, and neither is one whose clocks nobody confirms`,
    },
    {
      file: "src/evidence/together.ts",
      from: "if (roots.size > 1)",
      to: "if (roots.size > 100)",
      test: `${JUDGE} › two digests are a change, whichever day it was`,
    },
  ),
];
