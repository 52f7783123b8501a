import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { advertised, makeRepository } from "../../lab/git.ts";
import { useLab } from "../../lab/uselab.ts";
import { startWeb, type Web } from "../../lab/web.ts";
import { startStage, type Stage } from "../stage.ts";
import { kindsIn } from "./ground.ts";
import { auditWeb, type AuditedWeb } from "./webground.ts";

/** The refs of a real repository, and an index of Python projects, of an https server that three vantages ask. */

const lab = useLab();
let stage: Stage;
let web: Web;
let commits: Awaited<ReturnType<typeof makeRepository>>;
let refs: Buffer;

const REFS = "/owner/action/info/refs?service=git-upload-pack";
const SIMPLE = "/simple/tool/";
const [A, B] = ["a".repeat(64), "b".repeat(64)];

function simple(...hashes: readonly string[]): string {
  const files = hashes.map((sha256, at) => ({ filename: `tool-1.${at}-py3-none-any.whl`, hashes: { sha256 } }));
  return JSON.stringify({ meta: { "api-version": "1.0" }, name: "tool", files });
}

beforeAll(async () => {
  stage = await lab(startStage());
  web = await lab(startWeb(stage.folder, { vantages: ["here", "fra", "sgp"] }));
  const path = join(stage.folder, "repository");
  commits = await makeRepository(path);
  refs = await advertised(path);
  web.liar.answer(REFS, { body: refs });
  web.liar.answer(SIMPLE, { body: simple(A) });
});

const audit = (files: Readonly<Record<string, string>>, flags?: readonly string[]): Promise<AuditedWeb> =>
  auditWeb({ stage, web }, files, flags);

const FILE = ".gitea/workflows/ci.yml";
const using = (...refsUsed: readonly string[]): string => {
  const steps = refsUsed.map((ref) => `      - uses: ${web.origin}/owner/action@${ref}\n`).join("");
  return `jobs:\n  a:\n    steps:\n${steps}`;
};
const named = (ref: string): string => `git+${web.origin}/owner/action@${ref}`;

describe("uses", () => {
  test("a tag leads to a commit by consensus; the refs are read once by each vantage", async () => {
    const before = web.liar.requests.length;
    const { code, audit: seen } = await audit({
      [FILE]: using("v1", "main", commits.v1, `${commits.v1} # v1`, `${commits.main} # v1`, commits.old, "v9"),
    });
    expect(seen.subjects.map(({ reference, outcome }) => `${outcome} ${reference}`)).toEqual(
      [
        `agreed ${named(commits.v1)}`,
        `agreed ${named(commits.main)}`,
        `absent ${named(commits.old)}`,
        `agreed ${named("main")}`,
        `agreed ${named("v1")}`,
        `absent ${named("v9")}`,
      ].sort((one, other) => ((one.split(" ")[1] ?? "") < (other.split(" ")[1] ?? "") ? -1 : 1)),
    );
    expect([...kindsIn(seen)].sort()).toEqual(
      [
        `tag-digest-comment ${named(commits.main)}`,
        `floating-tag ${named("main")}`,
        `unpinned ${named("main")}`,
        `unpinned ${named("v1")}`,
        `unreachable ${named(commits.old)}`,
        `unreachable ${named("v9")}`,
      ].sort(),
    );
    const pin = seen.findings.find(({ kind, reference }) => kind === "unpinned" && reference === named("v1"));
    expect(pin?.next).toContain(`/owner/action@${commits.v1} # v1`);
    expect(code).toBe(20);
    const asked = web.liar.requests.slice(before).map(({ vantage, target }) => `${vantage} ${target}`);
    expect(asked.sort()).toEqual(["fra", "here", "sgp"].map((vantage) => `${vantage} ${REFS}`));
  });

  test("one vantage that is told another commit, or of no such tag, is an alarm that no comment leaves out", async () => {
    const evil = Buffer.from(refs.toString("latin1").replaceAll(commits.v1, "6".repeat(40)), "latin1");
    web.liar.answer("/owner/evil/info/refs?service=git-upload-pack", { body: refs });
    web.liar.lie("sgp", "/owner/evil/info/refs?service=git-upload-pack", { body: evil });
    const text = using("v1 # tofu3: ignore disagreed no").replace("owner/action", "owner/evil");
    const { code, audit: seen } = await audit({ [FILE]: text });
    expect(code).toBe(20);
    expect(seen.findings).toMatchObject([
      {
        kind: "disagreed",
        message: expect.stringContaining(
          `fra and here were told tag ${commits.v1}, sgp was told tag ${"6".repeat(40)}`,
        ) as string,
      },
    ]);
    web.liar.answer("/owner/less/info/refs?service=git-upload-pack", { body: refs });
    const less = Buffer.from(refs.toString("latin1").replaceAll("refs/tags/v1", "refs/tags/v0"), "latin1");
    web.liar.lie("fra", "/owner/less/info/refs?service=git-upload-pack", { body: less });
    const hidden = await audit({ [FILE]: using("v1").replace("owner/action", "owner/less") });
    expect(kindsIn(hidden.audit)).toEqual([`disagreed git+${web.origin}/owner/less@v1`]);
  });

  test("what is no list of refs, and one that a vantage cannot have, contradict nobody", async () => {
    web.liar.answer("/owner/page/info/refs?service=git-upload-pack", { body: "<!doctype html>" });
    web.liar.answer("/owner/shut/info/refs?service=git-upload-pack", { body: refs });
    web.liar.lie("sgp", "/owner/shut/info/refs?service=git-upload-pack", { status: 403 });
    for (const name of ["page", "shut", "none"]) {
      const { code, audit: seen } = await audit({ [FILE]: using("v1").replace("owner/action", `owner/${name}`) });
      expect({ code, kinds: kindsIn(seen) }, name).toEqual({
        code: 21,
        kinds: [`unreachable git+${web.origin}/owner/${name}@v1`],
      });
    }
  });
});

describe("requirements with checksums", () => {
  const listed = (hex: string): string =>
    `pkg:pypi/tool@1.0?checksum=sha256:${hex}&repository_url=${web.origin}/simple/`;
  const requiring = (...hashes: readonly string[]): string =>
    `-i ${web.origin}/simple\ntool==1.0 ${hashes.map((hex) => `--hash=sha256:${hex}`).join(" ")}\n`;

  test("each has to be listed for all vantages alike", async () => {
    const fine = await audit({ "requirements.txt": requiring(A) });
    expect(fine).toMatchObject({ code: 0, audit: { findings: [] } });
    expect(fine.audit.subjects).toMatchObject([{ reference: listed(A), outcome: "agreed", digest: `sha256:${A}` }]);
    const gone = await audit({ "requirements.txt": requiring(A, B) });
    expect(gone.code).toBe(20);
    expect(kindsIn(gone.audit)).toEqual([`pin-gone ${listed(B)}`]);
  });

  test("one vantage that is told of another file is an alarm", async () => {
    web.liar.lie("fra", SIMPLE, { body: simple(A, B) });
    const { code, audit: seen } = await audit({ "requirements.txt": requiring(B) });
    expect({ code, kinds: kindsIn(seen) }).toEqual({ code: 20, kinds: [`disagreed ${listed(B)}`] });
  });
});

test("a stranger's tree does not make anybody look into the own network", async () => {
  const { code, audit: seen } = await audit({ [FILE]: using("v1") }, []);
  expect(code).toBe(21);
  expect(seen.subjects).toMatchObject([{ outcome: "unasked" }]);
});
