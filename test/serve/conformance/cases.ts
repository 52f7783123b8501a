import type { Question } from "../../lab/answer.ts";
import { digestOf, DOCKER_MANIFEST, OCI_MANIFEST, type Blob } from "../../lab/image.ts";
import { ALL_TYPES, INVALID_TAG, NAME, TAGS, type Content } from "./content.ts";
import type { Facts } from "./facts.ts";

/** One question, and what the specification, or its suite, wants to be answered. */
export interface Case extends Question {
  readonly name: string;
  /** Below `/v2/`. */
  readonly path: string;
  readonly wants: Partial<Facts>;
  /** Where docker-registry answers differently on purpose: what it says, and why the gate does not. */
  readonly differs?: { readonly registry: Partial<Facts>; readonly because: string };
}

const accept = (types: string): Pick<Question, "headers"> => ({ headers: { accept: types } });
const manifest = (reference: string): string => `${NAME}/manifests/${reference}`;
const blob = (digest: string): string => `${NAME}/blobs/${digest}`;

function contentOf({ mediaType, digest, size, bytes }: Blob): Partial<Facts> {
  return { type: mediaType, digest, length: String(size), body: digestOf(bytes) };
}

function whole(each: Blob): Partial<Facts> {
  return { status: 200, ...contentOf(each) };
}

function opaque(each: Blob): Partial<Facts> {
  return { ...whole(each), type: "application/octet-stream", acceptRanges: "bytes" };
}

const headOf = (facts: Partial<Facts>): Partial<Facts> => ({ ...facts, body: null });

/** 01_pull_test.go of the distribution specification 1.1: 4 + 8 + 1 cases, by their names there. */
export function pullCases({ image, other, dummy }: Content): readonly Case[] {
  const oci = accept(OCI_MANIFEST);
  const { config, manifest: first } = image;
  const second = other.manifest;
  const nowhere = "docker-registry has no route for such a tag, so its 404 is not one of a registry";
  const get = [
    { name: "GET nonexistent blob", path: blob(dummy), wants: { status: 404, code: "BLOB_UNKNOWN" } },
    { name: "GET request to existing blob URL", path: blob(config.digest), wants: opaque(config) },
  ];
  const head = [
    { name: "HEAD request to nonexistent blob", path: blob(dummy), wants: { status: 404 } },
    { name: "HEAD request to existing blob", path: blob(config.digest), wants: headOf(opaque(config)) },
    {
      name: "HEAD request to nonexistent manifest",
      path: manifest(INVALID_TAG),
      wants: { status: 404 },
      differs: { registry: { type: "text/plain" }, because: nowhere },
    },
    {
      name: "HEAD request to manifest[0] path (digest)",
      path: manifest(first.digest),
      wants: headOf(whole(first)),
      ...oci,
    },
    {
      name: "HEAD request to manifest[1] path (digest)",
      path: manifest(second.digest),
      wants: headOf(whole(second)),
      ...oci,
    },
    { name: "HEAD request to manifest path (tag)", path: manifest("test0"), wants: headOf(whole(first)), ...oci },
  ];
  return [
    ...get,
    ...head.map((each) => ({ ...each, method: "HEAD" })),
    {
      name: "GET nonexistent manifest",
      path: manifest(INVALID_TAG),
      wants: { status: 404, code: "MANIFEST_UNKNOWN" },
      differs: { registry: { type: "text/plain", code: null }, because: nowhere },
    },
    { name: "GET request to manifest[0] path (digest)", path: manifest(first.digest), wants: whole(first), ...oci },
    { name: "GET request to manifest[1] path (digest)", path: manifest(second.digest), wants: whole(second), ...oci },
    { name: "GET request to manifest path (tag)", path: manifest("test0"), wants: whole(first), ...oci },
    {
      name: "400 response body should contain OCI-conforming JSON message",
      method: "PUT",
      path: manifest("sha256:totallywrong"),
      headers: { "content-type": OCI_MANIFEST },
      body: "blablabla",
      wants: { status: 400, code: "DIGEST_INVALID" },
      differs: {
        registry: { code: "MANIFEST_INVALID" },
        because: "the gate is read-only, and looks at the name alone",
      },
    },
  ];
}

