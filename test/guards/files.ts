import { guard, type Guard } from "./guard.ts";

const FILES = "test/e2e/files.test.ts";
const LISTS = "test/e2e/lists.test.ts";
const HOSTILE = "test/e2e/hostilelists.test.ts";
const MIRRORS = "test/e2e/mirrors.test.ts";

/** Files from the web. */
export const FILE_GUARDS: readonly Guard[] = [
  ...guard(
    "an empty answer, and a web page in place of a file",
    {
      file: "src/worker/walk/file.ts",
      from: "if (content.size === 0)",
      to: "if (content.size < 0)",
      test: `${FILES} › what is no file is no observation, even three times › %s`,
    },
    {
      file: "src/worker/walk/file.ts",
      from: "if (!isPage(opening) || isPageName(requested)) return null;",
      to: "if (isPageName(requested) || !isPageName(requested)) return null;",
      test: `${FILES} › what is no file is no observation, even three times › %s`,
    },
    {
      file: "src/worker/walk/file.ts",
      from: "/^\\s*<(?:!doctype html|html)\\b/i.test(head)",
      to: "/^never/.test(head)",
      test: `${FILES} › a page that calls itself a file is one at whoever can see how it begins`,
    },
  ),
  ...guard(
    "no query of a URL",
    {
      file: "src/file/url.ts",
      from: "return { url: href, shown: `${origin}${pathname}${shownQuery(search)}`, pin };",
      to: "return { url: href, shown: href + shownQuery(search).slice(0, 0), pin };",
      test: `${FILES} › a query of the user's own is in no report, and is part of the question`,
    },
    {
      file: "src/worker/fetch/notebook.ts",
      from: "return [...queries.values()].some((secret) => secret.isIn(text));",
      to: "return [...queries.values()].length < 0 && text === '';",
      test: `${FILES} › what a server repeats of a query is told nobody`,
    },
    {
      file: "src/worker/fetch/notebook.ts",
      from: "return visible(url.origin + url.pathname, 500);",
      to: "return visible(url.href, 500);",
      test: `${FILES} › %s becomes %s in a folder`,
    },
  ),
  ...guard(
    "a file that was cut is continued",
    {
      file: "src/worker/fetch/content.ts",
      from: 'const strong = etag !== null && /^"',
      to: 'const strong = etag !== null && /^(?:W\\/)?"',
      test: `${FILES} › is fetched anew under a weak one`,
    },
    {
      file: "src/worker/walk/file.ts",
      from: "restAt: (_: URL, limit: AbortSignal) => landingOf(session, url, limit),",
      to: "restAt: (sent: URL, limit: AbortSignal) => Promise.resolve(limit.aborted || url === sent ? null : sent),",
      test: `${FILES} › goes to the original URL, whose signature has not expired`,
    },
  ),
  ...guard(
    "a file that is pinned",
    {
      file: "src/model/subject.ts",
      from: 'return "digest" in subject ? null : subject.pin;',
      to: 'return "digest" in subject || "url" in subject ? null : subject.pin;',
      test: `${FILES} › another one is changed, and nothing is released`,
    },
    {
      file: "src/coordinator/pinning.ts",
      from: "if (artifact === null) return { instead: aboutSums(evidence, url) };",
      to: "if (artifact === null) return { pin, notes, remarks: [aboutSums(evidence, url).summary] };",
      test: `${FILES} › one that one vantage is shown differently: the alarm is about it, and the file is not fetched`,
    },
    {
      file: "src/coordinator/pinning.ts",
      from: "if (first === undefined || other === undefined) return first?.[0] ?? null;",
      to: "if (first === undefined || other === undefined) return null;",
      test: `${FILES} › one that names other bytes: changed, and nothing is released`,
    },
    {
      file: "src/coordinator/pinning.ts",
      from: 'if (own !== null && !said.has(own)) said.set(own, "the pin that you gave");',
      to: "if (own !== null) return own;",
      test: `${FILES} › one that contradicts the pin: nobody knows which is right, and nothing is fetched`,
    },
    {
      file: "src/file/sums.ts",
      from: "entries.length > 1",
      to: "entries.length > 100_000",
      test: "test/file/sums.test.ts › what is no checksum file is refused › %s",
    },
  ),
  ...guard(
    "every worker asks every mirror",
    {
      file: "src/worker/walk/mirrors.ts",
      from: "const seen = { computed: digest, size };",
      to: "const seen = { computed: expected.digest, size: expected.size + 0 * size };",
      test: `${FILES} › another publisher's bytes, the same for all`,
    },
    {
      file: "src/worker/walk/mirrors.ts",
      from: "return { seen: { computed, size }, error };",
      to: "return { seen: { computed: digest, size }, error: computed === '' ? error : null };",
      test: `${MIRRORS} › that have other bytes under its digest are an alarm about the publisher, or about one vantage`,
    },
  ),
  ...guard(
    "a list takes nothing in its folder for verified",
    {
      file: "src/release/intact.ts",
      from: "return digest !== null && isFileOf(released.path, digest, signal);",
      to: "return digest !== null && !signal.aborted;",
      test: `${LISTS} › a file that was changed in the folder is not taken for verified`,
    },
    {
      file: "src/release/intact.ts",
      from: "if (!(await isFileOf(join(path, name), digest, signal))) return false;",
      to: "if (name === digest) return false;",
      test: `${HOSTILE} › from a layout that is whole, and not from one that was changed`,
    },
    {
      file: "src/release/release.ts",
      from: "if (destination.claim?.(target) === false)",
      to: "if (destination.claim?.(target) === null)",
      test: `${HOSTILE} › files, one of which its server names, and none is named as the list's own are`,
    },
    {
      file: "src/coordinator/list/list.ts",
      from: 'const agreed = listed.filter((each) => "evidence" in each && each.evidence.outcome === "agreed");',
      to: 'const agreed = listed.filter((each) => "evidence" in each);',
      test: `${LISTS} › looks again only at what was not agreed on, and what is gone from the folder`,
    },
  ),
  ...guard(
    "a file gets no name",
    {
      file: "src/file/name.ts",
      from: "return SAFE.test(name) && Buffer.byteLength(name) <= MOST_BYTES;",
      to: "return SAFE.test(name) || Buffer.byteLength(name) <= MOST_BYTES;",
      test: "test/file/name.test.ts › %s is no name",
    },
    {
      file: "src/file/name.ts",
      from: "return others.length === 0 ? name : null;",
      to: "return others.length < 9 ? name : null;",
      test: "test/file/name.test.ts › what all were told › %j",
    },
  ),
];
