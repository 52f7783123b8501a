import { expect, test } from "vitest";
import { spanOf } from "../../../src/serve/http/range.ts";

const ETAG = '"sha256:aa"';

/** RFC 9110 §14: what a server answers for a file of so many bytes. */
function told(range: string | undefined, size = 100, ifRange?: string): string {
  const span = spanOf(range, ifRange, ETAG, size);
  return span.kind === "part" ? `${span.first}-${span.last}` : span.kind;
}

test.each([
  [undefined, "whole"],
  ["bytes=0-0", "0-0"],
  ["bytes=0-99", "0-99"],
  ["bytes=10-19", "10-19"],
  ["bytes=90-", "90-99"],
  ["bytes=90-1000", "90-99"],
  ["bytes=-1", "99-99"],
  ["bytes=-100", "0-99"],
  // longer than the file: the whole of it, as a part
  ["bytes=-101", "0-99"],
  ["BYTES=0-1", "0-1"],
  ["bytes= 0-1", "0-1"],
  ["bytes=0-999999999999999", "0-99"],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=100-200", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  // several, and what cannot be read: ignored
  ["bytes=0-1,3-4", "whole"],
  ["bytes=0-1,", "whole"],
  ["bytes=5-4", "whole"],
  ["bytes=-", "whole"],
  ["bytes=", "whole"],
  ["bytes", "whole"],
  ["bytes=a-b", "whole"],
  ["bytes=1x-2", "whole"],
  ["bytes=0x1-2", "whole"],
  ["bytes=+1-2", "whole"],
  ["bytes=1.5-2", "whole"],
  ["bytes=--1", "whole"],
  ["bytes=1-2-3", "whole"],
  ["lines=0-1", "whole"],
  ["", "whole"],
  [`bytes=${"9".repeat(400)}-`, "whole"],
])("%s", (range, expected) => expect(told(range)).toBe(expected));

test("an empty file has no byte to begin with, and all of its last ones", () => {
  expect(told("bytes=0-", 0)).toBe("unsatisfiable");
  expect(told("bytes=-5", 0)).toBe("whole");
});

test.each([
  [ETAG, "0-1"],
  ['"sha256:bb"', "whole"],
  [`W/${ETAG}`, "whole"],
  ["Sat, 29 Oct 1994 19:43:31 GMT", "whole"],
  ["", "whole"],
])("If-Range: %s", (ifRange, expected) => expect(told("bytes=0-1", 100, ifRange)).toBe(expected));
