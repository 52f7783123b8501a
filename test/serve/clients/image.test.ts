import { describe, expect, test } from "vitest";
import { formatReference } from "../../../src/oci/reference.ts";
import { checkedFormula, checkedImage } from "../../../src/serve/clients/image.ts";
import { verdictOfPull } from "../../../src/serve/clients/verdict.ts";

const DOORS = {
  scheme: "http",
  general: "127.0.0.1:5005",
  own: new Map([["registry.lab:5000", "127.0.0.1:5006"]]),
  upstreams: ["docker.io", "ghcr.io", "registry.lab:5000"],
  hasAuth: false,
} as const;
const DIGEST = `sha256:${"a".repeat(64)}`;

describe("what is refused for an image", () => {
  test.each([
    [null, "docker.io/library/hello-world:latest", "docker.io/library/hello-world:latest"],
    ["alpine", "docker.io/library/alpine:latest", "docker.io/library/alpine:latest"],
    ["registry-1.docker.io/library/alpine:3", "registry-1.docker.io/library/alpine:3", "docker.io/library/alpine:3"],
    [`ghcr.io/a/b@${DIGEST}`, `ghcr.io/a/b@${DIGEST}`, `ghcr.io/a/b@${DIGEST}`],
    [
      "127.0.0.1:5005/docker.io/library/alpine:3",
      "127.0.0.1:5005/docker.io/library/alpine:3",
      "docker.io/library/alpine:3",
    ],
    ["127.0.0.1:5006/lab/app", "127.0.0.1:5006/lab/app:latest", "registry.lab:5000/lab/app:latest"],
    ["127.0.0.1:5006/ghcr.io/a/b:1", "127.0.0.1:5006/ghcr.io/a/b:1", "ghcr.io/a/b:1"],
    ["registry.lab:5000/lab/app:1", "registry.lab:5000/lab/app:1", "registry.lab:5000/lab/app:1"],
  ])("%s", (given, image, armed) => {
    const wanted = checkedImage(given, DOORS);
    expect([wanted.image, formatReference(wanted.armed)]).toEqual([image, armed]);
  });

  test.each(["quay.io/a/b", "127.0.0.1:5005/lab/app", "127.0.0.1:5005/quay.io/a/b", "UPPER/"])(
    "%s is a mistake",
    (given) => {
      expect(() => checkedImage(given, DOORS)).toThrow();
    },
  );

  test("a gate of registries that nobody knows an image of wants one", () => {
    expect(() => checkedImage(null, { ...DOORS, upstreams: ["registry.lab:5000"] })).toThrow(/no image is known/);
  });

  test.each([
    [null, "hello", "homebrew/core/hello"],
    ["openssl@3", "openssl@3", "homebrew/core/openssl/3"],
    ["gtk+3", "gtk+3", "homebrew/core/gtkx3"],
    ["homebrew/core/vim", "vim", "homebrew/core/vim"],
  ])("the formula %s", (given, formula, repository) => {
    expect(checkedFormula(given)).toEqual({ image: formula, armed: { registry: "ghcr.io", repository } });
  });
  test.each(["--force", "a b", "../x", "user/tap/x"])("%s is no formula", (given) => {
    expect(() => checkedFormula(given)).toThrow(/not a formula/);
  });
});

/** Whatever the clients print, these hold; what they do print is in check.test.ts. */
describe("the verdict", () => {
  const pulled = {
    code: 1,
    stdout: "",
    stderr: "",
    refusals: 1,
    nonce: "n0nce",
    upstream: "ghcr.io",
    image: "ghcr.io/a/b:1",
  };
  test("a success is never closed", () => {
    for (const refusals of [0, 1])
      expect(verdictOfPull("podman", { ...pulled, code: 0, stderr: "n0nce", refusals }).kind).toBe("open");
  });
  test("a refusal that the gate did not count is not believed", () => {
    expect(verdictOfPull("podman", { ...pulled, stderr: "n0nce", refusals: 0 }).kind).toBe("unknown");
  });
  test.each([
    ["https://ghcr.io/v2/", "open"],
    ['Get "https://ghcr.io:443/v2/"', "open"],
    ['"http://ghcr.io"', "open"],
    ["http://ghcr.io", "open"],
    ["https://pkg-containers.githubusercontent.com/x", "open"],
    ["docker://ghcr.io/a/b:1", "closed"],
    ["http://127.0.0.1:5005/v2/ghcr.io/a/b", "closed"],
    ["https://ghcr.io.example.org/", "closed"],
    ["https://ghcr.iox/", "closed"],
  ] as const)("our sentence and %s: %s", (text, kind) => {
    expect(verdictOfPull("podman", { ...pulled, stderr: `n0nce ${text}` }).kind).toBe(kind);
  });
  test("what a client says cannot reach the terminal as it is", () => {
    const { because } = verdictOfPull("podman", { ...pulled, stderr: "error: \u001b[2J", refusals: 0 });
    expect(because).toContain("\\u{1b}[2J");
  });
});
