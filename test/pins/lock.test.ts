import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { Tofu3Error } from "../../src/errors.ts";
import { subjectOf } from "../../src/model/subject.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { renderBuildkitPolicy } from "../../src/pins/buildkit.ts";
import { EMPTY_LOCK, holdTo, lockName, parseLock, renderLock, withPins, type Pin } from "../../src/pins/lock.ts";
import { readLock, rewriteLock } from "../../src/pins/lockfile.ts";
import { writeFiles } from "../../src/pins/rewrite.ts";
import { temporary } from "../release/tools.ts";
import { digest, NEW, OLD, OTHER } from "./mentions.ts";

const AT = "2026-01-31T12:00:00Z";
const pin = (reference: string, to = NEW, at = AT): Pin => ({
  reference,
  digest: to,
  at,
  workers: ["fra", "here", "sgp"],
});
const alpine = pin("docker.io/library/alpine:3");

function errorOf(work: () => unknown): Tofu3Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Tofu3Error) return error;
    throw error;
  }
  throw new Error("no error");
}

describe("the text of a lock", () => {
  test("is one line for each pin, sorted", () => {
    const lock = withPins(EMPTY_LOCK, [pin("localhost:5000/b:v1"), alpine, pin("[::1]:5000/a:1", OTHER)]);
    expect(renderLock(lock).split("\n")).toEqual([
      '# Written by "tofu3 pin". "tofu3 verify --lock" holds a reference to its digest.',
      "version: 1",
      "pins:",
      `  - { reference: "[::1]:5000/a:1", digest: ${OTHER}, at: "${AT}", workers: [fra, here, sgp] }`,
      `  - { reference: docker.io/library/alpine:3, digest: ${NEW}, at: "${AT}", workers: [fra, here, sgp] }`,
      `  - { reference: localhost:5000/b:v1, digest: ${NEW}, at: "${AT}", workers: [fra, here, sgp] }`,
      "",
    ]);
  });

  const host = fc.constantFrom(
    "docker.io",
    "localhost:5000",
    "127.0.0.1:5000",
    "[::1]",
    "[::1]:5000",
    "A.example",
    "1.2:3",
  );
  const tag = fc.stringMatching(/^\w[\w.-]{0,20}$/);
  const worker = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9._-]{1,32}$/),
    fc.constantFrom(
      "no",
      "Null",
      "true",
      "1",
      "0x1",
      "1e3",
      "-",
      ".",
      "...",
      "---",

      "y",
      "2026-01-31",
      ".inf",
      "1_0",
      "e1",
      "E-0",
    ),
  );
  const anyPin = fc.record({
    reference: fc.tuple(host, tag).map(([registry, name]) => lockName(parseReference(`${registry}/a/b:${name}`))),
    digest: fc.constantFrom(NEW, OLD, digest("a")),
    at: fc.constantFrom(AT, "2026-01-31T12:00:00.123Z"),
    workers: fc.uniqueArray(worker, { minLength: 1, maxLength: 4 }).map((names) => names.sort()),
  });

  test("property: it reads back as itself, here and with a YAML 1.1 parser, on one line each", () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyPin, { selector: ({ reference }) => reference, maxLength: 8 }), (pins) => {
        const lock = withPins(EMPTY_LOCK, pins);
        const text = renderLock(lock);
        expect(parseLock(text, "l")).toEqual(lock);
        expect(renderLock(parseLock(text, "l"))).toBe(text);
        expect((parse(text, { version: "1.1" }) as { pins: unknown }).pins ?? []).toEqual(lock.pins);
        expect(text.split("\n")).toHaveLength(pins.length + 4);
      }),
    );
  });

  test("what nobody wrote in this order is read all the same: a merge may have put it together", () => {
    const lock = withPins(EMPTY_LOCK, [alpine, pin("ghcr.io/a/b:1")]);
    const lines = renderLock(lock).split("\n");
    const shuffled = [...lines.slice(0, 3), ...lines.slice(3, 5).reverse(), ""].join("\r\n");
    expect(parseLock(shuffled, "l")).toEqual(lock);
  });

  test("pins is empty: nothing, or an empty list", () => {
    expect(parseLock("version: 1\npins:\n", "l")).toEqual(EMPTY_LOCK);
    expect(parseLock("version: 1\npins: []\n", "l")).toEqual(EMPTY_LOCK);
  });
});

