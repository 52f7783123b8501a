import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextPage } from "../../src/oci/link.ts";
import { costOf } from "./cost.ts";

const PAGE = "https://registry.example.org/v2/a/b/tags/list";

describe("the next page", () => {
  test.each([
    ["is a path", '</v2/a/b/tags/list?last=x&n=0>; rel="next"', "/v2/a/b/tags/list?last=x&n=0"],
    ["is relative", '<list?last=x>; rel="next"', "/v2/a/b/tags/list?last=x"],
    ["is a query", '<?last=x>; rel="next"', "/v2/a/b/tags/list?last=x"],
    ["is absolute", '<https://registry.example.org:443/v2/x>; rel="next"', "/v2/x"],
    ["has an unquoted relation", "</v2/x>; rel=next", "/v2/x"],
    ["has a relation in another case", '</v2/x>; REL="Next"', "/v2/x"],
    ["has several relations", '</v2/x>;rel="last next"', "/v2/x"],
    ["has no relation", "</v2/x>", "/v2/x"],
    ["has other parameters", '</v2/x>; title="a \\"b, <c>"; rel="next"; type=text', "/v2/x"],
    ["stands among others", '</v2/p>; rel="prev", </v2/x>; rel="next",', "/v2/x"],
    ["stands beside one without relation", '</v2/p>, </v2/x>; rel="next"', "/v2/x"],
    ["stands twice", '</v2/x>; rel="next", <https://registry.example.org/v2/x>; rel="next"', "/v2/x"],
    ["keeps what is encoded", '</v2/x?last=a%2Fb%3D%3d&c=%20>; rel="next"', "/v2/x?last=a%2Fb%3D%3d&c=%20"],
  ])("%s", (_, link, path) => {
    expect(nextPage(PAGE, link)).toBe(`https://registry.example.org${path}`);
  });

  test.each([
    [null],
    [undefined],
    [""],
    ["  "],
    ['</v2/x>; rel="prev"'],
    ['</v2/x>; rel="nextish"'],
    ['</v2/x>; rel="prev"; rel="next"'],
  ])("is not there: %j", (link) => {
    expect(nextPage(PAGE, link)).toBeNull();
  });

  test.each([
    ["leads to another host", '<https://registry.example.com/v2/x>; rel="next"'],
    ["leads to another host without scheme", '<//registry.example.com/v2/x>; rel="next"'],
    ["leads to another port", '<https://registry.example.org:444/v2/x>; rel="next"'],
    ["leads to plain HTTP", '<http://registry.example.org/v2/x>; rel="next"'],
    ["leads to a file", '<file:///etc/passwd>; rel="next"'],
    ["carries credentials", '<https://a:b@registry.example.org/v2/x>; rel="next"'],
    ["leads to itself", `<${PAGE}>; rel="next"`],
    ["leads to itself but for the fragment", '<#x>; rel="next"'],
    ["is two pages", '</v2/x>; rel="next", </v2/y>; rel="next"'],
    ["has a backslash", '<\\\\evil.example\\x>; rel="next"'],
    ["has a backslash on its own host", '</v2\\x>; rel="next"'],
    ["has a space", '</v2/x y>; rel="next"'],
    ["has a tab", '<ht\ttps://evil.example>; rel="next"'],
    ["is empty", '<>; rel="next"'],
    ["is no URL", '<https://[::1>; rel="next"'],
    ["does not begin", '/v2/x>; rel="next"'],
    ["does not end", "</v2/x"],
    ["has no comma after it", '</v2/x> rel="next"'],
    ["has an open quote", '</v2/x>; rel="next'],
    ["has more than 100 links", "</v2/x>,".repeat(101)],
    ["is beyond 64 kB", `<${"a".repeat(65_536)}>`],
  ])("is refused when it %s", (_, link) => {
    expect(() => nextPage(PAGE, link)).toThrow(expect.objectContaining({ code: "E_LINK" }));
  });
});

test.each(["<", ">", "<>", "<a>,", "<a>;", ";a=", '<a>;a="', "<a>; a", " ", ",", '\\"', "<a>;a=b"])(
  "64 kB of %j take no time",
  (unit) => {
    for (const start of ["", "</a>;", '</a>;rel="']) {
      const cost = costOf(() => {
        try {
          nextPage(PAGE, (start + unit.repeat(65_536)).slice(0, 65_536));
        } catch (error) {
          expect(error).toMatchObject({ code: "E_LINK" });
        }
      });
      expect(cost).toBeLessThan(500);
    }
  },
);

test("whatever is followed is of the same origin", () => {
  const target = fc.oneof(
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.string({ maxLength: 30, unit: fc.constantFrom(...Array.from("ab/\\:@.?#%[]htps<>\t é")) }),
    fc
      .constantFrom("//", "///", "https:", "https:/", "https:///", "http:", "/\\")
      .chain((start) => fc.string({ maxLength: 12 }).map((end) => start + end)),
  );
  fc.assert(
    fc.property(target, fc.constantFrom("", '; rel="next"', "; rel=next; x"), (path, parameters) => {
      try {
        const url = nextPage(PAGE, `<${path}>${parameters}`);
        expect(url).toBe(new URL(url ?? "", PAGE).href);
        expect(new URL(url ?? "").origin).toBe("https://registry.example.org");
      } catch (error) {
        expect(error).toMatchObject({ name: "Tofu3Error", code: "E_LINK" });
      }
    }),
    { numRuns: 1500 },
  );
});
