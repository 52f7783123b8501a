import { describe, expect, test } from "vitest";
import { routeOf } from "../../../src/serve/http/route.ts";

const HEX = "a".repeat(64);
const DIGEST = `sha256:${HEX}`;

/** `manifest docker.io/library/alpine:3.20`, or `404 NAME_UNKNOWN` */
function told(target: string, fallback: string | null = null, method = "GET"): string {
  const route = routeOf(method, target, fallback);
  if (route.kind === "problem") return `${route.status} ${route.code}`;
  if (route.kind === "ping") return "ping";
  const by = route.namespace === null ? "" : ` by ${route.namespace}`;
  if (route.kind === "tags") {
    const { n, last } = route.page;
    return `tags ${route.repository.registry}/${route.repository.repository} n=${n} last=${last}${by}`;
  }
  const { wish } = route;
  const name = "tag" in wish ? `:${wish.tag}` : `@${wish.digest}`;
  return `${wish.kind} ${wish.registry}/${wish.repository}${name}${by}`;
}

describe("the pull side of the distribution specification", () => {
  test.each([
    ["/v2/", "ping"],
    ["/v2", "ping"],
    ["/v2/?ns=docker.io", "ping"],
    ["/v2/ghcr.io/homebrew/core/vim/manifests/9.0", "manifest ghcr.io/homebrew/core/vim:9.0"],
    [`/v2/ghcr.io/homebrew/core/vim/manifests/${DIGEST}`, `manifest ghcr.io/homebrew/core/vim@${DIGEST}`],
    [`/v2/ghcr.io/homebrew/core/vim/blobs/${DIGEST}`, `blob ghcr.io/homebrew/core/vim@${DIGEST}`],
    [`/v2/ghcr.io/a/blobs/sha512:${HEX}${HEX}`, `blob ghcr.io/a@sha512:${HEX}${HEX}`],
    ["/v2/ghcr.io/a/tags/list", "tags ghcr.io/a n=null last=null"],
    ["/v2/ghcr.io/a/tags/list?n=3&last=1.0", "tags ghcr.io/a n=3 last=1.0"],
    ["/v2/ghcr.io/a/tags/list?n=0", "tags ghcr.io/a n=0 last=null"],
    ["/v2/ghcr.io/a/tags/list?n=-1", "400 PAGINATION_NUMBER_INVALID"],
    ["/v2/ghcr.io/a/tags/list?n=x", "400 PAGINATION_NUMBER_INVALID"],
    [`/v2/ghcr.io/a/referrers/${DIGEST}`, "404 UNSUPPORTED"],
    ["/v2/ghcr.io/a/referrers/latest", "400 DIGEST_INVALID"],
    // names that look like verbs
    ["/v2/ghcr.io/a/manifests/b/manifests/c", "manifest ghcr.io/a/manifests/b:c"],
    ["/v2/ghcr.io/tags/list/tags/list", "tags ghcr.io/tags/list n=null last=null"],
    ["/v2/ghcr.io/blobs/manifests/blobs", "manifest ghcr.io/blobs:blobs"],
  ])("%s", (target, expected) => expect(told(target)).toBe(expected));
});