describe("a lock that cannot be read says where and why", () => {
  const line = `  - { reference: docker.io/library/alpine:3, digest: ${NEW}, at: "${AT}", workers: [fra] }`;
  const whole = `version: 1\npins:\n${line}\n`;
  test.each([
    ["", "l:1:1: a lock is a mapping with version and pins"],
    ["[]", "l:1:1: a lock is a mapping with version and pins"],
    ["pins: []", "l:1:1: version: must be 1"],
    ["version: 2\nplins: {}", "l:1:10: version: this is version 2, and this tofu3 reads version 1; update tofu3"],
    ['version: "1"\npins: []', "l:1:10: version: must be 1"],
    ["version: 1", "l:1:1: pins: must be a list"],
    ["version: 1\npins: 3", "l:2:7: pins: must be a list"],
    [`${whole}more: 1`, "l:4:1: more: unknown key; a newer tofu3 may have written it; update tofu3"],
    [whole.replace("at:", "seen: 1, at:"), /^l:3:\d+: pins\[0\]\.seen: unknown key; a newer tofu3/],
    [whole.replace("alpine:3", "alpine"), /^l:3:18: pins\[0\]\.reference: must be REGISTRY\/REPOSITORY:TAG/],
    [whole.replace("docker.io/library/", ""), /reference: must be REGISTRY/],
    [whole.replace("alpine:3", `alpine:3@${NEW}`), /reference: must be REGISTRY/],
    [whole.replace("alpine:3", "Alpine:3"), /reference: must be REGISTRY/],
    [whole.replace(NEW, NEW.slice(0, -1)), /^l:3:\d+: pins\[0\]\.digest: must be "sha256:"/],
    [whole.replace(AT, "2026-13-31T12:00:00Z"), /pins\[0\]\.at: must be an instant in UTC/],
    [whole.replace(AT, "yesterday"), /pins\[0\]\.at: must be an instant in UTC/],
    [whole.replace("[fra]", "[]"), /pins\[0\]\.workers: must be a list of names/],
    [whole.replace("[fra]", "fra"), /pins\[0\]\.workers: must be a list of names/],
    [whole.replace("[fra]", '["a b"]'), /pins\[0\]\.workers: must be a list of names/],
    [`version: 1\npins:\n  - 3\n`, "l:3:5: pins[0]: must be { reference, digest, at, workers }"],
    [`${whole}${line}\n`, /^l:4:18: pins\[1\]\.reference: .*is pinned by pins\[0\] already; keep one of the two$/],
    [`${whole}<<<<<<< HEAD\n`, /^l:\d+:\d+: /],
    [`version: 1\nversion: 1\npins:`, /^l:2:1: this key is here twice/],
    [`__proto__: 1\n${whole}`, /^l:1:1: unknown key/],
    [`version: 1\npins: *a\n`, /^l:1:1: an alias without its anchor/],
  ])("%j", (text, says) => {
    const { code, message, hint } = errorOf(() => parseLock(text, "l"));
    expect({ code, hint }).toEqual({ code: "E_USAGE", hint: expect.stringContaining("restore the file") as unknown });
    if (typeof says === "string") expect(message).toBe(says);
    else expect(message).toMatch(says);
  });

  test("every mistake is told, and no text of the file reaches a terminal as it is", () => {
    const { message } = errorOf(() => parseLock(`version: 1\npins: [{ "\\e[2J": 1 }, 3]\n`, "l\u001b[2J"));
    expect(message.split("\n").length).toBeGreaterThan(4);
    expect(message.split("\n").join("")).not.toMatch(/\p{Cc}/u);
  });
});

describe("new pins in a lock", () => {
  test("what led to the same digest before keeps its time and its vantages", () => {
    const lock = withPins(EMPTY_LOCK, [alpine, pin("ghcr.io/a/b:1")]);
    const later = { at: "2026-02-01T00:00:00Z", workers: ["here"] };
    const next = withPins(lock, [
      { ...alpine, ...later },
      { ...pin("ghcr.io/a/b:1", OTHER), ...later },
      { ...pin("a.example/c:1"), ...later },
    ]);
    expect(next.pins).toEqual([
      { ...pin("a.example/c:1"), ...later },
      alpine,
      { ...pin("ghcr.io/a/b:1", OTHER), ...later },
    ]);
  });

  test("the file is made, and a second run changes nothing, CRLF and byte order mark or not", async () => {
    const folder = temporary();
    const path = join(folder, "tofu3.lock");
    const never = new AbortController().signal;
    const run = async (fresh: readonly Pin[]): Promise<boolean> => {
      const rewrite = rewriteLock(path, await readLock(path), fresh);
      if (rewrite !== null) await writeFiles([rewrite], [path], never);
      return rewrite !== null;
    };
    expect(await readLock(path)).toBe(null);
    expect(await run([alpine])).toBe(true);
    expect(await run([{ ...alpine, at: "2026-02-01T00:00:00Z" }])).toBe(false);
    expect((await readLock(path))?.lock.pins).toEqual([alpine]);
    writeFileSync(path, `\ufeff${readFileSync(path, "utf8").replaceAll("\n", "\r\n")}`);
    expect(await run([alpine])).toBe(false);
    expect(await run([{ ...alpine, digest: OTHER }])).toBe(true);
    const text = readFileSync(path, "utf8");
    expect(text).toBe(`\ufeff${renderLock({ pins: [{ ...alpine, digest: OTHER }] }).replaceAll("\n", "\r\n")}`);
  });
});

