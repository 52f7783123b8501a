import { describe, expect, test } from "vitest";
import type { SeenCertificate } from "../../../src/http/transport.ts";
import type { Notes } from "../../../src/model/observation.ts";
import { fakeTransport, type Reply, type Routes } from "../faketransport.ts";
import { BASE, imageFor, look, page, serve } from "../fixtures.ts";

/** What an observation says of the way there. */

const { manifest, config, layers, all } = imageFor("linux/amd64", "layer one", "layer two");
const ROOT = `${BASE}/manifests/1`;
const blob = (digest: string | undefined): string => `${BASE}/blobs/${digest ?? ""}`;
const HTML: Reply = { headers: { "content-type": "text/html" }, body: "<html>\u202e\u001b[2JLog in</html>" };
const SHOWN = "<html>\\u{202e}\\u{1b}[2JLog in</html>";
const REALM = "https://auth.example/token";
const CHALLENGE = { "www-authenticate": `Bearer realm="${REALM}"` };
const TOKEN = "a-token-that-nobody-may-see";
const WHOLE = `${REALM}?scope=repository%3Aa%2Fb%3Apull`;

async function notesFor(routes: Routes): Promise<Notes> {
  return (await look(fakeTransport({ ...serve([manifest, ...all]), ...routes }))).evidence;
}

const certificate = (name: string): SeenCertificate => ({
  version: "TLSv1.3",
  subject: `CN=${name}`,
  issuer: "CN=authority",
  validFrom: "2026-01-01T00:00:00.000Z",
  validTo: "2026-02-01T00:00:00.000Z",
  spki: "0".repeat(64),
});

describe("certificates", () => {
  test("the first of each host, the token service's and the storage's too, by host", async () => {
    const cdn = "https://cdn.example:8443/x?Signature=s";
    const notes = await notesFor({
      [ROOT]: [{ status: 401, headers: CHALLENGE, certificate: certificate("one") }, page(manifest)],
      [WHOLE]: { body: JSON.stringify({ token: TOKEN }), certificate: certificate("token") },
      [blob(config.digest)]: { body: config.bytes, certificate: certificate("another") },
      [blob(layers[0]?.digest)]: { status: 307, headers: { location: cdn } },
      [cdn]: { body: layers[0]?.bytes ?? "", certificate: certificate("cdn") },
    });
    expect(notes.certificates).toEqual([
      { host: "auth.example", ...certificate("token") },
      { host: "cdn.example:8443", ...certificate("cdn") },
      { host: "registry.example", ...certificate("one") },
    ]);
    expect(notes.redirects).toEqual([{ from: blob(layers[0]?.digest), to: "https://cdn.example:8443/x", status: 307 }]);
  });
});

describe("the root's answer", () => {
  test("its date, validators and cache, and the version of HTTP; nothing of other answers, and no other header", async () => {
    const headers = {
      etag: `"${"e".repeat(300)}"`,
      date: "Thu, 26 Nov 2026 22:00:00 GMT",
      "last-modified": "Thu, 26 Nov 2026 21:00:00 GMT",
      age: "12",
      via: ["1.1 a", "1.1 b\u001b", "1.1 a"],
      "x-cache": "Hit from cloudfront",
      "x-amz-cf-pop": "FRA56-P1",
      "cf-ray": "8e9f-FRA",
      "set-cookie": "secret=1",
      "ratelimit-remaining": "76;w=21600",
    };
    const notes = await notesFor({
      [ROOT]: { ...page(manifest, headers), httpVersion: "1.0" },
      [blob(config.digest)]: { body: config.bytes, headers: { age: "99", server: "other" }, httpVersion: "1.1" },
    });
    expect(notes.httpVersion).toBe("1.0");
    expect(notes.headers).toEqual([
      "age: 12",
      "cf-ray: 8e9f-FRA",
      "date: Thu, 26 Nov 2026 22:00:00 GMT",
      `etag: "${"e".repeat(199)}…`,
      "last-modified: Thu, 26 Nov 2026 21:00:00 GMT",
      "ratelimit-remaining: 76;w=21600",
      "via: 1.1 a, 1.1 b\\u{1b}",
      "x-amz-cf-pop: FRA56-P1",
      "x-cache: Hit from cloudfront",
    ]);
    expect(notes.clockOffsetMs).toBe(2000);
  });

  test("of a refusal too: a box on the way may have answered", async () => {
    const refusal = { status: 403, headers: { via: "1.1 box", "content-type": "text/html" }, body: "no" };
    expect(await notesFor({ [ROOT]: refusal })).toMatchObject({
      headers: ["via: 1.1 box"],
      unexpected: { url: ROOT, status: 403, contentType: "text/html", head: "no" },
    });
  });
});

