import { guard, type Guard } from "./guard.ts";

const LINE = "test/ledger/line.test.ts";
const LEDGER = "test/ledger/ledger.test.ts";
const TORN = "test/ledger/torn.test.ts";
const LOCK = "test/ledger/lock.test.ts";
const PLACE = "test/ledger/place.test.ts";

/** What tofu3 remembers. */
export const LEDGER_GUARDS: readonly Guard[] = [
  ...guard(
    "nothing is added to a ledger that does not hold",
    {
      file: "src/ledger/commit.ts",
      from: "if (reading.chain.broken !== null) throw",
      to: "if (false) throw",
      test: `${LEDGER} › a digest was edited: nothing is ever added to it`,
    },
    {
      file: "src/ledger/line.ts",
      from: "if (previous !== previousOf(place))",
      to: "if (false)",
      test: `${LINE} › another previous`,
    },
    {
      file: "src/ledger/line.ts",
      from: "if (entry !== String(place.entry))",
      to: "if (false)",
      test: `${LINE} › another entry`,
    },
    {
      file: "src/ledger/file.ts",
      from: "head.startsWith(text) &&",
      to: "",
      test: `${TORN} › that is another text is not cut away`,
    },
  ),
  ...guard(
    "an entry of the ledger is one's own only with the mac of the key",
    {
      file: "src/ledger/line.ts",
      from: 'if (timingSafeEqual(real, Buffer.from(mac, "hex")))',
      to: 'if (timingSafeEqual(real, real) || mac === "")',
      test: `${LEDGER} › a line that claims the key and was signed with another does not hold`,
    },
    {
      file: "src/ledger/line.ts",
      from: "if (by !== key?.id) return { why: null, own: false };",
      to: "if (by !== key?.id) return { why: null, own: true };",
      test: `${LEDGER} › a ledger that was copied from elsewhere has none`,
    },
    {
      file: "src/ledger/key.ts",
      from: "(mode & 0o077) !== 0",
      to: "false",
      test: `${PLACE} › that others may use (mode %o) is refused`,
    },
  ),
  ...guard(
    "a line of the ledger is added whole, by one process at a time",
    {
      file: "src/ledger/commit.ts",
      from: "await lockFor(group, `${path}.lock`)",
      to: "await lockFor(group, `${path}.${Math.random()}.lock`)",
      test: `${LOCK} › 10 of them: one chain, nothing lost`,
    },
    {
      file: "src/ledger/commit.ts",
      from: "await checkHeld(lock, path);",
      to: "",
      test: `${LOCK} › that was taken over while it was held is not released, and nothing is written`,
    },
    {
      file: "src/lock.ts",
      from: "if ((await readText(path)) !== stale) return false;",
      to: "",
      test: "test/ledger/race.test.ts › a slow breaker of a dead lock does not remove the lock that a faster one took meanwhile",
    },
    {
      file: "src/ledger/append.ts",
      from: "await handle.truncate(start).catch(() => undefined);",
      to: "",
      test: `${TORN} › leaves the ledger as it was, and goes on once there is room`,
    },
    {
      file: "src/ledger/append.ts",
      from: 'if (tail.kind === "torn") await handle.truncate(end);',
      to: "",
      test: `${TORN} › may be the first, and may end in the zeros of a power cut`,
    },
  ),
];
