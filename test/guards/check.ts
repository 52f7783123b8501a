import { broken, selectorFor, testFileOf, type Guard } from "./guard.ts";
import type { Run, Scratch } from "./scratch.ts";

/** What is wrong with a guard; null when its test passes, and fails as soon as it is broken. */
export type Complaint = string | null;

/** Passes, with the whole program, the tests of the guards of one test file. */
export async function checkWhole(
  scratch: Scratch,
  file: string,
  guards: readonly Guard[],
): Promise<ReadonlyMap<Guard, Complaint>> {
  const selectors = guards.map((guard) => [guard, selectorFor(guard, scratch.read(file))] as const);
  const run = await scratch.run(file, [...new Set(selectors.map(([, selector]) => selector))].join("|"));
  return new Map(selectors.map(([guard, selector]) => [guard, complaintOfWhole(run, selector)]));
}

function complaintOfWhole({ tests, trouble }: Run, selector: string): Complaint {
  const mine = tests.filter(({ name }) => new RegExp(selector).test(name));
  if (mine.length === 0) return `no such test ran ${trouble}`;
  const failed = mine.filter(({ passed }) => !passed);
  return failed.length === 0 ? null : `fails without the mutant: ${failed.map(({ name }) => name).join("; ")}`;
}

/** Breaks one guard and lets its test look. */
export async function checkBroken(scratch: Scratch, guard: Guard): Promise<Complaint> {
  const file = testFileOf(guard);
  const restore = scratch.breakFile(guard.file, broken(guard, scratch.read(guard.file)));
  try {
    const { tests, trouble } = await scratch.run(file, selectorFor(guard, scratch.read(file)));
    if (tests.some(({ passed }) => !passed)) return null;
    return tests.length === 0
      ? `nothing ran with the mutant: ${trouble}`
      : "survives: the test passes with the mutant as well";
  } finally {
    restore();
  }
}

/** Both, for all of these; `tell` hears of each guard as soon as it is known. */
export async function checkGuards(
  scratch: Scratch,
  guards: readonly Guard[],
  tell: (guard: Guard, complaint: Complaint) => void,
): Promise<readonly Guard[]> {
  const files = [...new Set(guards.map(testFileOf))].sort();
  const bad: Guard[] = [];
  for (const file of files) {
    const mine = guards.filter((guard) => testFileOf(guard) === file);
    const whole = await checkWhole(scratch, file, mine);
    for (const guard of mine) {
      const complaint = whole.get(guard) ?? (await checkBroken(scratch, guard));
      if (complaint !== null) bad.push(guard);
      tell(guard, complaint);
    }
  }
  return bad;
}
