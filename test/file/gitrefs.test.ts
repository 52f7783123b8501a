import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { commitAt, parseRefs } from "../../src/file/gitrefs.ts";
import { runCommand } from "../lab/cli.ts";
import { advertised, makeRepository } from "../lab/git.ts";
import { makeFolder } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";

const lab = useLab();
let path = "";

beforeAll(async () => {
  const folder = await makeFolder("git");
  lab(Promise.resolve({ stop: () => folder.remove() })).catch(() => undefined);
  path = join(folder.path, "repository");
  await makeRepository(path);
});

/** What Git itself reads there: names and objects. */
async function listed(): Promise<readonly (readonly [string, string])[]> {
  const { stdout } = await runCommand(["git", "ls-remote", path], {});
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split("\t") as [string, string])
    .map(([object, name]) => [name, object] as const);
}

describe("the refs of a repository", () => {
  test.each(["0", "1"])("in protocol version %s are those that git ls-remote prints", async (version) => {
    const refs = parseRefs(await advertised(path, version));
    expect([...refs.names].sort()).toEqual([...(await listed())].sort());
    expect(refs.names.size).toBeGreaterThan(6);
  });

  test("lead from names to commits: of annotated tags to what they are of, and never by pull requests", async () => {
    const refs = parseRefs(await advertised(path));
    const of = (name: string): string => refs.names.get(name) ?? "none";
    expect(commitAt(refs, "main")).toBe(`branch ${of("refs/heads/main")}`);
    expect(commitAt(refs, "v1")).toBe(`tag ${of("refs/tags/v1^{}")}`);
    expect(of("refs/tags/v1")).not.toBe(of("refs/tags/v1^{}"));
    expect(commitAt(refs, "light")).toBe(`tag ${of("refs/tags/light")}`);
    expect(commitAt(refs, "both")).toBe(`tag ${of("refs/tags/both")} and branch ${of("refs/heads/both")}`);
    expect(commitAt(refs, "refs/heads/both")).toBe(`branch ${of("refs/heads/both")}`);
    expect(commitAt(refs, "refs/tags/both")).toBe(`tag ${of("refs/tags/both")}`);
    const tip = of("refs/tags/v1^{}");
    expect(commitAt(refs, tip.toUpperCase())).toBe(`commit ${tip}`);
    expect(commitAt(refs, of("refs/pull/1/head"))).toBeNull();
    for (const name of ["v2", "HEAD", "tags/v1", "refs/pull/1/head", "v1^{}", ""])
      expect(commitAt(refs, name)).toBeNull();
  });

  test("of an empty repository are none", async () => {
    const folder = await makeFolder("empty");
    await runCommand(["git", "init", "-q", "--bare", folder.path], {});
    expect(parseRefs(await advertised(folder.path)).names.size).toBe(0);
    await folder.remove();
  });
});

describe("what is no list of refs is refused", () => {
  const line = (text: string): string => (text.length + 4).toString(16).padStart(4, "0") + text;
  const head = `${line("# service=git-upload-pack\n")}0000`;
  const [one, other] = [`${"1".repeat(40)} refs/heads/a\0caps\n`, `${"2".repeat(40)} refs/heads/b\n`];

  test("but this is one", () => {
    expect([...parseRefs(Buffer.from(`${head}${line(one)}${line(other)}0000`)).names]).toHaveLength(2);
  });

  test.each([
    ["nothing", ""],
    ["a page", "<!doctype html>"],
    ["another service", `${line("# service=git-receive-pack\n")}0000${line(one)}0000`],
    ["no flush behind the service", `${line("# service=git-upload-pack\n")}${line(one)}0000`],
    ["one that is cut between lines", `${head}${line(one)}`],
    ["one that is cut in a line", `${head}${line(one).slice(0, -3)}`],
    ["more behind its end", `${head}${line(one)}0000${line(other)}0000`],
    ["a length that is none", `${head}zzzz`],
    ["a length that is too short", `${head}0003`],
    ["an error", `${head}${line("ERR access denied")}0000`],
    ["an object that is none", `${head}${line("1234 refs/heads/a\n")}0000`],
    ["a ref twice", `${head}${line(one)}${line(one)}0000`],
  ])("%s", (_, text) => {
    expect(() => parseRefs(Buffer.from(text))).toThrow(expect.objectContaining({ code: "E_NOT_CONTENT" }) as Error);
  });

  test("and never anything else is thrown", async () => {
    const whole = Buffer.from(await advertised(path));
    for (let at = 0; at < whole.length; at += 7) {
      const broken = Buffer.from(whole);
      broken[at] = (broken[at] ?? 0) ^ 0x10;
      try {
        parseRefs(broken);
      } catch (error) {
        expect(error).toMatchObject({ code: "E_NOT_CONTENT" });
      }
    }
  });
});
