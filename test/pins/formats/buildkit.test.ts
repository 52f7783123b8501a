import { describe, expect, test } from "vitest";
import { dockerfile } from "../../../src/pins/formats/dockerfile.ts";
import { shellWords } from "../../../src/pins/formats/shellwords.ts";
import { mentionsOf, pinned, told } from "./found.ts";

/** What BuildKit takes from a registry is seen here, however it is written: a stranger would write it in that way. */

describe("what BuildKit reads as an image is found", () => {
  test.each<[string, string, readonly string[]]>([
    ["a syntax in a comment of two slashes", "// syntax=e:1\nwhatever\n", ["1:11 e:1"]],
    ["a syntax in JSON", '{"syntax": "e:1 x"}\n', ['1:1 {"syntax": "e:1 x"} = e:1']],
    ["an escape directive behind an unknown one is a comment", "# a=b\n# escape=`\nRUN `\nFROM e:1\n", ["4:6 e:1"]],
    ["and one behind a shebang", "#!x\n# escape=`\nRUN `\nFROM e:1\n", ["4:6 e:1"]],
    ["behind a form feed or a vertical tab", "FROM\fe:1\nFROM\ve:2\n", ["1:6 e:1", "2:6 e:2"]],
    [
      "behind blanks of other scripts",
      "\u00a0FROM e:1\n\u0085FROM e:2\n\u3000FROM e:3\n",
      ["1:7 e:1", "2:7 e:2", "3:7 e:3"],
    ],
    ["a mount's from in upper case", "RUN --mount=FROM=e:1,target=/x ls\n", ["1:18 e:1"]],
    ["a mount's from with a backslash", "RUN --mount=fr\\om=e:1 ls\n", ["1:19 e:1"]],
    ["a mount's from with quotes inside", 'RUN --mount=f"rom"=e:1 ls\n', ["1:20 e:1"]],
    ["a mount's field in quotes of its own", 'RUN --mount=type=bind,\\"from=e:1\\" ls\n', ["1:30 e:1"]],
    [
      "COPY --from with a backslash or quotes",
      'COPY --fr\\om=e:1 a b\nCOPY --"from"=e:2 a b\n',
      ["1:14 e:1", "2:15 e:2"],
    ],
    ["an image with a backslash", "COPY --from=e\\:1 a b\n", ["1:13 e\\:1 = e:1"]],
    ["behind a flag that ends in the midst of a character", "COPY --chown=à--from=e:1 a b\n", ["1:22 e:1"]],
    [
      "a name of more digits than a number has",
      "COPY --from=99999999999999999999 a b\n",
      ["1:13 99999999999999999999"],
    ],
    ["a flag without its value", "COPY --from e:1 a b\n", ["1:6 --from ? its value does not stand behind it"]],
    ["behind an escape character and a CR that is no line end", "RUN x \\ \r \nFROM e:1\n", ["2:6 e:1"]],
    [
      "of a variable that is declared again",
      "ARG A=a:1\nARG A\nFROM ${A:-e:1}\n",
      ["3:6 ${A:-e:1} ? the variable A is declared again without a value"],
    ],
  ])("%s", (_, text, expected) => {
    expect(told(text, mentionsOf(dockerfile, text))).toEqual(expected);
  });

  test.each<[string, string]>([
    ["quotes around it", 'RUN echo " <<EOF"\n'],
    ["quotes around it, with blanks", "RUN echo ' <<EOF '\n"],
    ["a quote that is escaped before it", 'RUN cat "a\\" <<EOF"\n'],
    ["a backslash before it", "RUN echo \\<<EOF\n"],
    ["a third angle bracket", "RUN cat <<<EOF\n"],
    ["a later angle bracket", "RUN cat <<EOF<x\n"],
    ["a word before it", "RUN a3<<EOF\n"],
    ["a quote that is not closed", "RUN it's <<EOF\n"],
    ["an end that never comes", "RUN cat <<NEVER\n"],
    ["an end that only looks like it", "RUN cat <<EOF;ls\n"],
    ["a JSON list before it", 'RUN ["cat"] <<EOF\n'],
    ["an instruction that has none", "CMD cat <<EOF\n"],
  ])("%s makes no heredoc", (_, run) => {
    const text = `${run}FROM e:1\nEOF\n`;
    expect(told(text, mentionsOf(dockerfile, text))).toEqual(["2:6 e:1"]);
  });

  test.each<[string, string]>([
    ["with quotes", 'RUN cat <<"EOF"\nFROM no\nEOF\n'],
    ["with quotes inside", 'RUN cat <<E"O"F\nFROM no\nEOF\n'],
    ["with blanks in its name", 'RUN cat <<"A B"\nFROM no\nA B\n'],
    ["with a redirection behind it", "RUN cat <<EOF>x\nFROM no\nEOF>x\n"],
    ["of a file descriptor", "RUN 3<<A cat\nFROM no\nA\n"],
    ["with tabs before its end", "RUN cat <<-EOF\nFROM no\n\tEOF\n"],
    ["two of them", "COPY <<A <<B /x\nFROM no\nA\nFROM no\nB\n"],
    ["on a line that goes on", "RUN cat \\\n <<A\nFROM no\nA\n"],
    ["below ONBUILD", "ONBUILD RUN <<A\nFROM no\nA\n"],
    ["in a default", "RUN echo ${X:- <<A }\nFROM no\nA\n"],
    ["with a comment", "RUN # <<A\nFROM no\nA\n"],
    ["with a list that is no JSON", "RUN [ <<A ]\nFROM no\nA\n"],
  ])("and nothing in a heredoc: %s", (_, text) => {
    const whole = `${text}FROM e:1\n`;
    expect(mentionsOf(dockerfile, whole).map((each) => each.text)).toEqual(["e:1"]);
  });

  test("what is written with quotes or backslashes is pinned where it stands in one piece", () => {
    const text = 'RUN --mount=f"rom"=e:1 ls\nCOPY --from=e\\:1 a b\n';
    const [mount, copy] = mentionsOf(dockerfile, text);
    expect([mount, copy].map((each) => each?.pinning.kind)).toEqual(["edits", "by-hand"]);
    if (mount !== undefined) expect(pinned(text, mount)).toMatch(/^RUN --mount=f"rom"=e:1@sha256:b{64} ls\n/);
  });
});

test("words are split as by BuildKit", () => {
  expect(shellWords(`a "b c"d 'e f' $X \${Y:-g h} i\\ j`, true)).toEqual([
    ..."a|\"b c\"d|'e f'|$X|${Y:-g|h}|i\\ j".split("|"),
  ]);
  expect(shellWords(`a"b c"'d' ""`, false)).toEqual(["ab cd"]);
  for (const broken of ["'", '"', "${", "${:x}", "${x", "${x!y}"]) expect(shellWords(broken, true)).toBeNull();
  expect(shellWords("${x:-".repeat(5000), true)).toBeNull();
});
