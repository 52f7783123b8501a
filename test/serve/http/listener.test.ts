import { beforeAll, describe, expect, test } from "vitest";
import { defaultServe, type ServeConfig } from "../../../src/config/serve.ts";
import { digestOf, makeImage, type Image } from "../../lab/image.ts";
import { relay } from "../../lab/liar-relay.ts";
import { until } from "../../lab/processes.ts";
import { pushBlob, pushExactly, pushIndex, type Pushed } from "../../lab/push.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { startSshd, type Sshd } from "../../lab/sshd.ts";
import { useLab } from "../../lab/uselab.ts";
import { openWay, type Way, type WayOptions } from "../gate/ground.ts";
import { ask, open, openDoor, type Door } from "./door.ts";

const lab = useLab();
let vms: [Sshd, Sshd];
let registry: Registry;
let way: Way;
let door: Door;
let image: Image;
let index: Pushed;

function configOf(change: Partial<ServeConfig> = {}): ServeConfig {
  return { ...defaultServe(), upstreams: new Map([[registry.host, { isPrivate: true }]]), ...change };
}

async function newWay(options: Partial<WayOptions> = {}): Promise<Way> {
  return lab(openWay({ vms, registry, ...options }));
}

beforeAll(async () => {
  vms = [await lab(startSshd()), await lab(startSshd())];
  registry = await lab(startRegistry());
  image = makeImage({ layers: [200_000, 1000] });
  await pushExactly(registry, "lib/app", "1", image);
  index = await pushIndex(registry, {
    name: "lib/app",
    tag: "multi",
    platforms: [
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm64" },
    ],
  });
  way = await newWay();
  door = await lab(openDoor(way, { config: configOf() }));
});

const path = (rest: string): string => `/v2/${registry.host}/lib/app/${rest}`;

