import { describe, expect, test } from "vitest";
import type { Refusal, Refused } from "../../../src/model/gate.ts";
import { parseDigest } from "../../../src/oci/digest.ts";
import {
  isUnchanged,
  objectHeaders,
  problemAnswer,
  refusalAnswer,
  warningsOf,
  type Asked,
} from "../../../src/serve/http/answer.ts";
import { problem } from "../../../src/serve/http/route.ts";
import { tagsAnswer } from "../../../src/serve/http/tags.ts";

const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);

function refused(why: Refusal, more: Partial<Refused> = {}): Refused {
  return { kind: "refused", why, sentence: "sgp saw other bytes", verdict: null, retryAfter: null, ...more };
}

/** `403 DENIED`, and the seconds to wait. */
function told(why: Refusal, asked: Asked, retryAfter: number | null = null): string {
  const { status, headers, body } = refusalAnswer(refused(why, { retryAfter }), asked);
  const { errors } = JSON.parse(body) as { errors: { code: string }[] };
  const wait = headers["Retry-After"];
  return `${status} ${errors[0]?.code}${wait === undefined ? "" : ` in ${String(wait)} s`}`;
}

test.each<[Refusal, Asked, string]>([
  ["disagreed", "manifest", "403 DENIED"],
  ["disagreed", "blob", "403 DENIED"],
  ["moved", "manifest", "403 DENIED"],
  ["changed", "manifest", "403 DENIED"],
  ["indistinct", "manifest", "403 DENIED"],
  ["pending", "manifest", "403 DENIED"],
  ["unlisted", "manifest", "403 DENIED"],
  ["unfit", "manifest", "403 DENIED"],
  ["absent", "manifest", "404 MANIFEST_UNKNOWN"],
  ["absent", "blob", "404 BLOB_UNKNOWN"],
  ["absent", "tags", "404 NAME_UNKNOWN"],
  ["impossible", "manifest", "400 NAME_INVALID"],
  ["verifying", "manifest", "503 UNAVAILABLE in 10 s"],
  ["incomplete", "blob", "503 UNAVAILABLE in 10 s"],
  ["broken", "manifest", "503 UNAVAILABLE in 10 s"],
  ["busy", "manifest", "429 TOOMANYREQUESTS in 10 s"],
  ["full", "manifest", "429 TOOMANYREQUESTS in 10 s"],
])("%s of a %s", (why, asked, expected) => expect(told(why, asked)).toBe(expected));

test("the gate says when to come back", () => {
  expect(told("incomplete", "manifest", 30)).toBe("503 UNAVAILABLE in 30 s");
  expect(told("pending", "manifest", 3600)).toBe("403 DENIED in 3600 s");
});

describe("the sentence", () => {
  test("stands in the error, with the verdict's id, and in the reason phrase", () => {
    const { reason, body } = refusalAnswer(refused("disagreed", { verdict: "v1" }), "manifest");
    expect(reason).toBe("tofu3 disagreed: sgp saw other bytes");
    expect(JSON.parse(body)).toEqual({
      errors: [{ code: "DENIED", message: "sgp saw other bytes", detail: { outcome: "disagreed", verdict: "v1" } }],
    });
  });

  test.each(["é … – \u{202e} 🐛 x", "a\r\nSet-Cookie: a=b", "\u0000\u007f\u0080", "x".repeat(5000)])(
    "is a reason phrase whatever is in it: %j",
    (sentence) => {
      const { reason } = refusalAnswer(refused("disagreed", { sentence }), "manifest");
      expect(reason).toMatch(/^tofu3 disagreed: [\x20-\x7e]{0,200}$/);
      expect(reason?.length).toBeLessThanOrEqual(200);
    },
  );
});

test("nobody keeps an error", () => {
  expect(refusalAnswer(refused("absent"), "manifest").headers["Cache-Control"]).toBe("no-store");
});

test("401 says how to log in, and 405 what may be asked", () => {
  expect(problemAnswer(problem(401, "UNAUTHORIZED", "who?")).headers["WWW-Authenticate"]).toMatch(/^Basic realm="/);
  expect(problemAnswer(problem(405, "UNSUPPORTED", "no")).headers["Allow"]).toBe("GET, HEAD");
});

describe("notices", () => {
  test("are warnings of the specification", () => {
    expect(warningsOf(['stale: "x\\y"', "moved"])).toEqual(['299 - "stale: \\"x\\\\y\\""', '299 - "moved"']);
    expect(warningsOf(["é\r\nX: y"])).toEqual(['299 - "???X: y"']);
  });

  test("have 4096 bytes together", () => {
    const warnings = warningsOf(Array.from({ length: 9 }, () => "x".repeat(1000)));
    expect(warnings).toHaveLength(4);
    expect(warnings.join("").length).toBeLessThanOrEqual(4096);
  });
});

test.each([
  [undefined, false],
  [`"${DIGEST}"`, true],
  [`W/"${DIGEST}"`, true],
  [`"x", "${DIGEST}"`, true],
  ["*", true],
  ['"x"', false],
  [DIGEST, false],
])("If-None-Match: %s", (field, expected) => expect(isUnchanged(field, DIGEST)).toBe(expected));

test("headers of objects", () => {
  const manifest = { kind: "manifest", digest: DIGEST, mediaType: "application/vnd.oci.image.index.v1+json" } as const;
  expect(objectHeaders(manifest, ["stale"], "docker.io")).toEqual({
    "Docker-Distribution-Api-Version": "registry/2.0",
    "X-Content-Type-Options": "nosniff",
    "Content-Type": "application/vnd.oci.image.index.v1+json",
    "Docker-Content-Digest": DIGEST,
    ETag: `"${DIGEST}"`,
    "OCI-Namespace": "docker.io",
    Warning: ['299 - "stale"'],
  });
  // what a stranger's document says of a blob is nothing for a browser
  const blob = { kind: "blob", digest: DIGEST, mediaType: "text/html" } as const;
  expect(objectHeaders(blob, [], null)).toEqual({
    "Docker-Distribution-Api-Version": "registry/2.0",
    "X-Content-Type-Options": "nosniff",
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": DIGEST,
    ETag: `"${DIGEST}"`,
    "Accept-Ranges": "bytes",
  });
});

describe("tags", () => {
  const TAGS = ["1.0", "1.1", "2.0", "latest"];
  const PATH = "/v2/a/tags/list";
  const list = (n: number | null, last: string | null, target = PATH): unknown => {
    const { headers, body } = tagsAnswer("a", TAGS, { n, last }, target, null);
    return [(JSON.parse(body) as { tags: string[] }).tags, headers["Link"] ?? null];
  };
  test.each<[number | null, string | null, string[], string | null]>([
    [null, null, TAGS, null],
    [2, null, ["1.0", "1.1"], `<${PATH}?last=1.1>; rel="next"`],
    [4, null, TAGS, null],
    [5, null, TAGS, null],
    [2, "1.1", ["2.0", "latest"], null],
    [1, "1.1", ["2.0"], `<${PATH}?last=2.0>; rel="next"`],
    // a page begins after `last`, whether that exists or not
    [null, "1.05", ["1.1", "2.0", "latest"], null],
    [null, "zzz", [], null],
    [0, null, [], null],
  ])("n=%s, last=%s", (n, last, tags, link) => expect(list(n, last)).toEqual([tags, link]));

  test("the next page is of the same question", () => {
    expect(list(1, null, `${PATH}?n=1&ns=docker.io`)).toEqual([
      ["1.0"],
      `<${PATH}?n=1&ns=docker.io&last=1.0>; rel="next"`,
    ]);
  });
});
