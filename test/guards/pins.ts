import { guard, type Guard } from "./guard.ts";

const PLAN = "test/pins/plan.test.ts";
const EDITS = "test/pins/edits.test.ts";
const REWRITE = "test/pins/rewrite.test.ts";
const CRASH = "test/pins/crash.test.ts";
const DIFF = "test/pins/diff.test.ts";
const LOCK = "test/pins/lock.test.ts";

/** What is written into files with references. */
export const PIN_GUARDS: readonly Guard[] = [
  ...guard(
    "a digest is written only once every vantage agrees",
    {
      file: "src/pins/plan.ts",
      from: 'if (stays.some(({ kind }) => kind === "not-agreed")) return',
      to: "if (false) return",
      test: `${PLAN} › one reference without agreement holds its file, and no other`,
    },
    {
      file: "src/pins/plan.ts",
      from: 'return alarm && clear.length > 0 ? "alarm" : null;',
      to: "return null;",
      test: `${PLAN} › an alarm anywhere holds every file that would be written`,
    },
    {
      file: "src/pins/plan.ts",
      from: "(!update || reference.tag === undefined)",
      to: "!update",
      test: `${PLAN} › $written, update $update: $becomes, stays $stays`,
    },
    {
      file: "src/pins/plan.ts",
      from: 'if (target.kind === "bottle") return stay("pinned");',
      to: "",
      test: `${PLAN} › $written, update $update: $becomes, stays $stays`,
    },
    {
      file: "src/pins/plan.ts",
      from: "for (const each of other) groupOf.set(each, one.add(each));",
      to: "",
      test: `${PLAN} › take along whatever shares another stretch with them: no reference is half written`,
    },
    {
      file: "src/pins/edits.ts",
      from: "return a.start < b.end && b.start < a.end;",
      to: "return false;",
      test: `${PLAN} › property: what is written never overlaps, and every mention is written in all of its stretches or in none`,
    },
  ),
  ...guard(
    "of a file with references only the pins change",
    {
      file: "src/pins/edits.ts",
      from: "if (!matches(before, old, same) || !matches(after, now, same)) return false;",
      to: "",
      test: `${EDITS} › property: one byte that differs outside of an edit is seen, and one that is too many`,
    },
    {
      file: "src/pins/rewrite.ts",
      from: "return bytes.equals(expected) ? bytes : null;",
      to: "return bytes;",
      test: `${REWRITE} › has changed and is as long as before`,
    },
    {
      file: "src/pins/rewrite.ts",
      from: "for (const each of staged) await onFile(each.path, async () => expectSame(each));",
      to: "",
      test: `${CRASH} › $what takes the place of a file while the others are prepared: nothing is written`,
    },
    {
      file: "src/pins/rewrite.ts",
      from: "if (!isSame(await lstat(target, { bigint: true }), old.stat))",
      to: "if (false)",
      test: `${CRASH} › $what takes the place of a file while another is replaced: it stays, and it is told`,
    },
    {
      file: "src/pins/rewrite.ts",
      from: "for (const { temporary } of staged) await unlink(temporary)",
      to: "for (const { temporary } of []) await unlink(temporary)",
      test: `${REWRITE} › $what`,
    },
    {
      file: "src/pins/rewrite.ts",
      from: "await handle.sync();",
      to: "",
      test: `${CRASH} › every new content is on the disk before the first file is replaced, and the folder thereafter`,
    },
    {
      file: "src/pins/rewrite.ts",
      from: "if (rewrite.text !== null && !trees.some(",
      to: "if (false && !trees.some(",
      test: `${REWRITE} › that leads out of the trees is refused, and nothing is written`,
    },
    {
      file: "src/pins/rewrite.ts",
      from: "if ((stat.mode & 0o200n) === 0n)",
      to: "if (false)",
      test: `${REWRITE} › $what`,
    },
    {
      file: "src/pins/rewrite.ts",
      from: "if (stat.nlink !== 1n)",
      to: "if (false)",
      test: `${REWRITE} › $what`,
    },
    {
      file: "src/pins/staged.ts",
      from: 'if (life === "dead" ||',
      to: "if (",
      test: `${REWRITE} › what a killed run left is removed; what a run that lives has there stays`,
    },
    {
      file: "src/pins/diff.ts",
      from: "end <= next.end) end +=",
      to: "end < next.end) end +=",
      test: `${DIFF} › property: whatever the text, wherever the edits`,
    },
  ),
  ...guard(
    "a reference that is held to a lock is the one of the lock",
    {
      file: "src/pins/lock.ts",
      from: "repository, tag, pin: pin.digest }",
      to: "repository, tag, pin: asked }",
      test: `${LOCK} › %s becomes %s`,
    },
    {
      file: "src/pins/lock.ts",
      from: "if (asked !== null && !pins.some(",
      to: "if (false && !pins.some(",
      test: `${LOCK} › %s is refused`,
    },
    {
      file: "src/pins/lock.ts",
      from: "if (other !== undefined)",
      to: "if (false)",
      test: `${LOCK} › %j`,
    },
    {
      file: "src/pins/lock.ts",
      from: "if (!known.includes(key))",
      to: "if (false)",
      test: `${LOCK} › %j`,
    },
    {
      file: "src/pins/lock.ts",
      from: "if (pins.get(pin.reference)?.digest !== pin.digest)",
      to: "",
      test: `${LOCK} › what led to the same digest before keeps its time and its vantages`,
    },
  ),
];