/** "Pulling blobs": ranges as RFC 9110 §14 has them. */
export function rangeCases({ image }: Content): readonly Case[] {
  const layer = image.layers[0] ?? image.config;
  const { digest, size, bytes } = layer;
  const path = blob(digest);
  const all = opaque(layer);
  const part = (first: number, last: number): Partial<Facts> => ({
    ...all,
    status: 206,
    length: String(last - first + 1),
    range: `bytes ${first}-${last}/${size}`,
    body: digestOf(bytes.subarray(first, last + 1)),
  });
  const none: Partial<Facts> = { status: 416, type: "application/json", range: `bytes */${size}` };
  const noJson = {
    registry: { type: "text/plain", code: null },
    because: "docker-registry leaves this to Go's file server, which knows no error codes",
  };
  const asked = (name: string, range: string, wants: Partial<Facts>, more: object = {}): Case => ({
    name,
    path,
    headers: { range, ...more },
    wants,
  });
  const unreadable = "a range that cannot be read may be ignored (RFC 9110 §14.2), and a download then goes on";
  const refused = { registry: { status: 416 }, because: unreadable };
  return [
    asked("the first bytes", "bytes=0-9", part(0, 9)),
    asked("one byte", "bytes=7-7", part(7, 7)),
    asked("from the middle to the end", "bytes=2000-", part(2000, size - 1)),
    asked("the last bytes", "bytes=-100", part(size - 100, size - 1)),
    asked("more than there is", "bytes=100-99999999", part(100, size - 1)),
    asked("a longer end than there is", "bytes=-99999999", part(0, size - 1)),
    asked("all of it", `bytes=0-${size - 1}`, part(0, size - 1)),
    { ...asked("after the end", `bytes=${size}-`, none), differs: noJson },
    { ...asked("far after the end", "bytes=99999999-", none), differs: noJson },
    asked("for this version", "bytes=0-9", part(0, 9), { "if-range": `"${digest}"` }),
    asked("for another version", "bytes=0-9", all, { "if-range": '"another"' }),
    { ...asked("backwards", "bytes=9-3", all), differs: refused },
    { ...asked("of no digits", "bytes=a-b", all), differs: refused },
    { ...asked("in another unit", "lines=1-2", all), differs: refused },
    {
      ...asked("several", "bytes=0-1,5-6", all),
      differs: {
        registry: { status: 206, type: "multipart/byteranges" },
        because: "no client of a registry asks for several, and each more is more work for one request",
      },
    },
    {
      ...asked("of a HEAD", "bytes=0-9", headOf(all)),
      method: "HEAD",
      differs: {
        registry: { status: 206, length: "10", range: `bytes 0-9/${size}` },
        because: "Range is defined for GET alone (RFC 9110 §14.2)",
      },
    },
    {
      name: "what the client has already",
      path,
      headers: { "if-none-match": `"${digest}"` },
      wants: { status: 304, etag: `"${digest}"`, body: null },
      differs: { registry: { type: null, acceptRanges: null }, because: HEADERS_OF_304 },
    },
  ];
}

const HEADERS_OF_304 = "RFC 9110 §15.4.5 wants ETag in it, and allows the others of a 200";

/** 03_discovery_test.go, and "Listing Tags". */
export function discoveryCases({ image, dummy }: Content): readonly Case[] {
  const list = (tags: readonly string[]): Partial<Facts> => ({
    status: 200,
    type: "application/json",
    tags: tags.join(" "),
  });
  const all = { tags: TAGS.join(" ") };
  const because = "docker-registry 2.8 lists all tags, whatever n and last say";
  const path = `${NAME}/tags/list`;
  const next = (query: string): string => `</v2/${path}?${query}>; rel="next"`;
  const page = (query: string, tags: readonly string[], link: string | null): Case => ({
    name: `GET tags with ${query}`,
    path: `${path}?${query}`,
    wants: { ...list(tags), link },
    differs: { registry: { ...all, ...(link === null ? {} : { link: null }) }, because },
  });
  const referrers = {
    registry: { code: null, type: "text/plain" },
    because: "docker-registry 2.8 has no such route; both say 404, and clients look for a tag instead",
  };
  return [
    { name: "GET request to list tags", path, wants: list(TAGS) },
    page("n=4", TAGS.slice(0, 4), next("n=4&last=other")),
    page("n=4&last=other", TAGS.slice(4), null),
    page("n=3&last=other", TAGS.slice(4, 7), next("n=3&last=test2")),
    page("last=test1", TAGS.slice(6), null),
    page("last=zzz", [], null),
    { name: "GET tags with n=100", path: `${path}?n=100`, wants: list(TAGS) },
    {
      name: "GET tags of nothing",
      path: "conformance/nothing/tags/list",
      wants: { status: 404, code: "NAME_UNKNOWN" },
    },
    {
      name: "GET referrers of what nobody has",
      path: `${NAME}/referrers/${dummy}`,
      wants: { status: 404 },
      differs: referrers,
    },
    {
      name: "GET referrers of a manifest",
      path: `${NAME}/referrers/${image.manifest.digest}`,
      wants: { status: 404 },
      differs: referrers,
    },
  ];
}

