import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import {
  formatReference,
  parseReference,
  registryHost,
  registryKey,
  requestRepository,
} from "../../src/oci/reference.ts";

const HEX = "0123456789abcdef".repeat(4);
const SHA256 = `sha256:${HEX}`;
const SHA512 = `sha512:${HEX}${HEX}`;

describe("references are parsed as distribution/reference does", () => {
  test.each([
    ["debian", "docker.io", "library/debian", undefined, undefined],
    ["debian:12", "docker.io", "library/debian", "12", undefined],
    ["debian:1.10", "docker.io", "library/debian", "1.10", undefined],
    ["grafana/grafana", "docker.io", "grafana/grafana", undefined, undefined],
    ["docker.io/debian", "docker.io", "library/debian", undefined, undefined],
    ["index.docker.io/debian", "docker.io", "library/debian", undefined, undefined],
    ["registry-1.docker.io/debian", "registry-1.docker.io", "debian", undefined, undefined],
    ["localhost", "docker.io", "library/localhost", undefined, undefined],
    ["localhost/x", "localhost", "x", undefined, undefined],
    ["localhost:5000", "docker.io", "library/localhost", "5000", undefined],
    ["localhost:5000/a/b", "localhost:5000", "a/b", undefined, undefined],
    ["Registry/x:Tag", "Registry", "x", "Tag", undefined],
    ["[::1]:5000/x:y", "[::1]:5000", "x", "y", undefined],
    ["ghcr.io/homebrew/core/python/3.11:3.11.8", "ghcr.io", "homebrew/core/python/3.11", "3.11.8", undefined],
    [`quay.io/a/b@${SHA256}`, "quay.io", "a/b", undefined, SHA256],
    [`quay.io/a/b:t@${SHA256}`, "quay.io", "a/b", "t", SHA256],
    [`a@${SHA512}`, "docker.io", "library/a", undefined, SHA512],
    [`a:${"t".repeat(128)}`, "docker.io", "library/a", "t".repeat(128), undefined],
    ["a__b/c---d.e_f", "docker.io", "a__b/c---d.e_f", undefined, undefined],
    [`a.b/${"c".repeat(255)}`, "a.b", "c".repeat(255), undefined, undefined],
  ])("%s", (text, registry, repository, tag, digest) => {
    const reference = parseReference(text);
    expect({ tag: undefined, digest: undefined, ...reference }).toEqual({ registry, repository, tag, digest });
    expect("tag" in reference).toBe(tag !== undefined);
    expect(parseReference(formatReference(reference))).toEqual(reference);
  });

  test.each([
    "",
    ":tag",
    "a:",
    "a@",
    "a:@" + SHA256,
    "UPPER",
    "a/UPPER",
    "https://ghcr.io/a/b",
    "a b",
    "a//b",
    "/a",
    "a/",
    "-a/b",
    "a-.io/b",
    ".a/b",
    "a..b/c",
    "a___b",
    "a.b_c/d",
    "a_b.c/d",
    "a.b:http/c",
    "[fe80::1%eth0]/x",
    "[::1]",
    "a:b:c",
    "a:t~",
    `a:${"t".repeat(129)}`,
    HEX,
    `a@sha256:${HEX.slice(1)}`,
    `a@sha256:${HEX}0`,
    `a@sha256:${HEX.toUpperCase()}`,
    `a@md5:${HEX.slice(0, 32)}`,
    `a@${SHA256}@${SHA256}`,
    `a@sha256:../../etc/passwd`,
    `a.b/${"c".repeat(256)}`,
    "a\n",
    "a\0",
    "ä/b",
    "../a",
    "a/../b",
    "a/%2e%2e/b",
    "x".repeat(3000),
  ])("refused with a hint: %j", (text) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: "E_REFERENCE", hint: expect.any(String) as string }),
    );
  });
});

