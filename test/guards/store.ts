import { guard, type Guard } from "./guard.ts";

const CONTENT = "test/serve/store/content.test.ts";
const FOLDER = "test/serve/store/folder.test.ts";
const HOLDS = "test/serve/store/holds.test.ts";
const LOST = "test/serve/store/lost.test.ts";
const NAMES = "test/serve/store/names.test.ts";
const ROOM = "test/serve/store/room.test.ts";
const SHELVE = "test/release/shelve.test.ts";
const SETTLE = "test/coordinator/gate/settle.test.ts";
const ASK = "test/coordinator/gate/ask.test.ts";

/** What is on the shelf of the gate, and who may have it. */
export const STORE_GUARDS: readonly Guard[] = [
  ...guard(
    "only what all vantages agreed on gets onto the gate's shelf",
    {
      file: "src/coordinator/gate/answer.ts",
      from: 'if (verdict.outcome !== "agreed") return { shelved: null, error: null };',
      to: "",
      test: `${ASK} › a tag that leads elsewhere at one vantage: disagreed, and the others are heard`,
    },
    {
      file: "src/coordinator/gate/answer.ts",
      from: "if (fault !== null) return { shelved: null, error: fault };",
      to: "",
      test: `${SETTLE} › the ledger › that cannot be written keeps everything from the shelf`,
    },
    {
      file: "src/coordinator/gate/answer.ts",
      from: 'isNamed ? { ...policy, days: 1, onChange: "notice" } : policy',
      to: '{ ...policy, days: 1, onChange: "notice" }',
      test: `${SETTLE} › days are asked of what a client names, and not of what a document names`,
    },
    {
      file: "src/coordinator/gate/vantages.ts",
      from: "claimed.every((name) => name === digest)",
      to: "claimed.some((name) => name === digest)",
      test: `${ASK} › it still names the digest as long as every vantage is told so; nothing is fetched`,
    },
    {
      file: "src/release/shelve.ts",
      from: "staged.set(object, { path, identity: await stage(object, tree, quarantine, path, signal) });",
      to: `const each = { path, identity: await stage(object, tree, quarantine, path, signal) };
    await inTurn(shelf, () => commit([[object, each]], quarantine, shelf, signal));`,
      test: `${SHELVE} › a layer in the quarantine that has $what: nothing at all is on the shelf`,
    },
    {
      file: "src/release/shelve.ts",
      from: "const MODE = 0o444;",
      to: "const MODE = 0o644;",
      test: `${SHELVE} › puts every object on the shelf under its digest, read-only, and tells the shelf`,
    },
    {
      file: "src/serve/store/rights.ts",
      from: "checkShelf(desk.at(`blobs/${blobNameOf(digest)}`), object);",
      to: "",
      test: `${CONTENT} › none without its file, or with one of another size`,
    },
  ),
  ...guard(
    "a repository gives out only what was agreed on for it",
    {
      file: "src/serve/store/rights.ts",
      from: " && isOf(read.record, repository)) {",
      to: ") {",
      test: `${CONTENT} › a right that was copied to another repository gives nothing out there`,
    },
    {
      file: "src/serve/store/rights.ts",
      from: "object.digest === digest && object.size === size",
      to: "object.digest === digest",
      test: `${CONTENT} › one that is of another size than its file counts as not there, and a warning is told`,
    },
    {
      file: "src/serve/store/rights.ts",
      from: "object.digest === digest && object.size === size",
      to: "object.size === size",
      test: `${CONTENT} › a right that was copied to another digest gives nothing out there`,
    },
    {
      file: "src/serve/store/readings.ts",
      from: "const object = await rights.find(repository, digest);",
      to: 'const object = (await rights.find(repository, digest)) ?? { kind: "blob", digest, size: 1, mediaType: "a/b", agreedAt: "", verdict: null };',
      test: `${CONTENT} › what one repository may give out is not found through another, whatever its name`,
    },
    {
      file: "src/serve/store/readings.ts",
      from: "if ((await rights.find(repository, digest)) === null) return null;",
      to: "",
      test: `${CONTENT} › what one repository may give out is not found through another, whatever its name`,
    },
    {
      file: "src/serve/store/names.ts",
      from: "if (/[A-Z]/.test(letter)) return `!${letter.toLowerCase()}`;",
      to: "if (/[A-Z]/.test(letter)) return letter.toLowerCase();",
      test: `${NAMES} › whatever they are, and where case is folded, too`,
    },
    {
      file: "src/serve/store/names.ts",
      from: 'createHash("sha256").update(text)',
      to: 'createHash("sha256").update(name.slice(0, SHOWN))',
      test: `${NAMES} › names of 255 characters`,
    },
    {
      file: "src/serve/store/names.ts",
      from: 'if (letter === "/") return "+";',
      to: 'if (letter === "/") return letter;',
      test: `${NAMES} › whatever they are, and where case is folded, too`,
    },
  ),
  ...guard(
    "bytes of the store are hashed at their first reading after a start",
    {
      file: "src/serve/store/hashing.ts",
      from: "if (found.digest === digest) {",
      to: "if (found.digest !== null) {",
      test: `${CONTENT} › at the first open since the start`,
    },
    {
      file: "src/serve/store/bytes.ts",
      from: "if (digestOf(bytes, algorithmOf(digest)) === digest) return bytes;",
      to: "return bytes;",
      test: `${CONTENT} › at the first read since the start`,
    },
    {
      file: "src/serve/store/bytes.ts",
      from: "if (file.stamp === stock.stampOf(digest)) return file.handle;",
      to: "if (stock.stampOf(digest) !== null) return file.handle;",
      test: `${CONTENT} › and when it was touched since, though its time and size are as they were`,
    },
    {
      file: "src/serve/store/bytes.ts",
      from: "if (file.stamp === stock.stampOf(digest)) return file.handle;",
      to: "if (stock.sizeOf(digest) !== null) return file.handle;",
      test: `${CONTENT} › and when something took its place before the shelf was told`,
    },
    {
      file: "src/serve/store/plainfile.ts",
      from: "return [dev, ino, size, mtimeNs, ctimeNs]",
      to: "return [dev, ino, size, mtimeNs]",
      test: `${CONTENT} › and when it was touched since, though its time and size are as they were`,
    },
    {
      file: "src/serve/store/plainfile.ts",
      from: "constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK",
      to: "constants.O_RDONLY | constants.O_NONBLOCK",
      test: `${CONTENT} › one that is a link to the right bytes is nothing`,
    },
    {
      file: "src/serve/store/hashing.ts",
      from: 'await dropIt("its bytes are not those of its digest");',
      to: "false;",
      test: `${CONTENT} › at the first open since the start`,
    },
  ),
  ...guard(
    "a hold outlives the process",
    {
      file: "src/serve/store/scan.ts",
      from: 'if (isHere("holds")) holds.push',
      to: 'if (isHere("hold")) holds.push',
      test: "test/serve/store/store.test.ts › what was put in is there, now and after the next start",
    },
    {
      file: "src/serve/store/holds.ts",
      from: "known.set(path, hold.verdict);\n        owed.set(path, { repository, name, hold });\n",
      to: "",
      test: `${LOST} › a hold that the disk did not take holds, is written as soon as it can be, and outlives the process`,
    },
    {
      file: "src/serve/store/holds.ts",
      from: "await write(options, path, unwritten).then(",
      to: "await Promise.reject(new Error()).then(",
      test: `${LOST} › a hold that the disk did not take holds, is written as soon as it can be, and outlives the process`,
    },
    {
      file: "src/serve/store/holds.ts",
      from: "if ((await lookAt(desk.at(MARKER))) === null) return",
      to: "if (false) return",
      test: `${HOLDS} › a store that is away for a moment takes no hold with it`,
    },
    {
      file: "src/serve/store/holds.ts",
      from: "return { repository, name, hold: UNREADABLE };",
      to: "known.delete(path);\n  return null;",
      test: `${HOLDS} › one that cannot be read holds until a person looks › torn`,
    },
    {
      file: "src/serve/store/holds.ts",
      from: "isOf(read.record, repository) && read.record.name === name",
      to: "isOf(read.record, repository)",
      test: `${HOLDS} › one that cannot be read holds until a person looks › about another name`,
    },
    {
      file: "src/serve/store/scan.ts",
      from: "holds.push(...entries(part).map(({ name }) => `${part}/${name}`));",
      to: "holds.push(...filesIn(part));",
      test: `${HOLDS} › one that cannot be read holds until a person looks › a link`,
    },
  ),
  ...guard(
    "a store has one process",
    {
      file: "src/serve/store/folder.ts",
      from: "if (!(error instanceof LockHeld)) throw error;",
      to: "if (error instanceof LockHeld) return { isHeld: async () => true, refresh: async () => true, release: async () => {} };",
      test: `${FOLDER} › another process that has it › keeps everybody out until it is killed`,
    },
    {
      file: "src/serve/store/folder.ts",
      from: "const folder = await realpath(path);",
      to: "const folder = path;",
      test: `${FOLDER} › through a link to the folder it is the same store`,
    },
    {
      file: "src/serve/store/folder.ts",
      from: "await mkdir(path, { recursive: true, mode: 0o700 });",
      to: "await mkdir(path, { recursive: true, mode: 0o755 });",
      test: `${FOLDER} › a store that is missing is made, for its owner alone`,
    },
    {
      file: "src/serve/store/folder.ts",
      from: "if ((found.mode & 0o002) !== 0) throw",
      to: "if (false) throw",
      test: `${FOLDER} › a folder is refused, and left as it was › open to everybody`,
    },
    {
      file: "src/serve/store/folder.ts",
      from: "found.uid !== getuid()",
      to: "false",
      test: `${FOLDER} › a folder is refused, and left as it was › somebody else's (needs root)`,
    },
    {
      file: "src/serve/store/folder.ts",
      from: "if (found?.isDirectory() === true) return false;",
      to: "if (found !== null) return false;",
      test: `${FOLDER} › a link in place of one of its parts`,
    },
    {
      file: "src/serve/store/keeping.ts",
      from: "isLost = true;\n",
      to: "",
      test: `${LOST} › whoever lost the store to another process writes and removes nothing any more`,
    },
    {
      file: "src/serve/store/room.ts",
      from: "desk.check();",
      to: "",
      test: `${LOST} › whoever lost the store to another process writes and removes nothing any more`,
    },
    {
      file: "src/serve/store/keeping.ts",
      from: "if (isEnded) throw",
      to: "if (false) throw",
      test: `${FOLDER} › nothing is written once it is closed`,
    },
  ),
  ...guard(
    "nothing is evicted that a client reads",
    {
      file: "src/serve/store/stock.ts",
      from: "return !this.#held.has(digest) && !this.#named.has(digest);",
      to: "return !this.#named.has(digest);",
      test: `${ROOM} › but nothing goes in vain`,
    },
    {
      file: "src/serve/store/stock.ts",
      from: "return !this.#held.has(digest) && !this.#named.has(digest);",
      to: "return !this.#held.has(digest);",
      test: `${ROOM} › what a tag names now, after a start, too; not what it named before`,
    },
    {
      file: "src/serve/store/readings.ts",
      from: "(closed ??= handle.close().finally(release));\n",
      to: "(closed ??= handle.close().finally(release));\n        release();\n",
      test: `${ROOM} › while it is read`,
    },
    {
      file: "src/serve/store/open.ts",
      from: "const undo = digests.map((digest) => stock.hold(digest));",
      to: "const undo = digests.filter((digest) => stock.sizeOf(digest) !== null).map((digest) => stock.hold(digest));",
      test: `${ROOM} › under a flight, also what is not there yet`,
    },
    {
      file: "src/serve/store/stock.ts",
      from: "if (isDone) return;",
      to: "",
      test: `${ROOM} › under a flight, also what is not there yet`,
    },
    {
      file: "src/serve/store/scan.ts",
      from: "else if (stock.sizeOf(digest) === null) unlinkSync(desk.at(path));",
      to: "else if (stock.sizeOf(digest) === null) warn(path);",
      test: `${CONTENT} › what a crash left half done is finished at the start`,
    },
    {
      file: "src/serve/store/scan.ts",
      from: "if (stock.rightsOf(digest).length > 0) continue;",
      to: "continue;",
      test: `${CONTENT} › what a crash left half done is finished at the start`,
    },
  ),
];
