import { describe, expect, test } from "vitest";
import { formatSubject } from "../../../src/model/subject.ts";
import { dockerfile } from "../../../src/pins/formats/dockerfile.ts";
import type { Format } from "../../../src/pins/formats/format.ts";
import { formula } from "../../../src/pins/formats/formula.ts";
import { requirements } from "../../../src/pins/formats/requirements.ts";
import { allWantedOf } from "../../../src/pins/wanted.ts";
import { at, mentionsOf } from "./found.ts";

const [A, B] = ["a".repeat(64), "b".repeat(64)];
const URL = "https://e.example/f-1.tar.gz";

/** `LINE:COLUMN WRITTEN = SUBJECT`, or `? WHY`; references to registries are left out. */
function files(format: Format, text: string): readonly string[] {
  return mentionsOf(format, text, "file.rb").flatMap(({ place, target }) => {
    const where = `${place.line}:${place.column} ${at(text, place)}`;
    if (target.kind === "unresolved") return [`${where} ? ${target.why}`];
    return target.kind === "file" ? [`${where} = ${formatSubject(target.file)}`] : [];
  });
}

describe("ADD --checksum", () => {
  const ADD = `ADD --checksum=sha256:${A}`;
  const found = (place: string, written = URL, subject = `${URL}#sha256=${A}`): string[] => [
    `${place} ${written} = ${subject}`,
  ];
  test.each<[string, string, readonly string[]]>([
    ["a URL", `FROM scratch\n${ADD} ${URL} /f\n`, found("2:88")],
    ["among other flags", `FROM scratch\nADD --chmod=755 --checksum=sha256:${A} ${URL} /f\n`, found("2:100")],
    ["over lines", `FROM scratch\n${ADD} \\\n  ${URL} \\\n  /f\n`, found("3:3")],
    ["as JSON", `FROM scratch\n${ADD} ["${URL}", "/f"]\n`, found("2:90")],
    ["in quotes", `FROM scratch\n${ADD} "${URL}" /f\n`, found("2:88", `"${URL}"`)],
    [
      "by ARG",
      `FROM scratch\nARG V=1\n${ADD} https://e.example/f-$V.tar.gz /f\n`,
      found("3:88", "https://e.example/f-$V.tar.gz"),
    ],
    [
      "by an ARG before FROM",
      `ARG V=1\nFROM scratch\nARG V\n${ADD} https://e.example/f-\${V}.tar.gz /f\n`,
      found("4:88", "https://e.example/f-${V}.tar.gz"),
    ],
    [
      "ENV outranks ARG",
      `FROM scratch\nENV V=1\nARG V=2\n${ADD} https://e.example/f-$V.tar.gz /f\n`,
      found("4:88", "https://e.example/f-$V.tar.gz"),
    ],
    ["a checksum by ARG", `FROM scratch\nARG S=sha256:${A}\nADD --checksum=$S ${URL} /f\n`, found("3:19")],
    [
      "a query is not told",
      `FROM scratch\n${ADD} https://e.example/f?token=1 /f\n`,
      ["2:88 https://e.example/f?token=1 = https://e.example/f?hash=739580765d127026#sha256=" + A],
    ],
    ["without a checksum", `FROM scratch\nADD ${URL} /f\n`, []],
    ["two sources", `FROM scratch\n${ADD} ${URL} ${URL} /f/\n`, []],
    ["a repository", `FROM scratch\n${ADD} https://e.example/r.git#v1 /f\n`, []],
    ["a file of the context", `FROM scratch\n${ADD} f.tar.gz /f\n`, []],
    ["in a heredoc", `FROM scratch\nRUN <<E\n${ADD} ${URL} /f\nE\n`, []],
    [
      "http",
      `FROM scratch\n${ADD} http://e.example/f /f\n`,
      ["2:88 http://e.example/f ? whoever is on the way can change what comes over http"],
    ],
    [
      "a variable of another stage",
      `FROM scratch\nARG V=1\nFROM scratch\n${ADD} https://e.example/$V /f\n`,
      ["4:88 https://e.example/$V ? the variable V has no default"],
    ],
    [
      "an ARG is not known ONBUILD",
      `FROM scratch\nARG V=1\nONBUILD ${ADD} https://e.example/$V /f\n`,
      ["3:96 https://e.example/$V ? the variable V has no default"],
    ],
    [
      "another checksum",
      `FROM scratch\nADD --checksum=sha512:${A}${B} ${URL} /f\n`,
      [`2:152 ${URL} ? its checksum is no sha256 of 64 hex digits`],
    ],
  ])("%s", (_, text, expected) => {
    expect(files(dockerfile, text)).toEqual(expected);
  });
});

