import { describe, expect, test } from "vitest";
import type { Tofu3Error } from "../../../src/errors.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { inspect } from "../../../src/worker/walk/inspect.ts";
import { readTags } from "../../../src/worker/walk/tags.ts";
import { fakeTransport, type FakeTransport, type Reply, type Routes } from "../faketransport.ts";
import { BASE, descriptor, imageFor, indexOf, jobOf, LIMITS, page, serve, vantageOf } from "../fixtures.ts";

const URL_1 = `${BASE}/tags/list`;
const NEVER = new AbortController().signal;
const REFERENCE = parseReference("registry.example/a/b");

function tags(names: readonly string[] | null, next?: string): Reply {
  return {
    body: JSON.stringify({ name: "a/b", tags: names }),
    headers: next === undefined ? {} : { link: `<${next}>; rel="next"` },
  };
}

function read(transport: FakeTransport): Promise<readonly string[]> {
  return readTags(vantageOf(transport), REFERENCE, { limits: LIMITS }, NEVER);
}

describe("tags", () => {
  const good: readonly { what: string; routes: Routes; tags: readonly string[] }[] = [
    { what: "one page", routes: { [URL_1]: tags(["b", "a"]) }, tags: ["b", "a"] },
    { what: "none", routes: { [URL_1]: tags([]) }, tags: [] },
    { what: "null", routes: { [URL_1]: tags(null) }, tags: [] },
    { what: "pages of ghcr, n=0 as it stands there", routes: { [URL_1]: tags(["a"], "/v2/a/b/tags/list?last=a&n=0"), [`${URL_1}?last=a&n=0`]: tags(["b"]) }, tags: ["a", "b"] },
    { what: "pages of quay", routes: { [URL_1]: tags(["a"], "/v2/a/b/tags/list?next_page=gA%3D%3D&n=50"), [`${URL_1}?next_page=gA%3D%3D&n=50`]: tags(["b"]) }, tags: ["a", "b"] },
    { what: "pages that overlap", routes: { [URL_1]: tags(["a", "b"], `${URL_1}?n=2`), [`${URL_1}?n=2`]: tags(["b", "c"]) }, tags: ["a", "b", "c"] },
    { what: "pages of Artifactory, whose links lose the first part of the repository", routes: { [URL_1]: tags(["a"], "/v2/b/tags/list?last=a&n=1"), [`${URL_1}?last=a&n=1`]: tags(["b"]) }, tags: ["a", "b"] },
    { what: "a last page that is empty", routes: { [URL_1]: tags(["a"], `${URL_1}?n=2`), [`${URL_1}?n=2`]: tags([]) }, tags: ["a"] },
  ]; // prettier-ignore
  test.each(good)("$what", async ({ routes, tags: wanted }) => {
    const transport = fakeTransport(routes);
    expect(await read(transport)).toEqual(wanted);
    expect(transport.calls).toEqual(["open", "end"]);
  });

  const bad: readonly { what: string; routes: Routes; code: string }[] = [
    {
      what: "a link to another host",
      routes: { [URL_1]: tags(["a"], "https://evil.example/v2/a/b/tags/list?n=1") },
      code: "E_LINK",
    },
    {
      what: "a link to a metadata service",
      routes: { [URL_1]: tags(["a"], "http://169.254.169.254/") },
      code: "E_LINK",
    },
    { what: "a page that is its own next", routes: { [URL_1]: tags(["a"], "/v2/a/b/tags/list") }, code: "E_LINK" },
    {
      what: "pages in a circle",
      routes: { [URL_1]: tags(["a"], `${URL_1}?n=2`), [`${URL_1}?n=2`]: tags(["b"], URL_1) },
      code: "E_LIMIT",
    },
    {
      what: "pages with nothing new",
      routes: { [URL_1]: tags(["a"], `${URL_1}?n=2`), [`${URL_1}?n=2`]: tags(["a"], `${URL_1}?n=3`) },
      code: "E_LIMIT",
    },
    { what: "HTML", routes: { [URL_1]: { body: "<html>" } }, code: "E_MANIFEST" },
    { what: "tags that are numbers", routes: { [URL_1]: { body: '{"tags":[1]}' } }, code: "E_MANIFEST" },
    { what: "404", routes: { [URL_1]: { status: 404 } }, code: "E_NOT_FOUND" },
  ];
  test.each(bad)("$what: $code", async ({ routes, code }) => {
    const transport = fakeTransport(routes);
    await expect(read(transport)).rejects.toMatchObject({ code });
    expect(transport.calls).toEqual(["open", "end"]);
  });

  test("pages that never end", async () => {
    const endless = new Proxy<Routes>(
      {},
      { get: (_, url: string) => tags([url], `${URL_1}?n=${url.length}${"x".repeat(url.length % 1000)}`) },
    );
    await expect(read(fakeTransport(endless))).rejects.toMatchObject({ code: "E_LIMIT" });
  });
});

describe("inspect", () => {
  const image = imageFor("linux/amd64", "layer");
  const index = indexOf([descriptor(image.manifest, { platform: { os: "linux", architecture: "amd64" } })]);

  test("the documents as a tree, with their exact bytes, and no blob", async () => {
    const transport = fakeTransport(serve([index, image.manifest]));
    const tree = await inspect(vantageOf(transport), jobOf(), () => undefined, NEVER);
    expect(Buffer.from(tree.document.bytes).toString()).toBe(index.bytes.toString());
    expect(tree).toMatchObject({
      descriptor: null,
      mediaType: index.mediaType,
      children: [{ descriptor: { digest: image.manifest.digest }, children: [] }],
    });
    expect(tree.children[0]?.document).toMatchObject({
      kind: "manifest",
      layers: [{ digest: image.layers[0]?.digest }],
    });
    expect(transport.calls).toEqual(["open", "end"]);
  });

  test("the first fault is thrown", async () => {
    const transport = fakeTransport({ ...serve([index]), [`${BASE}/manifests/${image.manifest.digest}`]: page(index) });
    await expect(inspect(vantageOf(transport), jobOf(), () => undefined, NEVER)).rejects.toMatchObject({
      code: "E_MISMATCH",
    } satisfies Partial<Tofu3Error>);
    expect(transport.calls).toEqual(["open", "end"]);
  });
});
