import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { PROGRAM, run } from "../lab/cli.ts";
import { blobOf, descriptorOf, documentOf, makeImage, makeIndex, OCI_INDEX, OCI_MANIFEST } from "../lab/image.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { documentAnswer, stock } from "../lab/liar-shelf.ts";
import { makeFolder, runTool } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";

const lab = useLab();
const AMD64 = { os: "linux", architecture: "amd64" };
const image = makeImage({ layers: [100], platform: AMD64 });
let liar: Liar;
let home = "";

beforeAll(async () => {
  const folder = await makeFolder("raw");
  home = folder.path;
  liar = await lab(startLiar());
});

async function tofu3(...args: readonly string[]) {
  return run(args, { cwd: home, env: { HOME: home } });
}

const twice = `{"schemaVersion":2,"schemaVersion":2,"mediaType":"${OCI_MANIFEST}"}`;

describe("inspect --raw prints what was received, whatever it is", () => {
  test.each([
    { what: "a key twice", type: OCI_MANIFEST, body: twice, code: 12, words: /is there twice|duplicate|twice/ },
    { what: "no JSON", type: OCI_INDEX, body: "not even JSON\n", code: 12, words: /cannot read/ },
    {
      what: "a page in HTML",
      type: "text/html",
      body: "<html>Please log in</html>\n",
      code: 12,
      words: /html|cannot read|media type/,
    },
    { what: "nothing", type: OCI_INDEX, body: "", code: 12, words: /./ },
    {
      what: "a manifest under the type of an index",
      type: OCI_INDEX,
      body: image.manifest.bytes.toString(),
      code: 12,
      words: /./,
    },
  ])("a tag that leads to $what", async ({ what, type, body, code, words }) => {
    const repository = what.toLowerCase().replaceAll(" ", "-");
    liar.answer(`/v2/${repository}/manifests/v1`, { headers: { "Content-Type": type }, body });
    const reference = `${liar.host}/${repository}:v1`;
    const seen = await tofu3("inspect", reference, "--raw");
    expect({ code: seen.code, stdout: seen.stdout }, seen.stderr).toEqual({ code, stdout: body });
    expect(seen.stderr).toMatch(/^tofu3: error: /m);
    expect(seen.stderr).toMatch(words);
    expect(seen.stderr).toMatch(/^tofu3: hint: standard output has what was received/m);
    const drawn = await tofu3("inspect", reference);
    expect({ code: drawn.code, stdout: drawn.stdout }).toEqual({ code, stdout: "" });
  });

  test("bytes that are no text come out as they are", async () => {
    const bytes = Buffer.from(Array.from({ length: 1024 }, (_, place) => (place * 7) & 255));
    liar.answer("/v2/binary/manifests/v1", { headers: { "Content-Type": OCI_MANIFEST }, body: bytes });
    const command = `'${process.execPath}' '${PROGRAM}' inspect '${liar.host}/binary:v1' --raw 2>/dev/null | sha256sum`;
    expect(await runTool("sh", ["-c", command])).toBe(`${createHash("sha256").update(bytes).digest("hex")}  -\n`);
  });

  test("other bytes than the digest names: 10", async () => {
    const other = makeImage({ layers: [50] });
    liar.answer(`/v2/other/manifests/${image.manifest.digest}`, documentAnswer(other.manifest));
    const seen = await tofu3("inspect", `${liar.host}/other@${image.manifest.digest}`, "--raw");
    expect({ code: seen.code, stdout: seen.stdout }).toEqual({ code: 10, stdout: other.manifest.bytes.toString() });
    expect(seen.stderr).toContain(other.manifest.digest);
  });

  test("another digest than the pin of a tag: 15", async () => {
    stock(liar, "pinned", "v1", { root: image.manifest, images: [image] });
    const seen = await tofu3("inspect", `${liar.host}/pinned:v1@sha256:${"0".repeat(64)}`, "--raw");
    expect({ code: seen.code, stdout: seen.stdout }).toEqual({ code: 15, stdout: image.manifest.bytes.toString() });
  });

  test("a selected manifest that cannot be read", async () => {
    const broken = blobOf(OCI_MANIFEST, twice);
    const root = makeIndex([
      { manifest: broken, platform: AMD64 },
      { manifest: image.manifest, platform: { ...AMD64, architecture: "arm64" } },
    ]);
    stock(liar, "chosen", "v1", { root, images: [image] });
    liar.answer(`/v2/chosen/manifests/${broken.digest}`, documentAnswer(broken));
    const seen = await tofu3("inspect", `${liar.host}/chosen:v1`, "--raw", "--platform", "linux/amd64");
    expect({ code: seen.code, stdout: seen.stdout }, seen.stderr).toEqual({ code: 12, stdout: twice });
    const whole = await tofu3("inspect", `${liar.host}/chosen:v1`, "--raw");
    expect({ code: whole.code, stdout: whole.stdout }, whole.stderr).toEqual({
      code: 0,
      stdout: root.bytes.toString(),
    });
  });

  test("an index whose type contradicts it is selected from by nobody, and printed", async () => {
    const root = documentOf(OCI_INDEX, {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [descriptorOf(image.manifest)],
    });
    liar.answer("/v2/types/manifests/v1", { headers: { "Content-Type": "application/json" }, body: root.bytes });
    const seen = await tofu3("inspect", `${liar.host}/types:v1`, "--raw", "--platform", "linux/amd64");
    expect({ code: seen.code, stdout: seen.stdout }, seen.stderr).toEqual({ code: 12, stdout: root.bytes.toString() });
  });

  test("what was not received is not printed: 16", async () => {
    const seen = await tofu3("inspect", `${liar.host}/missing:v1`, "--raw");
    expect({ code: seen.code, stdout: seen.stdout }, seen.stderr).toEqual({ code: 16, stdout: "" });
  });
});

test("the hint of a document that cannot be read is a command that works", async () => {
  liar.answer("/v2/hinted/manifests/v1", { headers: { "Content-Type": OCI_MANIFEST }, body: twice });
  const reference = `${liar.host}/hinted:v1`;
  const seen = await tofu3("inspect", reference);
  const [, command = ""] =
    /^tofu3: hint: .*tofu3 (inspect --raw REFERENCE) prints the exact bytes$/m.exec(seen.stderr) ?? [];
  const next = await tofu3(...command.replace("REFERENCE", reference).split(" "));
  expect(next.stdout, seen.stderr).toBe(twice);
});