describe("the sources of a formula", () => {
  const HEAD = "class F < Formula\n";
  test.each<[string, string, readonly string[]]>([
    ["its own", `  url "${URL}"\n  sha256 "${A}"\n`, [`2:8 ${URL} = ${URL}#sha256=${A}`]],
    [
      "with more behind it",
      `  url "${URL}",\n      verified: "e.example"\n  mirror "https://m.example/f"\n  sha256 "${A}"\n`,
      [`2:8 ${URL} = ${URL}#sha256=${A}`],
    ],
    [
      "of a resource and a patch",
      `  resource "r" do\n    url "${URL}"\n    sha256 "${B}"\n  end\n  patch do\n    url "https://p.example/p"\n    sha256 "${A}"\n  end\n`,
      [`3:10 ${URL} = ${URL}#sha256=${B}`, `7:10 https://p.example/p = https://p.example/p#sha256=${A}`],
    ],
    [
      "on each processor",
      `  on_arm do\n    url "https://e.example/arm"\n    sha256 "${A}"\n  end\n  on_intel do\n    url "https://e.example/x86"\n    sha256 "${B}"\n  end\n`,
      [
        `3:10 https://e.example/arm = https://e.example/arm#sha256=${A}`,
        `7:10 https://e.example/x86 = https://e.example/x86#sha256=${B}`,
      ],
    ],
    [
      "that of a block is not that of another",
      `  url "${URL}"\n  livecheck do\n    url "https://l.example/"\n  end\n  sha256 "${A}"\n`,
      [`2:8 ${URL} = ${URL}#sha256=${A}`],
    ],
    ["Git has none", `  url "https://e.example/f.git",\n      tag: "v1"\n`, []],
    ["bottles have none", `  url "https://e.example/f.git"\n  bottle do\n    sha256 "${A}"\n  end\n`, []],
    [
      "a computed one",
      `  url "https://e.example/#{v}.tgz"\n  sha256 "${A}"\n`,
      ["2:8 https://e.example/#{v}.tgz ? #{…} is known only when the formula runs"],
    ],
    [
      "a malformed one",
      `  url "${URL}"\n  sha256 "abc"\n`,
      [`2:8 ${URL} ? its checksum is no sha256 of 64 hex digits`],
    ],
    ["ftp", `  url "ftp://e.example/f"\n  sha256 "${A}"\n`, ["2:8 ftp://e.example/f ? it names no host"]],
  ])("%s", (_, body, expected) => {
    expect(files(formula, `${HEAD}${body}end\n`)).toEqual(expected);
  });
});

describe("requirements by URL", () => {
  test.each<[string, string, readonly string[]]>([
    ["by name", `f @ ${URL}#sha256=${A}`, [`1:5 ${URL}#sha256=${A} = ${URL}#sha256=${A}`]],
    ["without blanks", `f[x]@${URL}#sha256=${A}`, [`1:6 ${URL}#sha256=${A} = ${URL}#sha256=${A}`]],
    ["alone", `${URL}#sha256=${A.toUpperCase()}`, [`1:1 ${URL}#sha256=${A.toUpperCase()} = ${URL}#sha256=${A}`]],
    ["among other fields", `${URL}#egg=f&sha256=${A}`, [`1:1 ${URL}#egg=f&sha256=${A} = ${URL}#sha256=${A}`]],
    [
      "with an option",
      `f @ ${URL} ; python_version > "3" --hash=sha256:${A} # why`,
      [`1:5 ${URL} = ${URL}#sha256=${A}`],
    ],
    ["with an option on the next line", `f @ ${URL} \\\n    --hash sha256:${A}\n`, [`1:5 ${URL} = ${URL}#sha256=${A}`]],
    ["the same twice", `${URL}#sha256=${A} --hash=sha256:${A}`, [`1:1 ${URL}#sha256=${A} = ${URL}#sha256=${A}`]],
    [
      "several",
      `${URL} --hash=sha256:${A} --hash=sha256:${B}`,
      [`1:1 ${URL} ? it allows several checksums, and one file has one`],
    ],
    [
      "a variable",
      `https://\${HOST}/f#sha256=${A}`,
      [`1:1 https://\${HOST}/f#sha256=${A} ? it has a variable of the environment`],
    ],
    ["a hash of another kind", `${URL}#md5=abc`, []],
    ["no hash", `f @ ${URL}`, []],
    ["a comment", `# f @ ${URL}#sha256=${A}`, []],
    ["a name alone", `f==1 --hash=sha256:${A}`, []],
    ["an index", `--index-url ${URL}#sha256=${A}`, []],
    ["a repository", `f @ git+${URL}#sha256=${A}`, []],
  ])("%s", (_, text, expected) => {
    expect(files(requirements, text)).toEqual(expected);
  });

  test.each([
    ["requirements.txt", true],
    ["a/requirements-dev.txt", true],
    ["dev-requirements.txt", true],
    ["requirements/base.txt", true],
    ["constraints.txt", true],
    ["requirements.in", false],
    ["norequirements.txt", false],
  ])("%s", (path, claims) => {
    expect(requirements.claims({ path, text: "" })).toBe(claims);
  });
});

test("one file is asked for once, with its query", () => {
  const text = `https://e.example/f?a=1#sha256=${A}\nhttps://e.example/f?a=1#sha256=${A}\nhttps://e.example/f#sha256=${B}\n`;
  expect(allWantedOf(mentionsOf(requirements, text)).map((each) => ("url" in each ? each.url : each))).toEqual([
    "https://e.example/f",
    "https://e.example/f?a=1",
  ]);
});
