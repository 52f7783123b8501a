import { guard, type Guard } from "./guard.ts";

const OPTIONS = "test/pins/findings/options.test.ts";
const AGREED = "test/pins/agreed.test.ts";
const ROOT = "test/worker/walk/root.test.ts";
const JOURNAL = "test/coordinator/audit/journal.test.ts";
const TREE = "test/pins/tree.test.ts";
const LISTED = "test/consensus/listed.test.ts";
const TURNS = "test/coordinator/audit/turns.test.ts";

/** What an audit asks, believes and says. */
export const AUDIT_GUARDS: readonly Guard[] = [
  ...guard(
    "an alarm of an audit is hidden by nothing",
    {
      file: "src/pins/findings/findings.ts",
      from: "if (kind === ALARM) return null;",
      to: "",
      test: `${OPTIONS} › a comment › hides no alarm`,
    },
    {
      file: "src/pins/findings/findings.ts",
      from: "if (kind === ALARM) return null;",
      to: "if (kind === ALARM && baseline === null) return null;",
      test: `${OPTIONS} › a baseline › hides no alarm`,
    },
    {
      file: "src/pins/findings/level.ts",
      from: "kind === ALARM || (",
      to: "(",
      test: `${OPTIONS} › takes the place of what fails by itself, but for the alarm`,
    },
  ),
  ...guard(
    "a commit of an action, and a checksum of a requirement",
    {
      file: "src/consensus/listed.ts",
      from: "if (others.length > 0)",
      to: "if (others.length > 1)",
      test: `${LISTED} › what workers read in lists is judged as the page says`,
    },
    {
      file: "src/consensus/listed.ts",
      from: "if (distinct < QUORUM || distinct < views.length) {",
      to: "if (views.length < QUORUM && distinct < QUORUM) {",
      test: `${LISTED} › one worker that reports three times is one`,
    },
    {
      file: "src/file/gitrefs.ts",
      from: "(isOwn(name) ? [object] : [])",
      to: "(isOwn(name) || name !== '' ? [object] : [])",
      test: "test/file/gitrefs.test.ts › lead from names to commits: of annotated tags to what they are of, and never by pull requests",
    },
    {
      file: "src/coordinator/audit/lists.ts",
      from: "return { worker, find: null, fault: faultFrom(asError(thrown)) };",
      to: "return { worker, find: () => null, fault: faultFrom(asError(thrown)) && null };",
      test: "test/e2e/audit/listed.test.ts › what is no list of refs, and one that a vantage cannot have, contradict nobody",
    },
  ),
  ...guard("an audit asks no private address", {
    file: "src/coordinator/audit/asker.ts",
    from: "if (!isPrivate) return null;",
    to: "if (isPrivate || !isPrivate) return null;",
    test: "test/e2e/audit/behaviour.test.ts › at a private address is not asked without --allow-private, by whatever name",
  }),
  ...guard(
    "a digest is written only once every vantage agrees",
    {
      file: "src/pins/pin.ts",
      from: 'tag?.outcome === "agreed" ? tag.root?.digest : undefined',
      to: "tag?.root?.digest",
      test: `${AGREED} › is nothing that is %s, whatever root all of them saw`,
    },
    {
      file: "src/pins/pin.ts",
      from: "[tag, pin, ...claims.values()].some(",
      to: "[tag, pin].some(",
      test: `${AGREED} › is nothing at all where one %s`,
    },
    {
      file: "src/pins/pin.ts",
      from: ' || each?.outcome === "moved"',
      to: "",
      test: `${AGREED} › is nothing at all where one %s`,
    },
  ),
  ...guard(
    "what is only known to exist was not seen",
    {
      file: "src/worker/walk/existence.ts",
      from: 'if (place.error?.code !== "E_MISMATCH") place.seen = null;',
      to: "",
      test: `${ROOT} › HEAD that brings $what: GET tells, and what is there is still not seen`,
    },
    {
      file: "src/worker/walk/existence.ts",
      from: "if (answer?.status !== 200) return false;\n  const types",
      to: "if (answer === null) return false;\n  const types",
      test: `${ROOT} › HEAD that brings $what: GET tells, and what is there is still not seen`,
    },
  ),
  ...guard("a look at the root alone earns no day", {
    file: "src/consensus/days.ts",
    from: "return isSame && !isShallow;",
    to: "return isSame;",
    test: "test/consensus/days.test.ts › earns no day for everything",
  }),
  ...guard(
    "an audit that is carried on asks no disagreement away",
    {
      file: "src/coordinator/audit/journal.ts",
      from: 'return outcome !== "incomplete";',
      to: 'return outcome === "agreed";',
      test: `${JOURNAL} › is carried on with the answers that it had`,
    },
    {
      file: "src/coordinator/audit/journal.ts",
      from: 'return outcome !== "incomplete";',
      to: "return true;",
      test: `${JOURNAL} › asks again for what could not be checked`,
    },
    {
      file: "src/coordinator/audit/journal.ts",
      from: "age < KEPT_MS",
      to: "age < Infinity",
      test: `${JOURNAL} › is forgotten after an hour, and answers from tomorrow do not count`,
    },
  ),
  ...guard(
    "a tree is read without following",
    {
      file: "src/pins/tree.ts",
      from: "if (kind?.isFile() === true) yield path;",
      to: "if (kind !== null && kind !== undefined && !kind.isDirectory()) yield path;",
      test: `${TREE} › pipes are not opened`,
    },
    {
      file: "src/pins/open.ts",
      from: "if (stats.size > LARGEST) return",
      to: "if (stats.size < 0) return",
      test: `${TREE} › what is no text › a large file`,
    },
    {
      file: "src/pins/tree.ts",
      from: "if (++this.entries > this.#most.entries) return;",
      to: "this.entries++;",
      test: `${TREE} › may have too much in it`,
    },
  ),
  ...guard(
    "a registry is asked for no more than it allows",
    {
      file: "src/coordinator/audit/turns.ts",
      from: "Math.min(most, left ?? most)",
      to: "most",
      test: `${TURNS} › no more questions run at once than it still allows`,
    },
    {
      file: "src/coordinator/audit/turns.ts",
      from: "if (left <= 0) this.close(registry, why);",
      to: "",
      test: `${TURNS} › one that allows no more is not asked again, and says why`,
    },
  ),
];
