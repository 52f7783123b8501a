import { describe, expect, test } from "vitest";
import { formatListed } from "../../../src/model/listed.ts";
import type { Format } from "../../../src/pins/formats/format.ts";
import { github } from "../../../src/pins/formats/github.ts";
import { requirements } from "../../../src/pins/formats/requirements.ts";
import { allWantedOf } from "../../../src/pins/wanted.ts";
import { at, mentionsOf } from "./found.ts";

/** `LINE:COLUMN WRITTEN = SUBJECT # COMMENT`, or `? WHY`; everything else is left out. */
function listed(format: Format, text: string, file: string): readonly string[] {
  return mentionsOf(format, text, file).flatMap(({ place, target, comment }) => {
    const where = `${place.line}:${place.column} ${at(text, place)}`;
    if (target.kind === "unresolved") return [`${where} ? ${target.why}`];
    const claim = comment === null ? "" : ` # ${comment}`;
    return target.kind === "listed" ? [`${where} = ${formatListed(target.listed)}${claim}`] : [];
  });
}

describe("uses", () => {
  const COMMIT = "0123456789abcdef0123456789abcdef01234567";
  const inStep = (uses: string): string => `jobs:\n  a:\n    steps:\n      - uses: ${uses}\n`;
  const CI = ".github/workflows/ci.yml";

  test.each<[string, string, string]>([
    ["a tag", "actions/checkout@v4", "actions/checkout@v4 = git+https://github.com/actions/checkout@v4"],
    ["a folder of it", "a/b/c/d@v4.1", "a/b/c/d@v4.1 = git+https://github.com/a/b@v4.1"],
    ["a branch with a slash", "a/b@releases/v1", "a/b@releases/v1 = git+https://github.com/a/b@releases/v1"],
    ["a commit", `a/b@${COMMIT} # v4.1.1`, `a/b@${COMMIT} = git+https://github.com/a/b@${COMMIT} # v4.1.1`],
    [
      "a commit with ratchet's comment",
      `a/b@${COMMIT} # ratchet:a/b@v4`,
      `a/b@${COMMIT} = git+https://github.com/a/b@${COMMIT} # v4`,
    ],
    ["a comment in words", `a/b@v4 # the newest one`, "a/b@v4 = git+https://github.com/a/b@v4"],
    ["a tag of letters", "a/b@v4", "a/b@v4 = git+https://github.com/a/b@v4"],
    ["an expression", "a/b@${{ x }}", "a/b@${{ x }} ? an expression in it is known only when the workflow runs"],
    ["no ref", "a/b", "a/b ? there is no ref of Git behind an @ in it"],
    ["a ref that is none", "a/b@v1:x", "a/b@v1:x ? there is no ref of Git behind an @ in it"],
    ["a ref that goes up", "a/b@v1..x", "a/b@v1..x ? there is no ref of Git behind an @ in it"],
    ["one part", "a@v1", "a@v1 ? it is not OWNER/REPO@REF"],
    ["a folder above", "../b@v1", "../b@v1 ? it is not OWNER/REPO@REF"],
    ["another server", "https://git.example/a/b@v1", "https://git.example/a/b@v1 = git+https://git.example/a/b@v1"],
    ["http", "http://git.example/a/b@v1", "http://git.example/a/b@v1 ? it is not OWNER/REPO@REF"],
    ["a password", "https://u:p@git.example/a/b@v1", "https://u:p@git.example/a/b@v1 ? its server is no https: URL"],
  ])("%s", (_, uses, mention) => {
    expect(listed(github, inStep(uses), CI)).toEqual([`4:15 ${mention}`]);
  });

  test("of a workflow, and in an action", () => {
    const workflow = "jobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@v1\n";
    expect(listed(github, workflow, CI)).toEqual([
      "3:11 o/r/.github/workflows/x.yml@v1 = git+https://github.com/o/r@v1",
    ]);
    const action = "runs:\n  using: composite\n  steps:\n    - uses: a/b@v1\n    - uses: ./c\n";
    expect(listed(github, action, "action.yml")).toEqual(["4:13 a/b@v1 = git+https://github.com/a/b@v1"]);
  });

  test("of Gitea and Forgejo only with the server's name", () => {
    for (const folder of [".gitea", ".forgejo"]) {
      const file = `${folder}/workflows/ci.yml`;
      expect(listed(github, inStep("a/b@v1"), file)).toEqual([
        "4:15 a/b@v1 ? the settings of its server say where its actions come from",
      ]);
      expect(listed(github, inStep("https://code.example/a/b.git@v1"), file)).toEqual([
        "4:15 https://code.example/a/b.git@v1 = git+https://code.example/a/b@v1",
      ]);
    }
  });

  test("each is asked for once, with what comments claim of commits", () => {
    const text = `jobs:\n  a:\n    steps:\n      - uses: a/b@${COMMIT} # v2\n      - uses: a/b/c@${COMMIT} # v1\n      - uses: a/b@v1 # v3\n`;
    expect(allWantedOf(mentionsOf(github, text, CI))).toMatchObject([
      { key: `git+https://github.com/a/b@${COMMIT}`, claims: ["v1", "v2"] },
      { key: "git+https://github.com/a/b@v1", claims: [] },
    ]);
  });
});

