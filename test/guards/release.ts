import { guard, type Guard } from "./guard.ts";

const SAFETY = "test/release/safety.test.ts";
const SHELVE = "test/release/shelve.test.ts";
const RECHECK = "test/release/quarantine/recheck.test.ts";
const CLOSED = "test/release/closed.test.ts";
const UNPACK = "test/release/formats/unpack.test.ts";
const NAMED = "test/release/named.test.ts";
const DESTINATION = "test/release/destination.test.ts";

export const RELEASE_GUARDS: readonly Guard[] = [
  ...guard(
    "what was hashed is what is released",
    {
      file: "src/release/quarantine/kept.ts",
      from: "if (computed !== expected.digest) throw",
      to: "if (false) throw",
      test: `${SAFETY} › oci: what is in the quarantine is not what was agreed on › layer: a byte is flipped`,
    },
    {
      file: "src/release/quarantine/kept.ts",
      from: "found.nlink !== 1",
      to: "false",
      test: `${SAFETY} › %s: what is in the quarantine is not what was agreed on › layer: it has a second name`,
    },
    {
      file: "src/release/quarantine/kept.ts",
      from: "constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK",
      to: "constants.O_RDONLY | constants.O_NONBLOCK",
      test: `${SAFETY} › %s: what is in the quarantine is not what was agreed on › layer: it is a symbolic link to the right bytes`,
    },
    {
      file: "src/release/tree.ts",
      from: "if (computed !== object.digest) throw",
      to: "if (false) throw",
      test: `${SAFETY} › %s: what is in the quarantine is not what was agreed on › manifest: a byte is flipped`,
    },
    {
      file: "src/release/tree.ts",
      from: "if (object.computed !== object.digest)",
      to: "if (false)",
      test: `${SAFETY} › an object is said to be agreed on with other bytes`,
    },
    {
      file: "src/release/tree.ts",
      from: "if (object !== undefined) return object;",
      to: "if (object !== undefined || tree.root !== null) return object ?? tree.root;",
      test: `${SAFETY} › an object that a document names was not agreed on`,
    },
    {
      file: "src/release/quarantine/move.ts",
      from: "if (!rechecked) await drain",
      to: "if (false) await drain",
      test: `${SAFETY} › oci: what is in the quarantine is not what was agreed on › layer: a byte is flipped`,
    },
    {
      file: "src/release/shelve.ts",
      from: "if (!isSame(await handle.stat(), identity)) throw",
      to: "if (false) throw",
      test: `${SHELVE} › a file that somebody else puts on the shelf in between is not told to it, and goes`,
    },
    {
      file: "src/release/quarantine/recheck.ts",
      from: "stamp === (await stampNow(handle))",
      to: "(await stampNow(handle)) !== null",
      test: `${RECHECK} › is not when a byte was flipped and its time put back afterwards`,
    },
    {
      file: "src/release/quarantine/recheck.ts",
      from: "[dev, ino, size, mtimeNs, ctimeNs]",
      to: "[dev, ino, size, mtimeNs]",
      test: `${RECHECK} › is not when a byte was flipped and its time put back afterwards`,
    },
    {
      file: "src/release/quarantine/quarantine.ts",
      from: "found.ino === made.ino && found.dev === made.dev &&",
      to: "",
      test: `${SAFETY} › the quarantine was replaced by a directory with the same content`,
    },
    {
      file: "src/release/publish.ts",
      from: "const name = force ? rename : link;",
      to: "const name = rename;",
      test: `${SAFETY} › ten at the same time on one destination: one wins, and what it made is whole`,
    },
  ),
  ...guard(
    "nothing that exists is replaced",
    {
      file: "src/release/destination.ts",
      from: 'if (!force) throw refused(path, "exists"',
      to: 'if (false) throw refused(path, "exists"',
      test: `${DESTINATION} › checkDestination, before anything is downloaded › file where there is a file, force false: accepted false`,
    },
    {
      file: "src/release/destination.ts",
      from: "if (!(await isReplaceable(path)))",
      to: "if (false)",
      test: `${DESTINATION} › checkDestination, before anything is downloaded › oci where there is a full directory, force true: accepted false`,
    },
    {
      file: "src/release/formats/file.ts",
      from: "isSafeName(title) ?",
      to: "(isSafeName(title) || title) ?",
      test: `${DESTINATION} › a title %j names no file in a directory`,
    },
  ),
  ...guard(
    "the quarantine is readable by its user only",
    {
      file: "src/release/quarantine/quarantine.ts",
      from: "await mkdir(path, { mode: 0o700 });",
      to: "await mkdir(path, { mode: 0o755 });",
      test: `${SAFETY} › is readable by its user only, whatever the umask, and holds documents once`,
    },
    {
      file: "src/durable.ts",
      from: "constants.O_NOFOLLOW, 0o600);",
      to: "constants.O_NOFOLLOW, 0o644);",
      test: `${SAFETY} › is readable by its user only, whatever the umask, and holds documents once`,
    },
    {
      file: "src/release/quarantine/sweep.ts",
      from: "found.uid !== getuid?.()",
      to: "false",
      test: `${SAFETY} › of another user stays`,
    },
    {
      file: "src/release/quarantine/sweep.ts",
      from: 'life === "alive" ||',
      to: "",
      test: `${SAFETY} › of a live process stays, of a dead one goes`,
    },
    {
      file: "src/release/quarantine/sweep.ts",
      from: "await restoreAside(parent, path);\n  await removeQuarantine(path);",
      to: "await rm(path, { recursive: true, force: true });",
      test: `${SAFETY} › a crash while --force replaced a layout: $text`,
    },
  ),
  ...guard(
    "what is released is closed",
    {
      file: "src/release/tree.ts",
      from: "[...agreed.objects.filter(isDocument), ...agreed.objects]",
      to: "agreed.objects",
      test: `${CLOSED} › an entry of a type that nobody knows, then the manifest`,
    },
    {
      file: "src/release/formats/layout.ts",
      from: "checkClosed(tree, reached);",
      to: "",
      test: `${CLOSED} › oci: nothing is released`,
    },
  ),
  ...guard(
    "no layer unpacks to more than",
    {
      file: "src/release/formats/unpack.ts",
      from: "if (unpacking.bytes <= unpacking.limit) return;",
      to: "if (unpacking.bytes <= 99 * unpacking.limit) return;",
      test: `${UNPACK} › counts with the other layers`,
    },
    {
      file: "src/release/formats/unpack.ts",
      from: "workshop.signal.throwIfAborted();\n      yield chunk;",
      to: "yield chunk;",
      test: `${UNPACK} › ends within moments when it is told to stop, and keeps nobody waiting until then`,
    },
  ),
  ...guard("a verdict is reported whatever becomes of the release", {
    file: "src/coordinator/ending.ts",
    from: 'log("debug", "nothing was released",',
    to: 'if (!signal.aborted) throw thrown; else log("debug", "nothing was released",',
    test: "test/release/full.test.ts › a DEST that appears while the workers look stays, and the verdict is told: exit code 1",
  }),
  ...guard("a name chosen by an artifact replaces no file", {
    file: "src/release/named.ts",
    from: "(await hashes(path, blob.digest, signal))",
    to: "true",
    test: `${NAMED} › does not replace $what, even with --force (-o $prefix DIR)`,
  }),
];
