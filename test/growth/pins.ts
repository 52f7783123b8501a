import { requirements } from "../../src/pins/formats/requirements.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { bazel } from "../../src/pins/formats/bazel.ts";
import { brewfile } from "../../src/pins/formats/brewfile.ts";
import { compose } from "../../src/pins/formats/compose.ts";
import { devcontainer } from "../../src/pins/formats/devcontainer.ts";
import { dockerfile } from "../../src/pins/formats/dockerfile.ts";
import type { Format } from "../../src/pins/formats/format.ts";
import { formula } from "../../src/pins/formats/formula.ts";
import { kubernetes } from "../../src/pins/formats/manifests.ts";
import { list } from "../../src/pins/formats/list.ts";
import { lock } from "../../src/pins/formats/lock.ts";
import { notHonoured, remarksAt } from "../../src/pins/formats/remarks.ts";
import { Lines } from "../../src/pins/text.ts";
import { many, numbered, rowsOf, type Row } from "./shapes.ts";

function finds(format: Format): (text: string) => unknown {
  return (text) => format.find({ path: "file.rb", text });
}

/** Each mention of a line looks for the comment of that line. */
function remarksOfAll(text: string): void {
  const lines = new Lines(text);
  const reference = parseReference("x");
  for (let at = text.indexOf("x"); at !== -1; at = text.indexOf("x", at + 1)) remarksAt(lines, at, reference, "#");
  notHonoured({ path: "file", text }, lines, "#");
}

const HEX = "a".repeat(64);

