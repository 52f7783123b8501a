import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { rewriteWhole, writeFiles, type Rewrite } from "../../src/pins/rewrite.ts";
import { readOwner } from "../../src/owner.ts";
import { stagedName } from "../../src/pins/staged.ts";
import { temporary, tmpfs } from "../release/tools.ts";
import { NEW } from "./mentions.ts";

const isRoot = process.getuid?.() === 0;
const never = new AbortController().signal;
const TEXT = "FROM alpine:3\n";

/** Puts the digest behind the tag. */
function pinIn(path: string, text = TEXT): Rewrite {
  const start = text.indexOf("alpine:3") + "alpine:3".length;
  return { path, text, edits: [{ start, end: start, text: `@${NEW}` }] };
}

const pinned = (text = TEXT): string => text.replace("alpine:3", `alpine:3@${NEW}`);

/** A folder with these files in it. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = temporary();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Moves a file away and puts something in its place. */
function instead(path: string, make: () => void): void {
  renameSync(path, `${path}.old`);
  make();
}

async function codeOf(work: Promise<void>): Promise<string> {
  return work.then(
    () => "written",
    (error: unknown) =>
      error instanceof Error && "code" in error ? `${String(error.code)} ${error.message}` : String(error),
  );
}

describe("a file that is rewritten", () => {
  test.each([
    ["CRLF", "x\r\nFROM alpine:3\r\ny\r\n"],
    ["a byte order mark", `\ufeff${TEXT}`],
    ["tabs and trailing blanks", "\tFROM\talpine:3 \t \n"],
    ["no line break at the end", "x\nFROM alpine:3"],
    ["a comment", "FROM alpine:3 # the base\n"],
    ["line breaks of all kinds", "a\rb\u2028c\n\n\r\nFROM alpine:3\r"],
    ["characters of four bytes, and NUL", "😀\u0000FROM alpine:3😀"],
  ])("keeps %s", async (_, text) => {
    const folder = folderOf({ f: text });
    await writeFiles([pinIn(join(folder, "f"), text)], [folder], never);
    expect(readFileSync(join(folder, "f"))).toEqual(Buffer.from(pinned(text)));
    expect(readdirSync(folder)).toEqual(["f"]);
  });

  test.each([0o644, 0o755, 0o600, 0o664, 0o4755, 0o200])("keeps mode %o", async (mode) => {
    const folder = folderOf({ f: TEXT });
    chmodSync(join(folder, "f"), mode);
    if (!isRoot && (mode & 0o400) === 0) chmodSync(join(folder, "f"), 0o600);
    const before = statSync(join(folder, "f")).mode;
    await writeFiles([pinIn(join(folder, "f"))], [folder], never);
    expect(statSync(join(folder, "f")).mode).toBe(before);
  });

  test.runIf(isRoot)("keeps its owner and group", async () => {
    const folder = folderOf({ f: TEXT });
    chownSync(join(folder, "f"), 1234, 4321);
    await writeFiles([pinIn(join(folder, "f"))], [folder], never);
    expect(statSync(join(folder, "f"))).toMatchObject({ uid: 1234, gid: 4321 });
  });

  test("may have any name, and may be one that did not exist", async () => {
    const folder = folderOf({ "a\nb 'c\" \u001b[2J": TEXT });
    const [name = ""] = readdirSync(folder);
    const made = rewriteWhole(join(folder, "new"), null, "x\n");
    await writeFiles([pinIn(join(folder, name)), ...(made === null ? [] : [made])], [folder], never);
    expect(readFileSync(join(folder, name), "utf8")).toBe(pinned());
    expect(readFileSync(join(folder, "new"), "utf8")).toBe("x\n");
    writeFileSync(join(folder, "usual"), "");
    expect(statSync(join(folder, "new")).mode).toBe(statSync(join(folder, "usual")).mode);
    expect(rewriteWhole("/x", "a", "a")).toBe(null);
  });

  test("is not touched if nothing changes", async () => {
    const folder = folderOf({ f: TEXT });
    utimesSync(join(folder, "f"), 1, 1);
    await writeFiles([{ path: join(folder, "f"), text: "something else", edits: [] }], [], never);
    expect(statSync(join(folder, "f")).mtimeMs).toBe(1000);
  });
});