test.each([
  ["https://kim:hunter2@ghcr.io/a/b", "https://…@ghcr.io/a/b"],
  ["https://ghcr.io/a/b?sig=hunter2", "https://ghcr.io/a/b?…"],
  ["docker://kim:hunter2@ghcr.io/a/b?sig=hunter2", "docker://…@ghcr.io/a/b?…"],
  ["kim:hunter2@ghcr.io/a/b", "…@ghcr.io/a/b"],
  [`a:1@${SHA256}0`, `a:1@${SHA256}0`],
])("no message repeats a password or a query: %s", (text, shown) => {
  let message = "";
  try {
    parseReference(text);
  } catch (error) {
    const { message: what, hint } = error as Tofu3Error;
    message = `${what}\n${hint ?? ""}`;
  }
  expect(message).toContain(`not a reference: "${shown}"`);
  expect(message).not.toContain("hunter2");
});

describe("where requests go", () => {
  test.each([
    ["debian", "registry-1.docker.io", "docker.io", "library/debian"],
    ["registry-1.docker.io/debian", "registry-1.docker.io", "docker.io", "library/debian"],
    ["registry-1.docker.io/a/b", "registry-1.docker.io", "docker.io", "a/b"],
    ["registry.hub.docker.com/a/b", "registry-1.docker.io", "docker.io", "a/b"],
    ["auth.docker.io/a/b", "auth.docker.io", "auth.docker.io", "a/b"],
    ["ghcr.io/a", "ghcr.io", "ghcr.io", "a"],
    ["EXAMPLE/a", "example", "example", "a"],
    ["a.b:443/c", "a.b:443", "a.b:443", "c"],
    ["a.b:0080/c", "a.b:80", "a.b:80", "c"],
    ["127.1:5000/c", "127.0.0.1:5000", "127.0.0.1:5000", "c"],
    ["0x7f.0.0.1/c", "127.0.0.1", "127.0.0.1", "c"],
    ["[2001:DB8:0:0::1]:5000/c", "[2001:db8::1]:5000", "[2001:db8::1]:5000", "c"],
  ])("%s → %s", (text, host, name, repository) => {
    const reference = parseReference(text);
    expect([registryHost(reference), registryKey(reference), requestRepository(reference)]).toEqual([
      host,
      name,
      repository,
    ]);
  });

  test.each(["[1::2::3]/a", "a.b:0/c", "a.b:65536/c", "1.2.3.999/c"])("nobody can connect to %s", (text) => {
    expect(() => registryHost(parseReference(text))).toThrow(expect.objectContaining({ code: "E_REFERENCE" }));
  });
});

const piece = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...Array.from("abAB01._-:/@[]%~ ")) });
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join("")),
  fc
    .tuple(piece, piece, fc.constantFrom("", ":t", `@${SHA256}`, `:t@${SHA512}`))
    .map(([a, b, end]) => `${a}/${b}${end}`),
);

test("what is accepted is written in one way that is read back, and stands in a URL as it is", () => {
  fc.assert(
    fc.property(text, (input) => {
      let reference;
      try {
        reference = parseReference(input);
      } catch (error) {
        if (error instanceof Tofu3Error && error.code === "E_REFERENCE") return;
        throw error;
      }
      expect(parseReference(formatReference(reference))).toEqual(reference);
      const path = `/v2/${reference.repository}/manifests/${reference.digest ?? reference.tag ?? "latest"}`;
      expect(new URL(`https://example.org${path}`).pathname).toBe(path);
    }),
    { numRuns: 5000 },
  );
});

test("a host that can be connected to is the host that a URL has", () => {
  const host = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.ipV6().map((address) => `[${address}]`),
  );
  fc.assert(
    fc.property(host, fc.option(fc.integer({ min: 1, max: 65_535 })), (name, port) => {
      const registry = port === null ? name : `${name}:${port}`;
      if (!/[.:A-Z]/.test(registry)) return;
      let found;
      try {
        found = registryHost(parseReference(`${registry}/x`));
      } catch (error) {
        if (error instanceof Tofu3Error && error.code === "E_REFERENCE") return;
        throw error;
      }
      const url = new URL(`https://${found}/`);
      expect(url.hostname).toBe(new URL(`https://${registry}/`).hostname);
      expect(found).toBe(port === null ? url.hostname : `${url.hostname}:${port}`);
    }),
    { numRuns: 2000 },
  );
});