describe("what was agreed on", () => {
  test("a tag, with the headers of the specification", async () => {
    const { status, headers, body } = await ask(door.port, path("manifests/1"));
    expect(status).toBe(200);
    expect(body.equals(image.manifest.bytes)).toBe(true);
    expect(headers).toMatchObject({
      "content-type": image.manifest.mediaType,
      "content-length": String(image.manifest.size),
      "docker-content-digest": image.manifest.digest,
      etag: `"${image.manifest.digest}"`,
      "docker-distribution-api-version": "registry/2.0",
    });
    expect(headers).not.toHaveProperty("oci-namespace");
  });

  test("HEAD has the same headers, and no body", async () => {
    const get = await ask(door.port, path("manifests/1"));
    const head = await ask(door.port, path("manifests/1"), { method: "HEAD" });
    expect(head.body.length).toBe(0);
    const others = Object.entries(get.headers).filter(([name]) => !["date", "connection", "keep-alive"].includes(name));
    expect(head.headers).toMatchObject(Object.fromEntries(others));
  });

  test("an index, a manifest of it, and whatever Accept says, its own bytes", async () => {
    const accept = { accept: "application/vnd.docker.distribution.manifest.v2+json" };
    const found = await ask(door.port, path("manifests/multi"), { headers: accept });
    expect(found.body.equals(index.index.bytes)).toBe(true);
    const [amd64] = index.images;
    const manifest = await ask(door.port, path(`manifests/${amd64?.manifest.digest}`));
    expect(digestOf(manifest.body)).toBe(amd64?.manifest.digest);
  });

  test("?ns= names the upstream, and the answer says so", async () => {
    const { status, headers } = await ask(door.port, `/v2/lib/app/manifests/1?ns=${registry.host}`);
    expect([status, headers["oci-namespace"]]).toEqual([200, registry.host]);
  });

  test("a blob, whole and in parts, as docker-registry gives it", async () => {
    const blob = image.layers[0];
    if (blob === undefined) throw new Error("no layer");
    const { port } = new URL(registry.url);
    for (const range of [undefined, "bytes=0-0", "bytes=100-199", "bytes=-7", "bytes=5-"]) {
      const headers = range === undefined ? {} : { range };
      const ours = await ask(door.port, path(`blobs/${blob.digest}`), { headers });
      const theirs = await ask(Number(port), `/v2/lib/app/blobs/${blob.digest}`, { headers });
      expect([range, ours.status, digestOf(ours.body)]).toEqual([range, theirs.status, digestOf(theirs.body)]);
      for (const name of ["content-length", "content-range", "accept-ranges", "docker-content-digest", "content-type"])
        expect([name, ours.headers[name]]).toEqual([name, theirs.headers[name]]);
    }
  });

  test("a range after the end, one for other bytes, and what a client has already", async () => {
    const blob = path(`blobs/${image.config.digest}`);
    const after = await ask(door.port, blob, { headers: { range: "bytes=999999-" } });
    expect([after.status, after.headers["content-range"]]).toEqual([416, `bytes */${image.config.size}`]);
    const other = await ask(door.port, blob, { headers: { range: "bytes=0-0", "if-range": '"other"' } });
    expect([other.status, other.body.length]).toEqual([200, image.config.size]);
    const same = await ask(door.port, blob, { headers: { "if-none-match": `"${image.config.digest}"` } });
    expect([same.status, same.body.length, same.headers.etag]).toEqual([304, 0, `"${image.config.digest}"`]);
  });

  test("the tags that all vantages list, by pages", async () => {
    const first = await ask(door.port, path("tags/list?n=1"));
    expect(JSON.parse(first.body.toString())).toEqual({ name: "lib/app", tags: ["1"] });
    const [, next = ""] = /^<(.+)>; rel="next"$/.exec(String(first.headers["link"])) ?? [];
    expect(JSON.parse((await ask(door.port, next)).body.toString())).toMatchObject({ tags: ["multi"] });
  });

  test("a default upstream of the listener", async () => {
    const other = await lab(openDoor(way, { config: configOf(), upstream: registry.host }));
    expect((await ask(other.port, "/v2/lib/app/manifests/1")).status).toBe(200);
    expect((await ask(door.port, "/v2/lib/app/manifests/1")).status).toBe(400);
  });

  test("what a client says of itself reaches no upstream", async () => {
    const fresh = await newWay();
    const other = await lab(openDoor(fresh, { config: configOf() }));
    const headers = {
      authorization: `Basic ${Buffer.from("me:s3cret").toString("base64")}`,
      cookie: "session=s3cret",
      "x-registry-auth": "s3cret",
    };
    expect((await ask(other.port, path("manifests/1"), { headers })).status).toBe(200);
    expect((await ask(other.port, path(`blobs/${image.config.digest}`), { headers })).status).toBe(200);
    expect(fresh.liar.requests.length).toBeGreaterThan(0);
    expect(JSON.stringify(fresh.liar.requests)).not.toMatch(/s3cret|czNjcmV0|authorization|cookie/i);
  });

  test("is a line of the log and a count", () => {
    expect(door.log.join("\n")).toMatch(
      /^info GET \S+\/manifests\/1 200 \{"client":"127.0.0.1","status":200,"bytes":\d+/m,
    );
    expect(door.counted).toContain(`${registry.host} manifest 200`);
    expect(door.counted).toContain("bytes 100");
  });
});

describe("what was not", () => {
  test("nobody has it", async () => {
    const tag = await ask(door.port, path("manifests/none"));
    expect([tag.status, tag.body.toString()]).toEqual([404, expect.stringContaining("MANIFEST_UNKNOWN")]);
    const blob = await ask(door.port, path(`blobs/sha256:${"0".repeat(64)}`));
    expect([blob.status, blob.body.toString()]).toEqual([404, expect.stringContaining("BLOB_UNKNOWN")]);
  });

  test("an upstream that is not listed, under a label that is no client's", async () => {
    const { status, reason } = await ask(door.port, "/v2/evil.example/a/manifests/1");
    expect([status, reason]).toEqual([403, expect.stringMatching(/^tofu3 unlisted: evil\.example /)]);
    expect(door.counted).toContain("other manifest 403");
    expect(door.counted.join("\n")).not.toContain("evil");
  });

  test("a disagreement is told in the reason phrase and in the error", async () => {
    const split = await newWay();
    const other = makeImage({ layers: [10] }).manifest;
    split.liar.lie("sgp", "/v2/lib/app/manifests/1", {
      status: 200,
      headers: { "content-type": other.mediaType },
      body: other.bytes,
    });
    const bad = await lab(openDoor(split, { config: configOf() }));
    const { status, reason, body } = await ask(bad.port, path("manifests/1"));
    expect([status, reason]).toEqual([403, expect.stringMatching(/^tofu3 disagreed: .*sgp/)]);
    expect(JSON.parse(body.toString())).toMatchObject({
      errors: [{ code: "DENIED", detail: { outcome: "disagreed" } }],
    });
    const head = await ask(bad.port, path("manifests/1"), { method: "HEAD" });
    expect([head.status, head.body.length]).toEqual([403, 0]);
    // by now it also says how to clear it
    expect(head.reason.startsWith(reason)).toBe(true);
  });

  test("a refusal of a read is no reason to answer a write", async () => {
    const { status, headers } = await ask(door.port, path("blobs/uploads/"), { method: "POST" });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
  });
});

describe("a blob whose verdict takes longer than a client waits", () => {
  /** A gate whose vantages hold the layer back until `letGo`. */
  async function slowly(last: "true" | "false") {
    const slow = await newWay({ serve: { answerWithin: 1 } });
    const big = makeImage({ layers: [5_000_000] });
    const layer = big.layers[0];
    if (layer === undefined) throw new Error("no layer");
    await pushExactly(registry, `slow/${last}`, "1", big);
    let letGo: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (letGo = resolve));
    const place = `/v2/slow/${last}/blobs/${layer.digest}`;
    slow.liar.lie("fra", place, async (request) => {
      await gone;
      return last === "true" ? relay(request) : { status: 200, headers: {}, body: Buffer.alloc(layer.size, 1) };
    });
    const there = await lab(openDoor(slow, { config: configOf() }));
    const manifest = `/v2/${registry.host}/slow/${last}/manifests/1`;
    // a busy machine needs more than that second for it
    await until("the manifest", async () => ((await ask(there.port, manifest)).status === 200 ? true : undefined));
    return { there, layer, place: `/v2/${registry.host}/slow/${last}/blobs/${layer.digest}`, letGo };
  }

  const line = (place: string, port: number): string => `GET ${place} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;

  test("has its headers at once, no byte before the verdict, and all of them after it", async () => {
    const { there, layer, place, letGo } = await slowly("true");
    const raw = await open(there.port);
    raw.socket.write(line(place, there.port));
    const head = await until("the headers", () => (raw.received().endsWith("\r\n\r\n") ? raw.received() : undefined));
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toContain(`\r\nContent-Length: ${layer.size}\r\n`);
    letGo();
    await until("the bytes", () => (raw.received().length === head.length + layer.size ? true : undefined));
    expect(digestOf(Buffer.from(raw.received().slice(head.length), "latin1"))).toBe(layer.digest);
    raw.socket.destroy();
  });

  test("is cut off by a reset if they disagree: no byte of it, and no end that looks like one", async () => {
    const { there, place, letGo } = await slowly("false");
    const raw = await open(there.port);
    raw.socket.write(line(place, there.port));
    const head = await until("the headers", () => (raw.received().endsWith("\r\n\r\n") ? raw.received() : undefined));
    letGo();
    expect(await raw.over).toBe("ECONNRESET");
    expect(raw.received()).toBe(head);
    await until("the log", () => there.log.find((each) => each.includes("cut off")));
  });

  test("a client that goes away ends its own wait only", async () => {
    const { there, layer, place, letGo } = await slowly("true");
    const raw = await open(there.port);
    raw.socket.write(line(place, there.port));
    await until("the headers", () => raw.received().endsWith("\r\n\r\n") || undefined);
    raw.socket.destroy();
    await until("it is gone", () => (there.connections.open.size === 0 ? true : undefined));
    letGo();
    const { status, body } = await ask(there.port, place);
    expect([status, digestOf(body)]).toEqual([200, layer.digest]);
  });
});

test("a client that reads slowly slows down nothing but itself, and every file is closed", async () => {
  const { readdirSync, readlinkSync } = await import("node:fs");
  const big = { ...makeImage({ layers: [40_000_000] }) };
  const layer = big.layers[0];
  if (layer === undefined) throw new Error("no layer");
  await pushBlob(registry, "lib/app", layer);
  const blob = path(`blobs/${layer.digest}`);
  expect((await ask(door.port, blob)).status).toBe(200);
  const files = (): number =>
    readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).includes(layer.digest.slice(7));
      } catch {
        return false;
      }
    }).length;
  const before = process.memoryUsage().rss;
  const readers = await Promise.all(Array.from({ length: 20 }, () => open(door.port)));
  for (const { socket } of readers) {
    socket.pause();
    socket.write(`GET ${blob} HTTP/1.1\r\nHost: 127.0.0.1:${door.port}\r\n\r\n`);
  }
  await until("all read the file", () => (files() === 20 ? true : undefined));
  expect((await ask(door.port, path("manifests/1"))).status).toBe(200);
  // not 20 times 40 MB
  expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
  for (const { socket } of readers) socket.destroy();
  await until("all files are closed", () => (files() === 0 ? true : undefined));
});