describe("an unexpected answer", () => {
  test("there is none where all is well, with redirects and a challenge", async () => {
    const notes = await notesFor({
      [ROOT]: [{ status: 401, headers: CHALLENGE, body: "{}" }, page(manifest)],
      [WHOLE]: { body: JSON.stringify({ token: TOKEN }) },
      [blob(config.digest)]: { status: 307, headers: { location: "https://cdn.example/c" } },
      "https://cdn.example/c": { body: config.bytes },
    });
    expect(notes.unexpected).toBeNull();
  });

  const at = (url: string, status: number, head: string, contentType: string | null = "text/html") => ({
    url,
    status,
    contentType,
    head,
  });
  const cdn = "https://cdn.example/c";
  const toCdn = (...answers: Reply[]): Routes => ({
    [blob(config.digest)]: { status: 307, headers: { location: `${cdn}?Signature=s` } },
    [`${cdn}?Signature=s`]: answers.length === 1 ? (answers[0] as Reply) : answers,
  });
  test.each<[string, Routes, object]>([
    ["a page in place of the root", { [ROOT]: HTML }, at(ROOT, 200, SHOWN)],
    ["a page in place of a blob", { [blob(config.digest)]: HTML }, at(blob(config.digest), 200, "")],
    ["a page of the storage host", toCdn({ ...HTML, status: 404 }), at(cdn, 404, SHOWN)],
    ["a storage host that wants credentials", toCdn({ ...HTML, status: 401 }), at(cdn, 401, SHOWN)],
    [
      "a JSON error with status 200",
      { [ROOT]: { headers: { "content-type": "application/json" }, body: '{"errors":[]}' } },
      at(ROOT, 200, '{"errors":[]}', "application/json"),
    ],
    ["a 401 without a challenge", { [ROOT]: { ...HTML, status: 401 } }, at(ROOT, 401, SHOWN)],
    ["a 503 that was repaired", { [ROOT]: [{ ...HTML, status: 503 }, page(manifest)] }, at(ROOT, 503, SHOWN)],
    ["an empty answer", { [ROOT]: { status: 204 } }, at(ROOT, 204, "", null)],
    [
      "bytes that are cut within a letter",
      { [ROOT]: { status: 418, body: `${"x".repeat(99)}é` } },
      at(ROOT, 418, `${"x".repeat(99)}\ufffd`, null),
    ],
  ])("%s", async (_, routes, unexpected) => expect((await notesFor(routes)).unexpected).toEqual(unexpected));

  test("the first one counts", async () => {
    const routes = {
      [blob(config.digest)]: { ...HTML, status: 404 },
      [ROOT]: [{ status: 502, body: "x" }, page(manifest)],
    };
    expect((await notesFor(routes)).unexpected).toMatchObject({ url: ROOT, status: 502 });
  });

  test.each<[string, Reply]>([
    ["a page", { ...HTML, body: `<html>token=${TOKEN}` }],
    ["an error with the token in it", { status: 403, headers: { "content-type": "text/html" }, body: TOKEN }],
    ["no token", { headers: { "content-type": "text/html" }, body: JSON.stringify({ refresh_token: TOKEN }) }],
  ])("of a token service that answers with %s no body is noted", async (_, reply) => {
    const notes = await notesFor({ [ROOT]: { status: 401, headers: CHALLENGE }, [WHOLE]: reply });
    expect(notes.unexpected).toEqual(at(REALM, reply.status ?? 200, ""));
  });

  test.each([
    ["says it", `you sent Bearer ${TOKEN}`],
    ["says its beginning, where the body is cut", `${"x".repeat(88)}${TOKEN}`],
    ["says it in a document", `{"schemaVersion":2,"token":"${TOKEN}"}`],
  ])("a registry that repeats the token, and %s: nothing of that body is noted", async (_, body) => {
    for (const status of [200, 403, 500]) {
      const refusal = { status, headers: { "content-type": "text/html" }, body };
      const notes = await notesFor({
        [ROOT]: [{ status: 401, headers: CHALLENGE }, ...Array.from({ length: 9 }, () => refusal)],
        [WHOLE]: { body: JSON.stringify({ token: TOKEN }) },
      });
      expect(notes.unexpected).toEqual(at(ROOT, status, ""));
    }
  });
});