/** What else clients do on the pull side. */
export function otherCases(content: Content): readonly Case[] {
  const { image, docker, index, list, dummy } = content;
  const anyType = "the gate has the bytes that were agreed on, and makes no others of them, whatever Accept says";
  const readOnly = (registry: Partial<Facts>) => ({ registry, because: "the gate is read-only" });
  const denied: Partial<Facts> = { status: 405, code: "UNSUPPORTED" };
  return [
    { name: "GET /v2/", path: "", wants: { status: 200, type: "application/json", length: "2" } },
    { name: "HEAD /v2/", method: "HEAD", path: "", wants: { status: 200 } },
    { name: "an index by tag", path: manifest("index"), wants: whole(index), ...accept(ALL_TYPES) },
    { name: "a manifest list by tag", path: manifest("list"), wants: whole(list), ...accept(ALL_TYPES) },
    { name: "a Docker manifest by tag", path: manifest("docker"), wants: whole(docker.manifest), ...accept(ALL_TYPES) },
    {
      name: "a manifest that the client has already",
      path: manifest("test1"),
      headers: { accept: OCI_MANIFEST, "if-none-match": `"${image.manifest.digest}"` },
      wants: { status: 304, etag: `"${image.manifest.digest}"` },
      differs: { registry: { type: null, digest: null, etag: null }, because: HEADERS_OF_304 },
    },
    {
      name: "an OCI manifest for those who say that they take no such",
      path: manifest(image.manifest.digest),
      wants: whole(image.manifest),
      ...accept("application/json"),
      differs: { registry: { status: 404, code: "MANIFEST_UNKNOWN" }, because: anyType },
    },
    {
      name: "a manifest list for those who take only manifests",
      path: manifest("list"),
      wants: whole(list),
      ...accept(DOCKER_MANIFEST),
      differs: {
        registry: { ...contentOf(docker.manifest), etag: `"${docker.manifest.digest}"` },
        because: anyType,
      },
    },
    {
      name: "a manifest as a blob",
      path: blob(image.manifest.digest),
      wants: { ...whole(image.manifest) },
      differs: {
        registry: { status: 404, code: "BLOB_UNKNOWN" },
        because: "whoever may have a document may have its bytes, by whichever path",
      },
    },
    {
      name: "a manifest of another repository",
      path: `conformance/nothing/manifests/${image.manifest.digest}`,
      wants: { status: 404, code: "MANIFEST_UNKNOWN" },
    },
    {
      name: "a blob of another repository",
      path: `conformance/nothing/blobs/${image.config.digest}`,
      wants: { status: 404, code: "BLOB_UNKNOWN" },
    },
    { name: "a tag that nobody has", path: manifest("nobody"), wants: { status: 404, code: "MANIFEST_UNKNOWN" } },
    { name: "a digest that nobody has", path: manifest(dummy), wants: { status: 404, code: "MANIFEST_UNKNOWN" } },
    { name: "no digest", path: blob("sha256:totallywrong"), wants: { status: 400, code: "DIGEST_INVALID" } },
    {
      name: "no algorithm that there is",
      path: blob(`md5:${"0".repeat(32)}`),
      wants: { status: 400, code: "DIGEST_INVALID" },
    },
    {
      name: "upper case",
      path: "Conformance/manifests/1",
      wants: { status: 400, code: "NAME_INVALID" },
      differs: { registry: { status: 404, code: null }, because: "docker-registry has no route for such a name" },
    },
    {
      name: "an upload",
      method: "POST",
      path: `${NAME}/blobs/uploads/`,
      wants: denied,
      differs: readOnly({ status: 202 }),
    },
    {
      name: "a manifest that is pushed",
      method: "PUT",
      path: manifest("new"),
      headers: { "content-type": OCI_MANIFEST },
      body: image.manifest.bytes,
      wants: denied,
      differs: readOnly({ status: 201 }),
    },
    {
      name: "a blob that is deleted",
      method: "DELETE",
      path: blob(dummy),
      wants: denied,
      differs: readOnly({ status: 404 }),
    },
    {
      name: "a manifest that is deleted",
      method: "DELETE",
      path: manifest(dummy),
      wants: denied,
      differs: readOnly({ status: 404 }),
    },
    {
      name: "the catalog",
      path: "_catalog",
      wants: { status: 404, code: "UNSUPPORTED" },
      differs: {
        registry: { status: 200, code: null },
        because: "the repositories are those of the upstreams, which keep no list for everybody",
      },
    },
  ];
}
