import { expect, test } from "vitest";
import { oracleOf, reprDigest } from "../../src/file/witness.ts";

const HEX = "cd".repeat(32);
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test("GitHub is asked for the release of an asset, and says its digest", () => {
  const oracle = oracleOf("https://github.com/o/r/releases/download/v1%2B2/a%20b.zip?x=1");
  expect(oracle).toMatchObject({ kind: "github", url: "https://api.github.com/repos/o/r/releases/tags/v1%2B2" });
  const asset = (name: string, digest: unknown) => ({ assets: [{ name: "other" }, { name, digest }] });
  expect(oracle?.read(json(asset("a b.zip", `sha256:${HEX}`)))).toBe(`sha256:${HEX}`);
  for (const body of [asset("a b.zip", null), asset("x", `sha256:${HEX}`), asset("a b.zip", HEX), [], { assets: {} }])
    expect(oracle?.read(json(body))).toBeNull();
  expect(oracle?.read(Buffer.from("<html>"))).toBeNull();
});

test.each([
  ["My_Tool-1.0-py3-none-any.whl", "my-tool"],
  ["a.b-1.0-1-cp39-abi3-linux_x86_64.whl", "a-b"],
  ["My.Tool-1.0.tar.gz", "my-tool"],
  ["zope.interface-6.0.zip", "zope-interface"],
])("the Python package index is asked for the project of %s", (name, project) => {
  const oracle = oracleOf(`https://files.pythonhosted.org/packages/aa/bb/${name}`);
  expect(oracle).toMatchObject({ kind: "pypi", url: `https://pypi.org/simple/${project}/` });
  expect(oracle?.read(json({ files: [{ filename: name, hashes: { sha256: HEX } }] }))).toBe(`sha256:${HEX}`);
  expect(oracle?.read(json({ files: [{ filename: name, hashes: {} }] }))).toBeNull();
});

test.each([
  "https://evil.example/o/r/releases/download/v1/a.zip",
  "https://github.com/o/r/archive/v1.zip",
  "https://files.pythonhosted.org/packages/readme.txt",
  "https://pypi.org/packages/a-1.0.tar.gz",
])("nobody is asked about %s", (url) => expect(oracleOf(url)).toBeNull());

test("Repr-Digest", () => {
  const base64 = Buffer.from(HEX, "hex").toString("base64");
  expect(reprDigest(`sha-256=:${base64}:`)).toBe(`sha256:${HEX}`);
  expect(reprDigest(`sha-512=:AAAA:, sha-256=:${base64}:;x=1`)).toBe(`sha256:${HEX}`);
  for (const odd of ["", `sha-256=${base64}`, "sha-256=:AAAA:", `xsha-256=:${base64}:`])
    expect(reprDigest(odd)).toBeNull();
});
