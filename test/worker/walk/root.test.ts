import { describe, expect, test } from "vitest";
import { judge } from "../../../src/consensus/judge.ts";
import { Tofu3Error } from "../../../src/errors.ts";
import type { ImageJob } from "../../../src/model/job.ts";
import type { Observation } from "../../../src/model/observation.ts";
import { ACCEPT, OCI_MANIFEST } from "../../../src/oci/mediatype.ts";
import { parsePlatform } from "../../../src/oci/platform.ts";
import { fakeTransport, type FakeTransport, type Reply, type Routes } from "../faketransport.ts";
import { BASE, descriptor, imageFor, indexOf, jobOf, look, page, serve, thing } from "../fixtures.ts";

const amd = imageFor("linux/amd64", "amd layer");
const arm = imageFor("linux/arm64", "arm layer");
const inner = indexOf([descriptor(arm.manifest)]);
const blob = thing("application/vnd.example.cache", "a blob in an index");
const index = indexOf([descriptor(amd.manifest), descriptor(arm.manifest)]);
const AMD = `${BASE}/manifests/${amd.manifest.digest}`;
const ARM = `${BASE}/manifests/${arm.manifest.digest}`;
const GONE: Reply = { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' };

const atRoot: ImageJob = { ...jobOf(), depth: "root" };

function asked(transport: FakeTransport): string[] {
  return transport.asked.map(({ method, url }) => `${method} ${url.slice(BASE.length)}`).sort();
}

async function seenBy(routes: Routes, job = atRoot): Promise<{ seen: Observation; transport: FakeTransport }> {
  const transport = fakeTransport({
    ...serve([index]),
    [AMD]: page(amd.manifest),
    [ARM]: page(arm.manifest),
    ...routes,
  });
  return { seen: await look(transport, { job }), transport };
}

function three(...seen: readonly [Observation, Observation, Observation]): Observation[] {
  return seen.map((each, at) => ({ ...each, worker: `w${at}` }));
}

describe("a job of depth root", () => {
  test("reads the root, and asks by HEAD whether the entries of the index exist", async () => {
    const { seen, transport } = await seenBy({});
    expect(seen).toMatchObject({ outcome: "saw", error: null, digest: index.digest });
    expect(seen.objects.map((each) => each.digest)).toEqual([index.digest]);
    expect(asked(transport)).toEqual(
      [`GET /manifests/1`, `HEAD /manifests/${amd.manifest.digest}`, `HEAD /manifests/${arm.manifest.digest}`].sort(),
    );
    expect(transport.asked.every(({ headers }) => headers["accept"] === ACCEPT)).toBe(true);
  });

  test("asks for nothing below a manifest", async () => {
    const transport = fakeTransport(serve([amd.manifest]));
    const seen = await look(transport, { job: atRoot });
    expect(seen).toMatchObject({ outcome: "saw", error: null, digest: amd.manifest.digest });
    expect(asked(transport)).toEqual(["GET /manifests/1"]);
  });

  test("selects nothing", async () => {
    const selection = { platform: parsePlatform("linux/s390x"), osVersion: null, bottle: null };
    const { seen, transport } = await seenBy({}, { ...atRoot, selection });
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(transport.asked).toHaveLength(3);
  });

  test("asks once for what is listed several times, and does not look into an index below", async () => {
    const outer = indexOf([
      descriptor(inner),
      descriptor(amd.manifest),
      descriptor(amd.manifest, { annotations: { a: "b" } }),
    ]);
    const transport = fakeTransport({
      ...serve([outer]),
      [AMD]: page(amd.manifest),
      [`${BASE}/manifests/${inner.digest}`]: page(inner),
    });
    expect(await look(transport, { job: atRoot })).toMatchObject({ outcome: "saw", error: null });
    expect(asked(transport)).toEqual(
      ["GET /manifests/1", `HEAD /manifests/${inner.digest}`, `HEAD /manifests/${amd.manifest.digest}`].sort(),
    );
  });

  test.each<{ what: string; head: Reply }>([
    { what: "405", head: { status: 405 } },
    { what: "404", head: { status: 404 } },
    { what: "429", head: { status: 429 } },
    { what: "503", head: { status: 503 } },
    { what: "204", head: { status: 204 } },
    { what: "another type", head: { headers: { "content-type": "text/html" } } },
    { what: "two types", head: { headers: { "content-type": [OCI_MANIFEST, "text/html"] } } },
    { what: "a redirect that leads nowhere", head: { status: 307, headers: { location: "http://[" } } },
    { what: "a fault", head: { fault: new Tofu3Error("E_FRAMING", "no HTTP", { stage: "http" }) } },
  ])("HEAD that brings $what: GET tells, and what is there is still not seen", async ({ head }) => {
    const { seen, transport } = await seenBy({ [`HEAD ${AMD}`]: head });
    expect(seen).toMatchObject({ outcome: "saw", error: null, evidence: { unexpected: null } });
    expect(seen.objects).toHaveLength(1);
    expect(asked(transport)).toContain(`GET /manifests/${amd.manifest.digest}`);
    expect(transport.asked).toHaveLength(4);
  });

  test.each<{ what: string; head: Reply }>([
    { what: "no type", head: {} },
    { what: "its type with a parameter", head: { headers: { "content-type": `${OCI_MANIFEST}; charset=utf-8` } } },
    {
      what: "a false digest and a false length",
      head: { headers: { "content-length": "0", "docker-content-digest": "x" } },
    },
  ])("HEAD that brings 200 with $what is enough", async ({ head }) => {
    const { seen, transport } = await seenBy({ [`HEAD ${AMD}`]: head });
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(transport.asked).toHaveLength(3);
  });

  test("follows a redirect of a manifest, without its credentials", async () => {
    const elsewhere = "https://other.example/m";
    const { seen, transport } = await seenBy({
      [`HEAD ${AMD}`]: { status: 307, headers: { location: elsewhere } },
      [`HEAD ${elsewhere}`]: {},
    });
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(transport.asked.map(({ method }) => method).sort()).toEqual(["GET", "HEAD", "HEAD", "HEAD"]);
  });

  test("gets a token with its first question, and uses it for every HEAD", async () => {
    const challenge: Reply = {
      status: 401,
      headers: { "www-authenticate": 'Bearer realm="https://auth.example/t",service="s"' },
    };
    const { seen, transport } = await seenBy({
      [`${BASE}/manifests/1`]: [challenge, page(index)],
      "https://auth.example/t?service=s&scope=repository%3Aa%2Fb%3Apull": { body: '{"token":"t","expires_in":300}' },
    });
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    const heads = transport.asked.filter(({ method }) => method === "HEAD");
    expect(heads.map(({ headers }) => headers["authorization"])).toEqual(["Bearer t", "Bearer t"]);
  });

  test("a renewed token after a HEAD that is refused", async () => {
    const challenge: Reply = {
      status: 401,
      headers: { "www-authenticate": 'Bearer realm="https://auth.example/t",service="s"' },
    };
    const { seen, transport } = await seenBy({
      [`HEAD ${AMD}`]: [challenge, {}],
      "https://auth.example/t?service=s&scope=repository%3Aa%2Fb%3Apull": { body: '{"token":"t","expires_in":300}' },
    });
    expect(seen).toMatchObject({ outcome: "saw", error: null });
    expect(transport.asked).toHaveLength(5);
  });

  test("at most 32 are asked for at a time", async () => {
    const images = Array.from({ length: 100 }, (_, at) => imageFor("linux/amd64", `layer ${at}`));
    const many = indexOf(images.map(({ manifest }) => descriptor(manifest)));
    let [open, most] = [0, 0];
    const inner_ = fakeTransport(serve([many, ...images.map(({ manifest }) => manifest)]));
    const transport = {
      ...inner_,
      read: async (...query: Parameters<FakeTransport["read"]>) => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setTimeout(resolve, 1));
        return inner_.read(...query).finally(() => open--);
      },
    };
    expect(await look(transport, { job: atRoot })).toMatchObject({ outcome: "saw", error: null });
    expect(most).toBe(32);
    expect(inner_.asked).toHaveLength(101);
  });

  test("more than 10,000 entries are not asked for: E_LIMIT", async () => {
    const many = indexOf(Array.from({ length: 10_000 }, () => descriptor(amd.manifest)));
    const transport = fakeTransport(serve([many]));
    expect(await look(transport, { job: atRoot })).toMatchObject({ outcome: "failed", error: { code: "E_LIMIT" } });
    expect(transport.asked).toHaveLength(1);
  });

  test("a stop ends it with the root as what was seen", async () => {
    const stop = new AbortController();
    const transport = fakeTransport(
      { ...serve([index]), [AMD]: page(amd.manifest), [ARM]: page(arm.manifest) },
      ({ method }) => {
        if (method === "HEAD") stop.abort(new Tofu3Error("E_STOPPED", "enough"));
      },
    );
    const hung = {
      ...transport,
      read: async (...query: Parameters<FakeTransport["read"]>) => {
        const answer = await transport.read(...query);
        stop.signal.throwIfAborted();
        return answer;
      },
    };
    const seen = await look(hung, { job: atRoot, stopAll: stop.signal });
    expect(seen).toMatchObject({ outcome: "saw", digest: index.digest, error: { code: "E_STOPPED" } });
    expect(transport.asked.filter(({ method }) => method === "GET")).toHaveLength(1);
  });
});