describe("a symbolic link", () => {
  test("stays one, and its target is written once, however many lead to it", async () => {
    const folder = folderOf({ f: TEXT });
    symlinkSync("f", join(folder, "one"));
    symlinkSync(".", join(folder, "tree"));
    await writeFiles(
      ["f", "one", "tree/f"].map((name) => pinIn(join(folder, name))),
      [folder],
      never,
    );
    expect(readFileSync(join(folder, "f"), "utf8")).toBe(pinned());
    expect(readlinkSync(join(folder, "one"))).toBe("f");
    expect(lstatSync(join(folder, "f")).isFile()).toBe(true);
  });

  test("that leads out of the trees is refused, and nothing is written", async () => {
    const [folder, outside] = [folderOf({ f: TEXT }), folderOf({ g: TEXT })];
    symlinkSync(join(outside, "g"), join(folder, "out"));
    const done = codeOf(writeFiles([pinIn(join(folder, "f")), pinIn(join(folder, "out"))], [folder], never));
    expect(await done).toMatch(/^E_PIN cannot write ".*out": it leads to ".*g", outside of what was named$/);
    expect([readFileSync(join(folder, "f"), "utf8"), readFileSync(join(outside, "g"), "utf8")]).toEqual([TEXT, TEXT]);
  });

  test("that leads into a folder whose name only begins the same is refused too", async () => {
    const folder = folderOf({});
    for (const name of ["a", "ab"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "ab/f"), TEXT);
    symlinkSync("../ab/f", join(folder, "a/f"));
    expect(await codeOf(writeFiles([pinIn(join(folder, "a/f"))], [join(folder, "a")], never))).toContain("outside");
  });

  test("that was named itself is followed wherever it leads", async () => {
    const [folder, outside] = [folderOf({}), folderOf({ g: TEXT })];
    const link = join(folder, "out");
    symlinkSync(join(outside, "g"), link);
    await writeFiles([pinIn(link)], [link], never);
    expect(readFileSync(join(outside, "g"), "utf8")).toBe(pinned());
    expect(readdirSync(outside)).toEqual(["g"]);
  });

  test("to a file that would be written in another way as well is refused", async () => {
    const folder = folderOf({ f: TEXT });
    symlinkSync("f", join(folder, "one"));
    const other = { ...pinIn(join(folder, "one")), edits: [] as Rewrite["edits"] };
    const two = rewriteWhole(other.path, TEXT, "x");
    const done = codeOf(writeFiles([pinIn(join(folder, "f")), ...(two === null ? [] : [two])], [folder], never));
    expect(await done).toMatch(/^E_PIN .*would be rewritten in two ways$/);
    expect(readFileSync(join(folder, "f"), "utf8")).toBe(TEXT);
  });
});