describe("requirements by their checksums", () => {
  const [A, B] = ["a".repeat(64), "b".repeat(64)];
  const of = (text: string): readonly string[] => listed(requirements, text, "requirements.txt");
  const one = (name: string, hex = A): string => `pkg:pypi/${name}?checksum=sha256:${hex}`;

  test.each<[string, string, readonly string[]]>([
    ["one", `f==1.0 --hash=sha256:${A}`, [`1:15 sha256:${A} = ${one("f@1.0")}`]],
    [
      "two, over lines",
      `f==1.0 \\\n  --hash=sha256:${A} \\\n  --hash sha256:${B.toUpperCase()}\n`,
      [`2:10 sha256:${A} = ${one("f@1.0")}`, `3:10 sha256:${B.toUpperCase()} = ${one("f@1.0", B)}`],
    ],
    ["a name as it is not normalised", `F_o.O==1 --hash=sha256:${A}`, [`1:17 sha256:${A} = ${one("f-o-o@1")}`]],
    ["extras", `f[x,y]==1 --hash=sha256:${A}`, [`1:18 sha256:${A} = ${one("f@1")}`]],
    ["blanks and a marker", `f == 1 ; os_name == "nt" --hash=sha256:${A}`, [`1:33 sha256:${A} = ${one("f@1")}`]],
    ["===", `f===1 --hash=sha256:${A}`, [`1:14 sha256:${A} = ${one("f@1")}`]],
    ["no one version", `f>=1 --hash=sha256:${A}`, []],
    ["any version of one", `f==1.* --hash=sha256:${A}`, []],
    ["no checksum", "f==1", []],
    ["another kind of checksum", "f==1 --hash=sha512:abc", []],
    ["a short one", "f==1 --hash=sha256:abc", ["1:13 sha256:abc ? its checksum is no sha256 of 64 hex digits"]],
    ["a comment", `# f==1 --hash=sha256:${A}`, []],
  ])("%s", (_, text, mentions) => {
    expect(of(text)).toEqual(mentions);
  });

  test("at the index that the file names, wherever it names it", () => {
    const line = `f==1 --hash=sha256:${A}`;
    const elsewhere = `${one("f@1")}&repository_url=https://i.example/simple/`;
    for (const option of ["-i https://i.example/simple", "--index-url=https://i.example/simple/"]) {
      expect(of(`${line}\n${option}\n`)).toEqual([`1:13 sha256:${A} = ${elsewhere}`]);
    }
    for (const option of ["--extra-index-url https://x.example/", "--no-index", "-f ./wheels"]) {
      expect(of(`${option}\n${line}\n`)).toEqual([
        `2:13 sha256:${A} ? its file names several places where releases come from`,
      ]);
    }
    for (const option of ["-i http://i.example/", "-i https://u:p@i.example/", "-i https://i.example/?t=1"]) {
      expect(of(`${option}\n${line}\n`)).toEqual([`2:13 sha256:${A} ? its index is no plain https: URL`]);
    }
  });
});