describe("an entry that is no document", () => {
  const outer = indexOf([descriptor(blob)]);
  const at = { manifests: `${BASE}/manifests/${blob.digest}`, blobs: `${BASE}/blobs/${blob.digest}` };
  const seen = async (routes: Routes): Promise<{ observation: Observation; asked: string[] }> => {
    const transport = fakeTransport({ ...serve([outer]), [at.manifests]: GONE, [at.blobs]: GONE, ...routes });
    const observation = await look(transport, { job: atRoot });
    const ways = transport.asked.slice(1).map(({ method, url }) => `${method} ${url.split("/").at(-2) ?? ""}`);
    return { observation, asked: ways };
  };

  test.each<{ what: string; routes: Routes; asked: string[] }>([
    { what: "a manifest", routes: { [at.manifests]: { body: blob.bytes } }, asked: ["HEAD manifests"] },
    { what: "a blob", routes: { [at.blobs]: { body: blob.bytes } }, asked: ["HEAD manifests", "HEAD blobs"] },
    { what: "a blob elsewhere, which is not asked for there", routes: { [at.blobs]: { status: 307, headers: { location: "https://cdn.example/x" } } }, asked: ["HEAD manifests", "HEAD blobs"] },
    { what: "a blob of a registry without HEAD", routes: { [`HEAD ${at.blobs}`]: { status: 405 }, [at.blobs]: { body: blob.bytes } }, asked: ["HEAD manifests", "HEAD blobs", "GET manifests", "GET blobs"] },
    { what: "a large blob of a registry without HEAD", routes: { [`HEAD ${at.blobs}`]: { status: 405 }, [at.blobs]: { body: Buffer.alloc(70_000) } }, asked: ["HEAD manifests", "HEAD blobs", "GET manifests", "GET blobs"] },
  ])("is there as $what", async ({ routes, asked: ways }) => {
    const { observation, asked: all } = await seen(routes);
    expect(observation).toMatchObject({ outcome: "saw", error: null });
    expect(observation.objects).toHaveLength(1);
    expect(all).toEqual(ways);
  }); // prettier-ignore

  test("is absent once GET has said so", async () => {
    const { observation, asked: ways } = await seen({});
    expect(observation).toMatchObject({ outcome: "refused", error: { code: "E_NOT_FOUND" } });
    expect(ways).toEqual(["HEAD manifests", "HEAD blobs", "GET manifests", "GET blobs"]);
  });

  test("is other content where the bytes do not match", async () => {
    const page_ = { headers: { "content-type": "text/html" }, body: "<html>" };
    const { observation } = await seen({ [at.manifests]: page_, [at.blobs]: page_ });
    expect(observation).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
    expect(observation.objects[1]).toMatchObject({ digest: blob.digest, size: 6 });
  });
});