describe("the upstream", () => {
  test.each([
    // what containerd sends
    ["/v2/library/alpine/manifests/3.20?ns=docker.io", null, "manifest docker.io/library/alpine:3.20 by docker.io"],
    ["/v2/alpine/manifests/3.20?ns=docker.io", null, "manifest docker.io/library/alpine:3.20 by docker.io"],
    ["/v2/docker.io/library/alpine/manifests/3.20", null, "manifest docker.io/library/alpine:3.20"],
    ["/v2/docker.io/alpine/manifests/3.20", null, "manifest docker.io/library/alpine:3.20"],
    ["/v2/registry-1.docker.io/alpine/manifests/3.20", null, "manifest docker.io/library/alpine:3.20"],
    ["/v2/registry.lab:5000/a/manifests/1", null, "manifest registry.lab:5000/a:1"],
    ["/v2/registry.lab%3A5000/a/manifests/1", null, "manifest registry.lab:5000/a:1"],
    ["/v2/localhost:5000/a/manifests/1", null, "manifest localhost:5000/a:1"],
    ["/v2/[::1]:5000/a/manifests/1", null, "manifest [::1]:5000/a:1"],
    ["/v2/a/manifests/1?ns=registry.lab:5000", null, "manifest registry.lab:5000/a:1 by registry.lab:5000"],
    ["/v2/homebrew/core/vim/manifests/9", "ghcr.io", "manifest ghcr.io/homebrew/core/vim:9"],
    ["/v2/alpine/manifests/9", "docker.io", "manifest docker.io/library/alpine:9"],
    ["/v2/quay.io/a/manifests/9", "ghcr.io", "manifest quay.io/a:9"],
    ["/v2/a/manifests/9?ns=quay.io", "ghcr.io", "manifest quay.io/a:9 by quay.io"],
    // said twice
    ["/v2/docker.io/library/alpine/manifests/1?ns=docker.io", null, "manifest docker.io/library/alpine:1 by docker.io"],
    ["/v2/ghcr.io/a/manifests/1?ns=docker.io", null, "400 NAME_INVALID"],
    ["/v2/a/manifests/1?ns=docker.io&ns=ghcr.io", null, "400 NAME_INVALID"],
    // not said
    ["/v2/library/alpine/manifests/3.20", null, "400 NAME_INVALID"],
    ["/v2/localhost/a/manifests/3.20", null, "400 NAME_INVALID"],
    // not a registry
    ["/v2/a/manifests/1?ns=", null, "400 NAME_INVALID"],
    ["/v2/a/manifests/1?ns=http://docker.io", null, "400 NAME_INVALID"],
    ["/v2/a/manifests/1?ns=docker.io/library", null, "400 NAME_INVALID"],
    ["/v2/a/manifests/1?ns=registry.lab:70000", null, "400 NAME_INVALID"],
    ["/v2/registry.lab:/a/manifests/1", null, "400 NAME_INVALID"],
    ["/v2/registry.lab:x/a/manifests/1", null, "400 NAME_INVALID"],
    ["/v2/ghcr.io/manifests/1", null, "400 NAME_INVALID"],
    // a registry is not a repository
    ["/v2/ghcr.io/tags/list", null, "400 NAME_INVALID"],
  ])("%s of %s", (target, fallback, expected) => expect(told(target, fallback)).toBe(expected));
});

