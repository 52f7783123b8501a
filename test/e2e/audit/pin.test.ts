import { describe, expect, test } from "vitest";
import { parseLock } from "../../../src/pins/lock.ts";
import { auditOf, forestOf, treeOf, type Planted } from "./ground.ts";
import { PROJECTS, type Mark, type Names } from "./marks.ts";
import { applied, pinIn, shotOf, textsOf } from "./pinning.ts";
import { useWorld, type World } from "./world.ts";

/** `tofu3 pin` on trees of many kinds of files, over a real registry and two real sshds. */

const world = useWorld();

/** Without a digest, and a digest can be written where the reference stands. */
const UNPINNED: readonly string[] = ["tag", "latest", "none"];

/** A file of a project with a reference that cannot be agreed on, and what it makes the exit code. */
const HELD = new Map([["pipelines", { file: ".drone.yml", code: 16 }]]);

/** A person has to write the digest: file, then what it says. */
const BY_HAND: readonly (readonly [string, RegExp])[] = [
  [".gitlab-ci.yml", /\$BUILDER/],
  ["Dockerfile", /\$\{VERSION\}|\$\{NOTHING:-fine\}/],
];

/** Where the digest goes to another place than behind the reference, as its ecosystem wants it. */
const ELSEWHERE: Readonly<Record<string, (text: string, digest: string, host: string) => string>> = {
  "deploy/kustomization.yaml": (text, digest) => text.replace('newTag: "1.0"', `newTag: "1.0@${digest}"`),
  "chart/values.yaml": (text, digest) => text.replace("tag: 1.0\n", `tag: 1.0@${digest}\n`),
  "MODULE.bazel": (text, digest) => text.replace('tag = "1.0")', `digest = "${digest}") # 1.0`),
  ".devcontainer/devcontainer.json": (text, digest, host) =>
    text.replace(
      `"${host}/lab/fine:1.0": { "version": "lts" },`,
      (line) => `${line.replace(":1.0", `@${digest}`)} // 1.0`,
    ),
};

/** The names of the lab, with nothing that two vantages see differently. */
function peaceful({ names }: World): Names {
  return { ...names, texts: new Map(names.texts).set("split", names.texts.get("fine") ?? "") };
}

function isByHand({ file, text }: Mark): boolean {
  return BY_HAND.some(([name, says]) => name === file && says.test(text));
}

/** What every file must be after its pins are written; in the files' own order. */
function expectedOf(name: string, { files, marks }: Planted, { digests, registry }: World): Record<string, string> {
  const fine = digests.get(`${registry.host}/lab/fine:1.0`) ?? "";
  const rows = [...files].map(([file, text]) => {
    if (HELD.get(name)?.file === file) return [file, text] as const;
    const elsewhere = ELSEWHERE[file];
    if (elsewhere !== undefined) return [file, withDigests(elsewhere(text, fine, registry.host), [], fine)] as const;
    return [
      file,
      withDigests(
        text,
        marks.filter((mark) => mark.file === file && !isByHand(mark)),
        fine,
      ),
    ] as const;
  });
  return Object.fromEntries(rows);
}

/** From the last to the first, so that those before keep their places. */
function withDigests(text: string, marks: readonly Mark[], digest: string): string {
  const lines = text.split("\n");
  for (const { line, endColumn, name, text: words, excluded } of [...marks].reverse()) {
    if (excluded || name === null || !UNPINNED.includes(name)) continue;
    const before = lines[line - 1] ?? "";
    const pin = `${/:[^/]*$/.test(words) ? "" : ":latest"}@${digest}`;
    lines[line - 1] = `${before.slice(0, endColumn - 1)}${pin}${before.slice(endColumn - 1)}`;
  }
  return lines.join("\n");
}

/** `file reference` of what is not pinned and may not be. */
function remaining(name: string, { marks }: Planted, { known }: World): readonly string[] {
  return marks
    .filter((mark) => isByHand(mark) || HELD.get(name)?.file === mark.file)
    .flatMap((mark) => {
      const one = known.get(mark.name ?? "");
      return one?.kinds.includes("unpinned") === true ? [`${mark.file} ${one.reference}`] : [];
    })
    .sort();
}

/** Those whose every byte is foretold; between them they have every kind of file. */
const FORETOLD = ["cluster", "pipelines", "shop", "tools", "workflows"];
/** What is mislabelled is never pinned, and holds everything else. */
const OTHERS = PROJECTS.filter((name) => name !== "labels" && !FORETOLD.includes(name));

/** Where something stays that is not pinned: it is put together from parts, or its file is held. */
const LEFT = ["operator/Dockerfile", "platform/.github/workflows/release.yaml", "platform/.gitlab-ci.yml"];

test("the other trees are pinned once, as the diff says, and nothing is left to pin but what a person must", async () => {
  const { folder } = await forestOf(world(), OTHERS, peaceful(world()));
  const dry = await pinIn(world(), folder, { flags: ["--dry-run"] });
  const foretold = await applied(world(), folder, dry.stdout);
  const first = await pinIn(world(), folder);
  expect(first.stdout).toMatch(/^pinned \d+ references in \d+ files$/m);
  const { "tofu3.lock": lock, ...texts } = await textsOf(folder);
  expect(lock).toBeTruthy();
  expect(foretold).toEqual(texts);
  const written = await shotOf(folder);
  const second = await pinIn(world(), folder);
  expect(second.stdout).toMatch(/nothing to pin|no file was written/);
  expect(await shotOf(folder)).toEqual(written);
  // held by a reference with a hole in it, or put together from parts
  const { audit } = await auditOf(world(), folder);
  const left = audit.findings.filter(({ kind }) => kind === "unpinned").flatMap(({ places }) => places);
  const files = [...new Set(left.map(({ file }) => file))].sort();
  expect(files).toEqual(LEFT);
}, 60_000);

describe.each(FORETOLD)("a tree in the shape of %s", (name) => {
  test("is pinned as each file wants it, once, and the diff says the same", async () => {
    const tree = await treeOf(world(), name, peaceful(world()));
    const { folder } = tree;
    const code = HELD.get(name)?.code ?? 0;
    const planted = await shotOf(folder);
    const dry = await pinIn(world(), folder, { flags: ["--dry-run"] });
    expect([dry.code, dry.stderr], dry.stderr).toEqual([code, expect.not.stringMatching(/error/)]);
    expect(await shotOf(folder)).toEqual(planted);
    const foretold = await applied(world(), folder, dry.stdout);

    const first = await pinIn(world(), folder);
    expect([first.code, first.stderr], first.stderr).toEqual([code, expect.not.stringMatching(/error/)]);
    const { "tofu3.lock": lock = "", ...texts } = await textsOf(folder);
    expect(texts).toEqual(expectedOf(name, tree, world()));
    expect(foretold).toEqual(texts);
    const pins = parseLock(lock, "tofu3.lock").pins.map(({ reference, digest }) => [reference, digest] as const);
    expect(pins.length).toBeGreaterThan(0);
    for (const [reference, digest] of pins) expect(digest).toBe(world().digests.get(reference));

    const written = await shotOf(folder);
    const second = await pinIn(world(), folder);
    expect([second.code, second.stdout]).toEqual([code, expect.stringMatching(/nothing to pin|no file was written/)]);
    expect(await shotOf(folder)).toEqual(written);

    const { audit } = await auditOf(world(), folder);
    const unpinned = audit.findings
      .filter(({ kind }) => kind === "unpinned")
      .flatMap(({ reference, places }) => places.map(({ file }) => `${file} ${reference}`));
    expect(unpinned.sort()).toEqual(remaining(name, tree, world()));
  }, 60_000);
});
