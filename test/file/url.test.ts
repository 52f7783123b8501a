import { describe, expect, test } from "vitest";
import { hostOf, isWebAddress, parseFileUrl } from "../../src/file/url.ts";
import { formatSubject, parseSubject } from "../../src/model/subject.ts";

const HEX = "ab".repeat(32);

describe("the URL of a file", () => {
  test.each([
    ["https://dl.example/a/b.tar.gz", "https://dl.example/a/b.tar.gz", null],
    ["HTTPS://DL.Example:443/a/../b", "https://dl.example/b", null],
    ["https://dl.example", "https://dl.example/", null],
    [`https://dl.example/x#sha256=${HEX.toUpperCase()}`, "https://dl.example/x", `sha256:${HEX}`],
    [`https://dl.example/x#egg=y&sha256=${HEX}`, "https://dl.example/x", `sha256:${HEX}`],
    ["https://[::1]:8443/x", "https://[::1]:8443/x", null],
    ["https://127.1/x", "https://127.0.0.1/x", null],
    ["https://dl.example/a%20b", "https://dl.example/a%20b", null],
  ])("%s", (text, url, pin) => {
    expect(parseFileUrl(text)).toEqual({ url, shown: url, pin });
  });

  test.each([
    ["http://dl.example/x", "https://"],
    ["https://", "a file is https://HOST/PATH"],
    ["https:///x", "a file is https://HOST/PATH"],
    ["https://user@dl.example/x", "leave them out"],
    ["https://user:secret@dl.example/x", "leave them out"],
    ["https://dl.example/a b", "%20"],
    ["https://dl.example/ä", "%20"],
    ["https://dl.example\\@evil.example/x", "%20"],
    ["https://dl.example:0/x", "a file is https://HOST/PATH"],
    ["https://dl.example:99999/x", "a file is https://HOST/PATH"],
    ["https://dl.example/x#sha256=abc", "#sha256=HEX"],
    [`https://dl.example/x#md5=${"a".repeat(32)}`, "#sha256=HEX"],
    ["https://dl.example/x#", null],
    [`https://dl.example/${"a".repeat(5000)}`, "a file is https://HOST/PATH"],
  ])("%s", (text, hint) => {
    if (hint === null) expect(parseFileUrl(text).pin).toBeNull();
    else {
      const refused = (): unknown => parseFileUrl(text);
      expect(refused).toThrow(expect.objectContaining({ code: "E_REFERENCE" }) as Error);
      expect(refused).toThrow(expect.objectContaining({ hint: expect.stringContaining(hint) as string }) as Error);
      expect(refused).not.toThrow(/secret/);
    }
  });

  test("a query is requested, and nobody is shown it", () => {
    const { url, shown } = parseFileUrl("https://dl.example/x?sig=SECRET");
    expect(url).toBe("https://dl.example/x?sig=SECRET");
    expect(shown).toMatch(/^https:\/\/dl\.example\/x\?hash=[0-9a-f]{16}$/);
    expect(parseFileUrl(shown)).toEqual({ url: shown, shown, pin: null });
    expect(parseFileUrl("https://dl.example/x?sig=OTHER").shown).not.toBe(shown);
  });

  test("is told from a reference, and read back from what is shown of it", () => {
    expect(["https://a/b", "HTTP://a", "localhost:5000/a", "docker://a", "a:https"].map(isWebAddress)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(hostOf("https://dl.example:8443/x")).toBe("dl.example:8443");
    for (const text of [`https://dl.example/x#sha256=${HEX}`, "https://dl.example/x", "docker.io/library/alpine:3"])
      expect(formatSubject(parseSubject(text))).toBe(text);
  });
});