describe("what cannot be", () => {
  test.each([
    ["/", "404 UNSUPPORTED"],
    ["/v1/_ping", "404 UNSUPPORTED"],
    ["/v2/_catalog", "404 UNSUPPORTED"],
    ["/v2/_catalog?n=5", "404 UNSUPPORTED"],
    ["/v2/ghcr.io/a", "404 UNSUPPORTED"],
    ["/v2/manifests/1", "404 UNSUPPORTED"],
    ["/v2//manifests/1", "400 NAME_INVALID"],
    ["/v2/ghcr.io//a/manifests/1", "400 NAME_INVALID"],
    ["//v2/ghcr.io/a/manifests/1", "404 UNSUPPORTED"],
    ["/v2/ghcr.io/../a/manifests/1", "400 NAME_INVALID"],
    ["/v2/ghcr.io/%2e%2e/a/manifests/1", "400 NAME_INVALID"],
    ["/v2/../v2/ghcr.io/a/manifests/1", "400 NAME_INVALID"],
    ["/v2/ghcr.io/a%2fb/manifests/1", "400 NAME_INVALID"],
    ["/v2/ghcr.io/a%252fb/manifests/1", "400 NAME_INVALID"],
    ["/v2/ghcr.io/a%00/manifests/1", "400 NAME_INVALID"],
    ["/v2/ghcr.io/a%zz/manifests/1", "400 NAME_INVALID"],
    ["/v2/ghcr.io/a%ff/manifests/1", "400 NAME_INVALID"],
    ["/v2/ghcr.io/a\\b/manifests/1", "400 NAME_INVALID"],
    ["/v2/ghcr.io/UPPER/manifests/1", "400 NAME_INVALID"],
    ["/v2/ghcr.io/a:b/manifests/1", "400 NAME_INVALID"],
    [`/v2/ghcr.io/a@${DIGEST}/manifests/1`, "400 NAME_INVALID"],
    [`/v2/ghcr.io/${"a".repeat(256)}/manifests/1`, "400 NAME_INVALID"],
    [`/v2/ghcr.io/a/manifests/1?${"x".repeat(5000)}`, "400 NAME_INVALID"],
    ["http://other.example/v2/", "400 NAME_INVALID"],
    ["*", "400 NAME_INVALID"],
    // the conformance suite's own
    ["/v2/ghcr.io/a/manifests/.INVALID_MANIFEST_NAME", "404 MANIFEST_UNKNOWN"],
    [`/v2/ghcr.io/a/manifests/${"t".repeat(129)}`, "404 MANIFEST_UNKNOWN"],
    ["/v2/ghcr.io/a/manifests/", "404 MANIFEST_UNKNOWN"],
    ["/v2/ghcr.io/a/manifests/sha256:totallywrong", "400 DIGEST_INVALID"],
    ["/v2/ghcr.io/a/manifests/t%40x", "404 MANIFEST_UNKNOWN"],
    ["/v2/ghcr.io/a/blobs/latest", "400 DIGEST_INVALID"],
    [`/v2/ghcr.io/a/blobs/${DIGEST.toUpperCase()}`, "400 DIGEST_INVALID"],
    [`/v2/ghcr.io/a/blobs/md5:${"a".repeat(32)}`, "400 DIGEST_INVALID"],
    ["/v2/ghcr.io/a/blobs/sha256%3A" + HEX + "0", "400 DIGEST_INVALID"],
  ])("%s", (target, expected) => expect(told(target)).toBe(expected));

  test("an escaped colon is a colon", () => {
    expect(told(`/v2/ghcr.io/a/blobs/sha256%3A${HEX}`)).toBe(`blob ghcr.io/a@${DIGEST}`);
  });

  test.each(["PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"])("%s is not supported", (method) => {
    expect(told("/v2/ghcr.io/a/manifests/1", null, method)).toBe("405 UNSUPPORTED");
    expect(told("/v2/ghcr.io/a/blobs/" + DIGEST, null, method)).toBe("405 UNSUPPORTED");
    expect(told("/v2/", null, method)).toBe("405 UNSUPPORTED");
  });

  test.each([
    "POST /v2/ghcr.io/a/blobs/uploads/",
    "PUT /v2/ghcr.io/a/manifests/1",
    "PATCH /v2/ghcr.io/a/blobs/uploads/1-2",
  ])("a push: %s", (line) => {
    const [method = "", target = ""] = line.split(" ");
    expect(told(target, null, method)).toBe("405 UNSUPPORTED");
  });

  test("a HEAD is a GET", () => expect(told("/v2/ghcr.io/a/manifests/1", null, "HEAD")).toBe("manifest ghcr.io/a:1"));

  test("no message repeats what cannot be printed", () => {
    const route = routeOf("GET", "/v2/ghcr.io/a%1b[2J%e2%80%ae/manifests/1", null);
    expect(JSON.stringify(route)).toContain("\\\\u{1b}[2J\\\\u{202e}");
  });
});

test("10,000 paths of any bytes are answered, and none throws", () => {
  const words = [
    "v2",
    "..",
    "",
    "%",
    "%2f",
    "a",
    "manifests",
    "blobs",
    "tags",
    "list",
    "ghcr.io",
    "?ns=",
    "@",
    ":",
    DIGEST,
    "\\",
    "%00",
  ];
  let seed = 7;
  const next = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648);
  for (let i = 0; i < 10_000; i++) {
    const target = `/${Array.from({ length: next() % 8 }, () => words[next() % words.length]).join(next() % 3 === 0 ? "" : "/")}`;
    expect(told(target)).toMatch(/^(ping|manifest|blob|tags|40[045]) ?/);
  }
});
