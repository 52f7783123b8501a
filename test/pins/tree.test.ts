import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { readTree, type Tree } from "../../src/pins/tree.ts";

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "tofu3-tree-"));
});
afterEach(() => rm(base, { recursive: true }));

async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), content);
  }
}

function read(...paths: string[]): Promise<Tree> {
  return readTree(paths, { base }, new AbortController().signal);
}

function said({ mentions }: Tree): readonly string[] {
  return mentions.map(({ place, text }) => `${place.file}:${place.line} ${text}`);
}

describe("a folder", () => {
  test("is read with its folders, in the order of names", async () => {
    await write({
      "b/Dockerfile": "FROM b:1\nFROM b:2\n",
      "a/x.Dockerfile": "FROM a:1\n",
      Dockerfile: "FROM c:1\n",
      ".devcontainer/devcontainer.json": '{"image":"d:1"}',
      "main.c": "FROM no\n",
      "notes.yaml": "hello\n",
    });
    const tree = await read(".");
    expect(said(tree)).toEqual([
      ".devcontainer/devcontainer.json:1 d:1",
      "Dockerfile:1 c:1",
      "a/x.Dockerfile:1 a:1",
      "b/Dockerfile:1 b:1",
      "b/Dockerfile:2 b:2",
    ]);
    expect(tree.unread).toEqual([]);
    expect(tree.files).toEqual({ read: 4, withReferences: 4 });
  });

  test("is of every kind that its name or text may be", async () => {
    const job = "jobs:\n  a:\n    container: job:1\n";
    await write({
      ".github/workflows/dockerfile.yml": job,
      ".gitlab/docker-compose.yml": "services:\n  web:\n    image: web:1\n",
      ".woodpecker/pod.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: pod:1\n",
      "Dockerfile.yaml": "FROM base:1\n",
    });
    expect(said(await read("."))).toEqual([
      ".github/workflows/dockerfile.yml:3 job:1",
      ".gitlab/docker-compose.yml:3 web:1",
      ".woodpecker/pod.yaml:5 pod:1",
      "Dockerfile.yaml:1 base:1",
    ]);
  });

  test("is not read where others wrote it", async () => {
    for (const folder of [".git", ".hg", ".svn", ".terraform", "node_modules", "x/node_modules"]) {
      await write({ [`${folder}/Dockerfile`]: "FROM no\n" });
    }
    await write({ "vendor/Dockerfile": "FROM yes\n" });
    expect(said(await read("."))).toEqual(["vendor/Dockerfile:1 yes"]);
  });

  test("is read once, however often it is named", async () => {
    await write({ "a/Dockerfile": "FROM a:1\n" });
    expect(said(await read("a", ".", "a/Dockerfile", join(base, "a")))).toEqual(["a/Dockerfile:1 a:1"]);
  });

  test("has names that survive as they are", async () => {
    await write({ "a\n\u001b[31m/Dockerfile": "FROM a:1\n" });
    expect(said(await read("."))).toEqual(["a\n\u001b[31m/Dockerfile:1 a:1"]);
  });

  test("outside of where the search began is told from there", async () => {
    await write({ "a/Dockerfile": "FROM a:1\n", "b/c": "" });
    const tree = await readTree(["../a"], { base: join(base, "b") }, new AbortController().signal);
    expect(said(tree)).toEqual(["../a/Dockerfile:1 a:1"]);
  });

  test("may have too much in it", async () => {
    await write({ "a/Dockerfile": "FROM a:1\nFROM a:2\nFROM a:3\n", "b/Dockerfile": "FROM b\n", "c/Dockerfile": "" });
    const { signal } = new AbortController();
    const few = await readTree(["."], { base, most: { entries: 100, mentions: 2 } }, signal);
    expect(said(few)).toEqual(["a/Dockerfile:1 a:1", "a/Dockerfile:2 a:2"]);
    expect(few.unread).toEqual([{ file: ".", why: "only the first 2 references are kept" }]);
    const cut = await readTree(["."], { base, most: { entries: 4, mentions: 100 } }, signal);
    expect(said(cut)).toHaveLength(3);
    expect(cut.unread).toEqual([{ file: ".", why: "only the first 4 entries of folders are looked at" }]);
  });

  test("stops when it is told to", async () => {
    await write({ Dockerfile: "FROM a\n" });
    const reason = new Error("stop");
    await expect(readTree(["."], { base }, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe("what is no plain file", () => {
  const EMPTY = { mentions: [], unread: [], files: { read: 0, withReferences: 0 } };

  test("symlinks are not followed, but for the one that is named", async () => {
    await write({ "out/Dockerfile": "FROM out\n", "in/real/Dockerfile": "FROM in\n" });
    await symlink(join(base, "out"), join(base, "in/folder"));
    await symlink(join(base, "out/Dockerfile"), join(base, "in/Dockerfile"));
    await symlink(join(base, "in"), join(base, "in/real/circle"));
    expect(said(await read("in"))).toEqual(["in/real/Dockerfile:1 in"]);
    expect(said(await read("in/folder"))).toEqual(["in/folder/Dockerfile:1 out"]);
    expect(said(await read("in/Dockerfile"))).toEqual(["in/Dockerfile:1 out"]);
  });

  test("a symlink that hides what is read is said, and no other", async () => {
    await write({ "t/notes": "FROM hidden\n", "t/real.Dockerfile": "FROM real\n", "out/x.Dockerfile": "FROM out\n" });
    await symlink("notes", join(base, "t/Dockerfile"));
    await symlink("real.Dockerfile", join(base, "t/Containerfile"));
    await symlink(join(base, "out/x.Dockerfile"), join(base, "t/y.Dockerfile"));
    await symlink("nowhere", join(base, "t/z.Dockerfile"));
    await symlink(".", join(base, "t/folder.yaml"));
    const why = "it is a symlink to something that is not read";
    expect((await read("t")).unread).toEqual([
      { file: "t/Dockerfile", why },
      { file: "t/y.Dockerfile", why },
    ]);
  });

  test("pipes are not opened", async () => {
    execFileSync("mkfifo", [join(base, "Dockerfile")]);
    expect(await read(".")).toMatchObject(EMPTY);
    expect((await read("Dockerfile")).unread).toEqual([
      { file: "Dockerfile", why: "it is neither a file nor a folder" },
    ]);
  });

  test("sockets are not opened", async () => {
    const server = await new Promise<Server>((done) => {
      const listening = createServer().listen(join(base, "x.yaml"), () => done(listening));
    });
    expect(await read(".")).toMatchObject(EMPTY);
    server.close();
  });

  test("what cannot be opened is said", async () => {
    await write({ "a/Dockerfile": "FROM a\n", "b/Dockerfile": "FROM b\n", "c/Dockerfile": "FROM c\n" });
    await chmod(base, 0o755);
    await chmod(join(base, "a"), 0);
    await chmod(join(base, "b/Dockerfile"), 0);
    const tree = await asNobody(() => read("."));
    await chmod(join(base, "a"), 0o755);
    expect(said(tree)).toEqual(["c/Dockerfile:1 c"]);
    expect(tree.unread).toEqual([
      { file: "a", why: "permission is denied" },
      { file: "b/Dockerfile", why: "permission is denied" },
    ]);
  });
});

/** Nothing is denied to root. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const user = process.geteuid?.();
  if (user === 0) process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    if (user === 0) process.seteuid?.(0);
  }
}

describe("what is no text", () => {
  const large = `FROM a\n${"#".repeat(4 * 1024 * 1024)}`;

  test.each<[string, string, string | Uint8Array, string | null]>([
    ["a large file", "Dockerfile", large, "it is larger than 4194304 bytes"],
    ["a large file of no known name", "notes.txt", large, null],
    ["a large file that may be of any kind", "package-lock.json", large, null],
    ["a large YAML file", "a.yaml", large, "it is larger than 4194304 bytes"],
    ["NUL bytes", "Dockerfile", "FROM a\0", "it has NUL bytes"],
    ["not UTF-8", "Dockerfile", Uint8Array.of(70, 0xff, 0xfe), "it is not UTF-8"],
    ["not UTF-8, of a name that says little", "a.rb", Uint8Array.of(70, 0xff, 0xfe), null],
    ["the lock of Terraform", ".terraform.lock.hcl", "x", null],
    ["the lock of pnpm", "pnpm-lock.yaml", large, null],
    ["a template beside no chart, of no known kind", "templates/a.yaml", "image: {{ .Values.image }}\n", null],
    ["a file of that folder", "chart/templates/Dockerfile", "FROM scratch\n", null],
  ])("%s", async (_, name, content, why) => {
    await write({ [name]: content });
    expect((await read(".")).unread).toEqual(why === null ? [] : [{ file: name, why }]);
  });
});

describe("named and no more is", () => {
  test.each<[string, string, string, string]>([
    ["HCL", "docker-bake.hcl", "x", "HCL is not read"],
    ["Terraform", "main.tf", "x", "HCL is not read"],
    [
      "a template of a chart",
      "chart/templates/a.yaml",
      "image: {{ .Values.image }}\n",
      "it is a template of a chart, and nothing is executed",
    ],
  ])("%s", async (_, name, content, why) => {
    await write({ "chart/Chart.yaml": "name: a\n", [name]: content });
    expect((await read(".")).unread).toEqual([{ file: name, why, minor: true }]);
  });

  test("not a file that is called so beside no chart", async () => {
    await write({ "templates/compose.yaml": 'services:\n  a:\n    image: a:1 # {{\n  b:\n    image: "{{ x }}"\n' });
    const { mentions, unread } = await read(".");
    expect([mentions.map(({ text }) => text), unread]).toEqual([["a:1", "{{ x }}"], []]);
  });
});

describe("a file that is named", () => {
  test.each<[string, string, string, readonly string[], string | null]>([
    ["of a known kind", "Dockerfile", "FROM a:1\n", ["Dockerfile:1 a:1"], null],
    ["of an unknown kind is a list", "x.lst", "# x\na:1\nb:2\n", ["x.lst:2 a:1", "x.lst:3 b:2"], null],
    ["or nothing", "x.c", "int main() {}\n", [], "it is no kind of file that is read, and no list of references"],
    ["no text", "x.bin", "\0", [], "it has NUL bytes"],
  ])("%s", async (_, name, content, mentions, why) => {
    await write({ [name]: content });
    const tree = await read(name);
    expect(said(tree)).toEqual(mentions);
    expect(tree.unread).toEqual(why === null ? [] : [{ file: name, why }]);
  });

  test("must be there", async () => {
    const missing = read("a\u001b[0m");
    await expect(missing).rejects.toThrow(Tofu3Error);
    await expect(missing).rejects.toMatchObject({
      code: "E_USAGE",
      message: 'cannot read "a\\u{1b}[0m": there is no such file or folder',
    });
  });
});

test("5,000 files take no time", async () => {
  for (let folder = 0; folder < 50; folder++) {
    await mkdir(join(base, String(folder)));
    const files = Array.from({ length: 100 }, (_, index) => join(base, String(folder), `${index}.Dockerfile`));
    await Promise.all(files.map((file) => writeFile(file, "FROM alpine:3\n")));
  }
  const before = performance.now();
  const tree = await read(".");
  expect(tree.files).toEqual({ read: 5000, withReferences: 5000 });
  expect(performance.now() - before).toBeLessThan(10_000);
});