describe("git merges pins of two branches", () => {
  const some = ["b", "d", "f", "h"].map((name) => pin(`a.example/${name}:1`));

  function merged(ours: readonly Pin[], theirs: readonly Pin[], attributes = ""): string {
    const folder = temporary();
    const who = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"];
    const git = (...args: readonly string[]) =>
      execFileSync("git", [...who, ...args], {
        cwd: folder,
        stdio: "pipe",
        env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null" },
      });
    const commit = (pins: readonly Pin[]): void => {
      writeFileSync(join(folder, "tofu3.lock"), renderLock(withPins(EMPTY_LOCK, [...some, ...pins])));
      git("add", "-A");
      git("commit", "-qm", "pins");
    };
    git("init", "-qb", "main");
    writeFileSync(join(folder, ".gitattributes"), attributes);
    commit([]);
    git("checkout", "-qb", "theirs");
    commit(theirs);
    git("checkout", "-q", "main");
    commit(ours);
    git("merge", "-q", "--no-edit", "theirs");
    return readFileSync(join(folder, "tofu3.lock"), "utf8");
  }

  test.each([
    ["c", "e"],
    ["a", "i"],
    ["i", "c"],
  ])("that are added at different places: %s and %s", (one, other) => {
    const [ours, theirs] = [pin(`a.example/${one}:1`), pin(`a.example/${other}:1`)];
    expect(merged([ours], [theirs])).toBe(renderLock(withPins(EMPTY_LOCK, [...some, ours, theirs])));
  });

  test("that are added at the same place, with merge=union", () => {
    const [ours, theirs] = [pin("a.example/c2:1"), pin("a.example/c1:1")];
    expect(() => merged([ours], [theirs])).toThrow(/CONFLICT|Command failed/);
    const text = merged([ours], [theirs], "tofu3.lock merge=union\n");
    expect(parseLock(text, "l")).toEqual(withPins(EMPTY_LOCK, [...some, ours, theirs]));
  });
});

describe("a reference that is held to a lock", () => {
  const lock = withPins(EMPTY_LOCK, [
    alpine,
    pin("docker.io/library/alpine:4", OTHER),
    pin("docker.io/library/alpine-x:5", OLD),
    pin("docker.io/library/debian:latest", OLD),
  ]);
  const held = (text: string) => holdTo(lock, subjectOf(parseReference(text)), "/l");

  test.each([
    ["alpine:3", `alpine:3@${NEW}`],
    ["docker.io/library/alpine:4", `alpine:4@${OTHER}`],
    ["debian", `debian:latest@${OLD}`],
    [`alpine:3@${NEW}`, `alpine:3@${NEW}`],
    [`alpine@${OTHER}`, `alpine@${OTHER}`],
  ])("%s becomes %s", (text, becomes) => {
    expect(held(text)).toEqual(subjectOf(parseReference(becomes)));
  });

  test.each([
    ["alpine:5", 'the lock "/l" does not have docker.io/library/alpine:5', "tofu3 pin"],
    ["alpine", 'the lock "/l" does not have docker.io/library/alpine:latest', "tofu3 pin"],
    ["ghcr.io/library/alpine:3", 'the lock "/l" does not have ghcr.io/library/alpine:3', "tofu3 pin"],
    [`busybox@${NEW}`, 'the lock "/l" does not have docker.io/library/busybox', "tofu3 pin"],
    [`alpine:3@${OTHER}`, `${OTHER} is not what the lock "/l" has: docker.io/library/alpine:3@${NEW}`, "--update"],
    [
      `alpine@${OLD}`,
      `${OLD} is not what the lock "/l" has: docker.io/library/alpine:3@${NEW}, docker.io/library/alpine:4@${OTHER}`,
      "--update",
    ],
  ])("%s is refused", (text, message, hint) => {
    const error = errorOf(() => held(text));
    expect(error).toMatchObject({ code: "E_USAGE", message, hint: expect.stringContaining(hint) as unknown });
  });
});

test("BuildKit's source policy has one exact rule for each pin, in the order of the lock", () => {
  const lock = withPins(EMPTY_LOCK, [pin("ghcr.io/a/b:1", OTHER), alpine]);
  const rule = (reference: string, to: string) => ({
    action: "CONVERT",
    selector: { identifier: `docker-image://${reference}`, match_type: "EXACT" },
    updates: { identifier: `docker-image://${reference}@${to}` },
  });
  const policy = { version: 1, rules: [rule("docker.io/library/alpine:3", NEW), rule("ghcr.io/a/b:1", OTHER)] };
  expect(renderBuildkitPolicy(lock)).toBe(`${JSON.stringify(policy, null, 2)}\n`);
  expect(renderBuildkitPolicy(EMPTY_LOCK)).toBe('{\n  "version": 1,\n  "rules": []\n}\n');
});