describe("what the judge makes of it", () => {
  const good = async (): Promise<Observation> => (await seenBy({})).seen;
  const lacking = async (): Promise<Observation> => (await seenBy({ [AMD]: GONE })).seen;

  test("all see the root, and all entries exist: agreed on the root alone", async () => {
    const withoutHead = (await seenBy({ [`HEAD ${AMD}`]: { status: 405 }, [`HEAD ${ARM}`]: { status: 405 } })).seen;
    const verdict = judge(three(await good(), withoutHead, await good()));
    expect(verdict).toMatchObject({ outcome: "agreed", root: { digest: index.digest } });
    expect("objects" in verdict && verdict.objects).toHaveLength(1);
  });

  test("an entry that no vantage finds: absent, with a root", async () => {
    const verdict = judge(three(await lacking(), await lacking(), await lacking()));
    expect(verdict).toMatchObject({ outcome: "absent", reason: { kind: "absence", root: index.digest } });
  });

  test("an entry that one vantage does not find: incomplete", async () => {
    const verdict = judge(three(await good(), await lacking(), await good()));
    expect(verdict).toMatchObject({ outcome: "incomplete", reason: { kind: "gap", workers: ["w1"] } });
  });

  test("an entry that is other content at one vantage: disagreed", async () => {
    const other = (await seenBy({ [`HEAD ${AMD}`]: { status: 405 }, [AMD]: page(arm.manifest) })).seen;
    expect(other).toMatchObject({ outcome: "saw", error: { code: "E_MISMATCH" } });
    expect(judge(three(await good(), other, await good()))).toMatchObject({ outcome: "disagreed" });
  });

  test("an entry of another kind than the index says: incomplete, and no difference", async () => {
    const lying = indexOf([
      descriptor(amd.manifest),
      { ...descriptor(arm.manifest), mediaType: "application/vnd.docker.distribution.manifest.v2+json" },
    ]);
    const seen = await look(
      fakeTransport({ ...serve([lying]), [AMD]: page(amd.manifest), [ARM]: page(arm.manifest) }),
      { job: atRoot },
    );
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_MEDIA_TYPE" } });
    expect(seen.objects).toHaveLength(1);
    expect(judge(three(seen, seen, seen))).toMatchObject({ outcome: "incomplete" });
  });
});