export const PIN_ROWS: readonly Row[] = [
  ...rowsOf("remarks", remarksOfAll, {
    "mentions on one line": many("x ", "", "# v1"),
    "open quotes": many(' \'" \\"', "x"),
    comments: many(" # v1", "x"),
    directives: many("x # tofu3: ignore\n"),
    "directives on one line": many("# tofu3: ignore ", "x "),
    "kinds of one directive": many(",", "x # tofu3: ignore "),
  }),
  ...rowsOf("dockerfile", finds(dockerfile), {
    stages: numbered((index) => `FROM a:${index} AS s${index}`, "", "", "\n"),
    "one stage of the next": numbered((index) => `FROM s${index} AS s${index + 1}`, "FROM a AS s0\n", "", "\n"),
    "mentions of stages": many("COPY --from=s a b\n", "FROM a AS s\n"),
    mounts: many("--mount=from=a:1 ", "RUN "),
    "fields of a mount": many("from=a,", "RUN --mount="),
    flags: many("--x ", "FROM ", "a"),
    "open quotes": many("' \" ", "FROM "),
    continuations: many("\\\n", "FROM ", " a"),
    "doubled escapes": many("\\\\\n", "RUN a"),
    escapes: many("\\", "FROM ", ""),
    "escaped blanks": many("\\ ", "FROM ", ""),
    "comments in an instruction": many("# x\n", "FROM \\\n", "a"),
    heredocs: many("RUN <<A\nFROM a\nA\n"),
    "open heredocs": many("RUN <<A\n"),
    "heredocs of one line": numbered((index) => `<<A${index}`, "RUN ", "", " "),
    directives: many("# a=b\n"),
    args: numbered((index) => `ARG A${index + 1}=$A${index}`, "ARG A0=a\n", "\nFROM $A0", "\n"),
    "args of one line": numbered((index) => `A${index}=a`, "ARG ", "\nFROM $A0", " "),
    "args that grow": numbered((index) => `ARG A${index + 1}=$A${index}$A${index}`, "ARG A0=a\n", "\nFROM $A9", "\n"),
    "nested defaults": many("${A:-", "FROM "),
    "defaults side by side": many("${A:-x}", "FROM "),
    "open braces": many("${A", "FROM "),
    "single quotes": many("'a'", "FROM "),
    blanks: many(" ", "FROM a", "b"),
    "one long word": many("a", "FROM "),
    "line breaks": many("\n"),
    "files by URL": many(`ADD --checksum=sha256:${HEX} https://a.example/b c\n`, "FROM a\n"),
    "variables of a stage": numbered((index) => `ARG A${index + 1}=$A${index}`, "FROM a\nARG A0=a\n", "", "\n"),
    "variables of a stage on one line": numbered((index) => `A${index}=$A`, "FROM a\nENV ", "", " "),
    "lone returns": many("\r", "FROM a"),
  }),
  ...rowsOf("bazel", finds(bazel), {
    calls: many('oci.pull(image = "a", tag = "1")\n'),
    "calls on one line": many('oci.pull(image = "a", tag = "1"),'),
    "calls that are not closed": many('oci.pull(image = "a", '),
    "calls within each other": many("oci.pull(x = "),
    arguments: many('image = "a", ', "oci.pull("),
    "open strings": many('"""a', "oci.pull("),
    quotes: many("'", "oci.pull("),
    escapes: many("\\", 'oci.pull(image = "'),
    comments: many("# x\n", "oci.pull("),
    parentheses: many("(", "oci.pull(image = "),
  }),
  ...rowsOf("formula", finds(formula), {
    bottles: many(`    sha256 cellar: :any, all: "${HEX}"\n`, "  bottle do\n"),
    "bottles of one line": many(`a: "${HEX}", `, "  bottle do\n    sha256 "),
    blocks: many("  x do\n"),
    blanks: many(" ", "  bottle do\n    sha256 a:", "x"),
    sources: many(`  url "https://a.example/b"\n  sha256 "${HEX}"\n`, "class A < Formula\n"),
    "resources within each other": many('  resource "a" do\n  url "https://a.example/b"\n'),
    "open quotes": many('a: "', "  bottle do\n    sha256 "),
  }),
  ...rowsOf("brewfile", finds(brewfile), { lines: many('brew "a"\n'), blanks: many(" ", "brew", "x") }),
  ...rowsOf("devcontainer", finds(devcontainer), {
    features: numbered((index) => `"a.io/b/c${index}:1":{}`, '{"features":{', "}}"),
    "lines of features": numbered((index) => `\n"a.io/b/c${index}:1":{}`, '{"features":{', "}}"),
    brackets: many("[", '{"image":'),
    "open strings": many('"', '{"image":'),
    comments: many("/* x */", "{"),
    variables: many("${localEnv:A:b}", '{"image":"', '"}'),
    "open variables": many("${", '{"image":"', '"}'),
    errors: many("x ", "{"),
  }),
  ...rowsOf("requirements", finds(requirements), {
    lines: many(`a @ https://a.example/b#sha256=${HEX}\n`),
    continuations: many(`--hash=sha256:${HEX} \\\n`, "a @ https://a.example/b "),
    "hashes of one line": many(`--hash=sha256:${HEX} `, "a @ https://a.example/b "),
    releases: many(`a==1 --hash=sha256:${HEX}\n`),
    "hashes of a release": many(`--hash=sha256:${HEX} `, "a==1 "),
    indexes: many("-i https://a.example/\n"),
    "blanks of a release": many(" ", "a ==", `1 --hash=sha256:${HEX}`),
    fields: many("&sha256=a", "https://a.example/b#"),
    blanks: many(" ", "a @", "https://a.example/b"),
    slashes: many("\\", "https://a.example/"),
  }),
  ...rowsOf("list", finds(list), {
    lines: many("alpine:3 # 3.20\n"),
    blanks: many(" ", "a", "b"),
    words: many("a ", ""),
  }),
  ...rowsOf("lock", finds(lock), {
    pins: many(` - { reference: a, digest: "sha256:${HEX}" }\n`, "version: 1\npins:\n"),
    brackets: many("[", "version: "),
    errors: many("}\n", "version: 1\n"),
  }),
  ...rowsOf("manifests", finds(kubernetes), {
    documents: many("---\nimage\n"),
    "documents without images": many("---\na: b\n"),
    containers: many("\n  - image: a", "apiVersion: v1\nkind: Pod\ncontainers:", "\n"),
    schemas: many("---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: image\n"),
    comments: many("# image\n"),
    errors: many(",", "[image"),
  }),
  ...rowsOf("compose", finds(compose), {
    services: numbered((index) => `  s${index}: { image: a }`, "services:\n", "", "\n"),
    "merges of one": many("  <<: *a\n", "a: &a { image: b }\nservices:\n"),
    tags: many("!a ", "image: "),
    anchors: many("- &a b\n", "# image\n"),
    aliases: many("- *a\n", "# image\n- &a b\n"),
    escapes: many("\\n", 'image: "', '"'),
    brackets: many("]}", "image: "),
    "inline Dockerfiles": numbered(
      (index) => `  s${index}: { build: { dockerfile_inline: FROM a } }`,
      "services:\n",
      "",
      "\n",
    ),
  }),
];