describe("nothing is written, and nothing is left, if one of the files", () => {
  const refused: readonly { what: string; change: (path: string) => void; says: RegExp; after?: string }[] = [
    {
      what: "has changed",
      change: (path) => writeFileSync(path, `${TEXT}x`),
      says: /E_PIN .*: it has changed since/,
      after: `${TEXT}x`,
    },
    {
      what: "has changed and is as long as before",
      change: (path) => writeFileSync(path, TEXT.toLowerCase()),
      says: /E_PIN .*has changed/,
      after: TEXT.toLowerCase(),
    },
    {
      what: "has a byte order mark by now",
      change: (path) => writeFileSync(path, `\ufeff${TEXT}`),
      says: /E_PIN .*has changed/,
      after: `\ufeff${TEXT}`,
    },
    { what: "is gone", change: (path) => renameSync(path, `${path}.old`), says: /E_PIN .*: it is gone$/ },
    {
      what: "is a folder by now",
      change: (path) => instead(path, () => mkdirSync(path)),
      says: /E_PIN .*: it is not a regular file any more$/,
    },
    {
      what: "is a pipe by now",
      change: (path) => instead(path, () => void execFileSync("mkfifo", [path])),
      says: /E_PIN .*: it is not a regular file any more$/,
    },
    {
      what: "leads to a device by now",
      change: (path) => instead(path, () => symlinkSync("/dev/zero", path)),
      says: /E_PIN .*outside of what was named/,
    },
    {
      what: "is read-only",
      change: (path) => chmodSync(path, 0o444),
      says: /E_PIN cannot write ".*": it is read-only$/,
      after: TEXT,
    },
    {
      what: "has another name",
      change: (path) => linkSync(path, `${path}.old`),
      says: /E_PIN .*: the same file has 2 names/,
      after: TEXT,
    },
    {
      what: "leads in a circle",
      change: (path) => instead(path, () => symlinkSync(path, path)),
      says: /E_PIN .*: a symbolic link is where a file was$/,
    },
  ];
  test.each(refused)("$what", async ({ change, says, after }) => {
    const folder = folderOf({ a: TEXT, b: TEXT, c: TEXT });
    change(join(folder, "b"));
    const names = readdirSync(folder);
    const work = writeFiles(
      ["a", "b", "c"].map((name) => pinIn(join(folder, name))),
      [folder],
      never,
    );
    expect(await codeOf(work)).toMatch(says);
    expect(readdirSync(folder)).toEqual(names);
    for (const name of ["a", "c"]) expect(readFileSync(join(folder, name), "utf8")).toBe(TEXT);
    if (after !== undefined) expect(readFileSync(join(folder, "b"), "utf8")).toBe(after);
  });

  test("was made while it was not there", async () => {
    const folder = folderOf({ a: TEXT, new: "mine" });
    const made = rewriteWhole(join(folder, "new"), null, "x");
    const done = codeOf(writeFiles([pinIn(join(folder, "a")), ...(made === null ? [] : [made])], [folder], never));
    expect(await done).toMatch(/^E_PIN .*: something is there by now$/);
    expect([readFileSync(join(folder, "a"), "utf8"), readFileSync(join(folder, "new"), "utf8")]).toEqual([
      TEXT,
      "mine",
    ]);
  });

  test("is not UTF-8: what was looked at is not what is there", async () => {
    const folder = folderOf({ a: TEXT });
    writeFileSync(join(folder, "b"), Buffer.concat([Buffer.from(TEXT), Buffer.from([0xff])]));
    const text = `${TEXT}\ufffd`;
    const done = codeOf(writeFiles([pinIn(join(folder, "a")), pinIn(join(folder, "b"), text)], [folder], never));
    expect(await done).toMatch(/E_PIN .*has changed/);
  });

  test("is still to come when Ctrl-C arrives", async () => {
    const folder = folderOf({ a: TEXT });
    await expect(
      writeFiles([pinIn(join(folder, "a"))], [folder], AbortSignal.abort(new Error("stop"))),
    ).rejects.toThrow("stop");
    expect([readdirSync(folder), readFileSync(join(folder, "a"), "utf8")]).toEqual([["a"], TEXT]);
  });

  test.runIf(isRoot).for([
    { options: "", kilobytes: 64, says: /^E_DISK .*: the disk is full$/ },
    { options: ",nr_inodes=6", kilobytes: 1000, says: /^E_DISK .*: the disk is full$/ },
  ])(
    "finds the disk full (tmpfs of $kilobytes KB$options, needs root)",
    async ({ options, kilobytes, says }, context) => {
      const folder = tmpfs(kilobytes, options);
      if (folder === null) return context.skip("a tmpfs cannot be mounted here");
      const text = `${TEXT}${"#".repeat(12_000)}\n`;
      const names = ["a", "b", "c"];
      for (const name of names) writeFileSync(join(folder, name), text);
      const work = writeFiles(
        names.map((name) => pinIn(join(folder, name), text)),
        [folder],
        never,
      );
      expect(await codeOf(work)).toMatch(says);
      expect(readdirSync(folder)).toEqual(names);
      for (const name of names) expect(readFileSync(join(folder, name), "utf8")).toBe(text);
    },
  );

  test.runIf(isRoot)("is on a file system that is read-only (needs root)", async (context) => {
    const folder = tmpfs(1000);
    if (folder === null) return context.skip("a tmpfs cannot be mounted here");
    writeFileSync(join(folder, "a"), TEXT);
    spawnSync("mount", ["-o", "remount,ro", folder]);
    const other = folderOf({ b: TEXT });
    const work = writeFiles([pinIn(join(other, "b")), pinIn(join(folder, "a"))], [folder, other], never);
    expect(await codeOf(work)).toMatch(/^E_DISK .*: the file system is read-only$/);
    expect([readdirSync(other), readFileSync(join(other, "b"), "utf8")]).toEqual([["b"], TEXT]);
  });
});

test("what a killed run left is removed; what a run that lives has there stays", async () => {
  const folder = folderOf({ a: TEXT });
  const self = await readOwner();
  const alive = stagedName(self);
  const dead = stagedName({ ...self, start: "1" });
  const [fresh, stale] = [stagedName({ ...self, boot: "00000000" }), stagedName({ ...self, boot: "00000000" })];
  for (const name of [alive, dead, fresh, stale]) writeFileSync(join(folder, name), "");
  utimesSync(join(folder, stale), 1, 1);
  await writeFiles([pinIn(join(folder, "a"))], [folder], never);
  expect(readdirSync(folder)).toEqual([alive, fresh, "a"].sort());
});
