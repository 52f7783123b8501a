import { describe, expect, test } from "vitest";
import { parseReference } from "../../../src/oci/reference.ts";
import { notHonoured, remarksAt, type Marker } from "../../../src/pins/formats/remarks.ts";
import { Lines } from "../../../src/pins/text.ts";

const ALPINE = parseReference("alpine:3.20");
const UNPINNED = ["unpinned", "floating-tag"];

function remarks(text: string, marker: Marker = "#", reference = ALPINE): ReturnType<typeof remarksAt> {
  return remarksAt(new Lines(text), text.indexOf("alpine"), reference, marker);
}

describe("the tag that a comment claims", () => {
  test.each<[string, string | null]>([
    ["image: alpine # v1.2.3", "v1.2.3"],
    ["image: alpine # 3.20-alpine", "3.20-alpine"],
    ["image: alpine # latest", "latest"],
    ["image: alpine # tag=v1.2", "v1.2"],
    ["image: alpine # tag=edge", "edge"],
    ["image: alpine # alpine:3.20", "3.20"],
    ["image: alpine # ratchet:docker.io/library/alpine:3.20", "3.20"],
    ["uses: docker://alpine # ratchet:docker://alpine:edge", "edge"],
    ["image: alpine #3.20", "3.20"],
    ["image: alpine\t# 3.20\r", "3.20"],
    ["image: alpine # 3.20 # zizmor: ignore[x]", "3.20"],
    ["image: 'alpine' # 3.20", "3.20"],
    ["- 'it # is' alpine # 3.20", "3.20"],
    ["it's alpine # 3.20", "3.20"],
    ["image: alpine # edge", null],
    ["image: alpine # busybox:3.20", null],
    ["image: alpine # ratchet:busybox:3.20", null],
    ["image: alpine # the newest is 3.20", null],
    ["image: alpine#3.20", null],
    ["image: 'alpine # 3.20'", null],
    ['image: "alpine \\" # 3.20"', null],
    ["image: alpine", null],
    ["# 3.20\nimage: alpine", null],
    ["image: alpine\n# 3.20", null],
  ])("%j: %s", (text, expected) => {
    expect(remarks(text).comment).toBe(expected);
  });

  test("is none of what is not known", () => {
    const text = "image: alpine # 3.20";
    expect(remarksAt(new Lines(text), 7, null, "#").comment).toBeNull();
  });

  test("stands behind // in JSON", () => {
    expect(remarks('"image": "https://x", "y": "alpine" // 3.20', "//").comment).toBe("3.20");
    expect(remarks('"y": "alpine", # 3.20', "//").comment).toBeNull();
  });
});

describe("what a comment leaves out", () => {
  test.each<[string, readonly { kinds: readonly string[]; reason: string }[]]>([
    ["alpine # tofu3: ignore unpinned it is a test", [{ kinds: ["unpinned"], reason: "it is a test" }]],
    ["# tofu3: ignore stale-pin,moved why not\nalpine", [{ kinds: ["stale-pin", "moved"], reason: "why not" }]],
    ["  #tofu3:ignore stale-pin, moved why\r\n  alpine\r\n", [{ kinds: ["stale-pin", "moved"], reason: "why" }]],
    ["alpine # 3.20 # tofu3: ignore moved why", [{ kinds: ["moved"], reason: "why" }]],
    ["alpine # ratchet:exclude", [{ kinds: UNPINNED, reason: "ratchet:exclude" }]],
    ["alpine # zizmor: ignore[unpinned-images]", [{ kinds: UNPINNED, reason: "zizmor: ignore[unpinned-images]" }]],
    ["alpine # zizmor: ignore[a,unpinned-uses] b", [{ kinds: UNPINNED, reason: "zizmor: ignore[a,unpinned-uses] b" }]],
    ["alpine # zizmor: ignore[template-injection]", []],
    ["alpine # ratchet:excluded", []],
    ["alpine # tofu3: ignore unpinned", []],
    ["alpine # tofu3: ignore", []],
    ["alpine # tofu3: ignore nonsense because", []],
    ["alpine # tofu3: ignored unpinned because", []],
    ["x # tofu3: ignore moved why\nalpine", []],
    ["# tofu3: ignore moved why\n\nalpine", []],
    ["'alpine # tofu3: ignore moved why'", []],
  ])("%j", (text, expected) => {
    expect(remarks(text).ignores).toEqual(expected);
  });

  test("is said where it is not honoured", () => {
    const text = "# tofu3: ignore\nx # tofu3: ignore moved\n# tofu3: ignore nonsense y\n# tofu3: ignore moved y\n";
    expect(notHonoured({ path: "f", text }, new Lines(text), "#")).toEqual([
      { file: "f", why: 'line 1: "tofu3: ignore" names no kind of finding', minor: true },
      { file: "f", why: 'line 2: "tofu3: ignore" gives no reason', minor: true },
      { file: "f", why: 'line 3: "tofu3: ignore" names no kind of finding: "nonsense"', minor: true },
    ]);
  });
});
