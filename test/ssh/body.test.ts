import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Content } from "../../src/http/transport.ts";
import {
  BODY,
  chunk,
  CHUNKED,
  complete,
  cut,
  digestOf,
  LAST,
  refused,
  repeats,
  sends,
  whole,
  withHeaders,
  withLength,
} from "../http/bodies.ts";
import { messageOf } from "../../src/errors.ts";
import { contentQueryFor, faultOf, never, queryFor, startRawServer } from "../http/rawserver.ts";
import { sshTransportTo, startVm, targetOf, type Vm, type OnlySshJob } from "./sshlab.ts";

let vm: Vm;
let patient: OnlySshJob;
let hasty: OnlySshJob;
/** Gives a busy machine time to send more trailers than there may be. */
let calm: OnlySshJob;
beforeAll(async () => {
  vm = await startVm();
  patient = sshTransportTo(targetOf(vm), { limits: { idleSeconds: 30, connectSeconds: 30 } });
  calm = sshTransportTo(targetOf(vm), { limits: { idleSeconds: 10, connectSeconds: 30 } });
  hasty = sshTransportTo(targetOf(vm), { limits: { idleSeconds: 3, connectSeconds: 30 } });
});
afterAll(async () => {
  await patient.close();
  await hasty.close();
  await calm.close();
  expect([vm.processesOf(), vm.leftovers()]).toEqual([[], []]);
  await vm.stop();
});

/**
 * Reads and measures the same URL in every way there is: in batches, which the rows share with each other, and as a
 * stream.
 */
async function askAll(url: string, transport: OnlySshJob) {
  const counted = { small: 0, large: 0 };
  const small = contentQueryFor(url, { expectedBytes: whole, onBytes: (bytes) => void (counted.small += bytes) });
  const large = contentQueryFor(url, { expectedBytes: null, onBytes: (bytes) => void (counted.large += bytes) });
  const [page, batched, streamed] = await Promise.allSettled([
    transport.read(queryFor(url), never),
    transport.measure(small, never),
    transport.measure(large, never),
  ]);
  return { page, batched, streamed, counted };
}

function letGo(...contents: PromiseSettledResult<Content>[]): void {
  for (const content of contents) if (content.status === "fulfilled") content.value.discard?.();
}

describe.each([
  ["complete", complete],
  ["cut", cut],
  ["refused", refused],
])("%s", (_, rows) => {
  test.concurrent.each(rows)("$what: $fault", async ({ what, say, fault: toLocal, overSsh, size }) => {
    const fault = overSsh ?? toLocal;
    const liar = await startRawServer(say);
    // curl waits for what comes after a 101, and for the end of trailers that it cannot write
    const transport =
      fault?.startsWith("E_TIMEOUT") === true || what.startsWith("101") || what.endsWith("then nothing")
        ? hasty
        : what === "endless trailers"
          ? calm
          : patient;
    const { page, batched, streamed, counted } = await askAll(liar.url, transport);
    letGo(batched, streamed);
    if (fault === null) {
      expect(page).toMatchObject({ status: "fulfilled", value: { status: 200, address: "127.0.0.1" } });
      expect(page.status === "fulfilled" && Buffer.compare(page.value.body, BODY)).toBe(0);
      const good = { status: 200, size: whole, digest: digestOf(BODY), cut: null, more: null };
      expect([batched, streamed]).toMatchObject([{ value: good }, { value: good }]);
    } else {
      const [code, stage] = fault.split(" ");
      expect(page, page.status === "rejected" ? messageOf(page.reason) : "").toMatchObject({
        status: "rejected",
        reason: { name: "Tofu3Error", code, stage },
      });
      for (const content of [batched, streamed]) {
        if (stage === "http")
          expect(content).toMatchObject({ status: "rejected", reason: { name: "Tofu3Error", code, stage } });
        else expect(content).toMatchObject({ status: "fulfilled", value: { digest: null, cut: { code, stage } } });
        if (size !== undefined && overSsh === undefined && stage === "body")
          expect(content).toMatchObject({ value: { size } });
      }
      if (streamed.status === "fulfilled" && !what.includes("chunk"))
        expect(streamed.value.more === null).toBe(code === "E_TOO_LARGE" || code === "E_FRAMING");
    }
    if (batched.status === "fulfilled") expect(counted.small).toBe(batched.value.size);
    if (streamed.status === "fulfilled") expect(counted.large).toBe(streamed.value.size);
    await liar.close();
  });
});

describe("answers that are not content", () => {
  test.concurrent.each([201, 202, 203, 205, 300, 302, 307, 401, 403, 404, 416, 429, 500, 503, 999])(
    "%d: nothing is hashed",
    async (status) => {
      const server = await startRawServer(
        sends(`HTTP/1.1 ${status} X\r\nContent-Length: 9\r\nLocation: /x\r\nWWW-Authenticate: Basic\r\n\r\n{"a":"b"}`),
      );
      const { page, batched, streamed } = await askAll(server.url, patient);
      const nothing = { value: { status, size: 0, digest: null, cut: null, more: null } };
      expect([batched, streamed]).toMatchObject([nothing, nothing]);
      expect(page).toMatchObject({ value: { status } });
      expect(page.status === "fulfilled" && Buffer.from(page.value.body).toString()).toBe('{"a":"b"}');
      expect(server.requests.length).toBe(3);
      await server.close();
    },
  );

  test.concurrent.each([204, 304])("%d has no body, whatever follows", async (status) => {
    const server = await startRawServer(sends(`HTTP/1.1 ${status} X\r\n\r\n`, BODY));
    const { page, batched, streamed } = await askAll(server.url, patient);
    const nothing = { value: { status, size: 0, digest: null, cut: null } };
    expect([batched, streamed]).toMatchObject([nothing, nothing]);
    expect(page.status === "fulfilled" && page.value.body.length).toBe(0);
    await server.close();
  });

  test.concurrent.each([
    { what: "cut", say: sends("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\nhello", "FIN"), body: "hello" },
    { what: "reset", say: sends("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\nhello", "RST"), body: "hello" },
    { what: "without length", say: sends("HTTP/1.1 500 X\r\n\r\nhello", "FIN"), body: "hello" },
    { what: "stalled", say: sends("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\nhello"), body: "hello" },
    {
      what: "encoded",
      say: sends("HTTP/1.1 500 X\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"),
      body: "hello",
    },
    { what: "badly chunked", say: sends(`HTTP/1.1 500 X\r\n${CHUNKED}\r\n\r\n5\r\nhello\r\nzz\r\n`), body: "hello" },
    { what: "dripping", say: repeats(`HTTP/1.1 500 X\r\n${CHUNKED}\r\n\r\n`, "1\r\nx\r\n", 100), body: null },
    {
      what: "endless",
      say: repeats(`HTTP/1.1 500 X\r\n${CHUNKED}\r\n\r\n`, chunk(Buffer.alloc(10_000, "x"))),
      body: null,
    },
    { what: "declared too long", say: sends("HTTP/1.1 500 X\r\nContent-Length: 5000000000\r\n\r\nhello"), body: null },
  ])("an error body that is $what is taken as far as it goes", async ({ say, body }) => {
    const server = await startRawServer(say);
    const { page, batched, streamed } = await askAll(server.url, hasty);
    const nothing = { value: { status: 500, size: 0, digest: null, cut: null } };
    expect([page, batched, streamed]).toMatchObject([{ value: { status: 500 } }, nothing, nothing]);
    if (page.status === "fulfilled") {
      if (body !== null) expect(Buffer.from(page.value.body).toString()).toBe(body);
      expect(page.value.body.length).toBeLessThanOrEqual(64 * 1024);
    }
    await server.close();
  });
});

describe("the size limit", () => {
  test.concurrent.each([
    { what: "exactly as many bytes as allowed, declared", say: sends(withLength(), BODY), maxBytes: whole, code: null },
    { what: "one byte more, declared", say: sends(withLength(), BODY), maxBytes: whole - 1, code: "E_TOO_LARGE" },
    {
      what: "exactly as many, chunked",
      say: sends(withHeaders(CHUNKED), chunk(BODY), LAST),
      maxBytes: whole,
      code: null,
    },
    {
      what: "one byte more, chunked",
      say: sends(withHeaders(CHUNKED), chunk(BODY), LAST),
      maxBytes: whole - 1,
      code: "E_TOO_LARGE",
    },
    {
      what: "a length that is too large, and exactly as many bytes as allowed, then the end",
      say: sends(withLength(whole + 9), BODY, "FIN"),
      maxBytes: whole,
      code: "E_CUT",
    },
    {
      what: "a body where none is allowed",
      say: sends(withHeaders(CHUNKED), chunk(BODY), LAST),
      maxBytes: 0,
      code: "E_TOO_LARGE",
    },
    { what: "one byte where none is allowed", say: sends(withLength(1), "x"), maxBytes: 0, code: "E_TOO_LARGE" },
    { what: "none where none is allowed", say: sends(withLength(0)), maxBytes: 0, code: null },
  ])("$what", async ({ say, maxBytes, code }) => {
    const server = await startRawServer(say);
    for (const expectedBytes of [maxBytes, null]) {
      const content = await patient.measure(contentQueryFor(server.url, { maxBytes, expectedBytes }), never);
      expect([content.cut?.code ?? null, content.digest === null]).toEqual([code, code !== null]);
      if (code !== "E_CUT") expect(content.more).toBeNull();
      content.discard?.();
      expect(content.size).toBeLessThanOrEqual(maxBytes);
    }
    const read = patient.read(queryFor(server.url, { maxBytes }), never);
    if (code === null) expect((await read).body.length).toBe(maxBytes);
    else expect(await faultOf(read)).toMatchObject({ code, stage: "body" });
    await server.close();
  });
});

test("an empty body is a body", async () => {
  const server = await startRawServer((socket, _, index) =>
    socket.write(index % 2 === 0 ? withLength(0) : `${withHeaders(CHUNKED)}${LAST}`),
  );
  for (const expectedBytes of [0, 0, null, null]) {
    const content = await patient.measure(contentQueryFor(server.url, { maxBytes: 0, expectedBytes }), never);
    expect(content).toMatchObject({ size: 0, digest: digestOf(Buffer.alloc(0)), cut: null });
  }
  await server.close();
});

test("sha512 is computed when it is asked for, in a batch beside sha256", async () => {
  const server = await startRawServer(sends(withLength(), BODY));
  const digests = await Promise.all(
    (["sha512", "sha256"] as const).flatMap((algorithm) =>
      [whole, null].map(
        async (expectedBytes) =>
          (await patient.measure(contentQueryFor(server.url, { algorithm, expectedBytes }), never)).digest,
      ),
    ),
  );
  const sha512 = `sha512:${createHash("sha512").update(BODY).digest("hex")}`;
  expect(digests).toEqual([sha512, sha512, digestOf(BODY), digestOf(BODY)]);
  await server.close();
});

test("headers keep their order, their repetitions and their bytes; names are lower case", async () => {
  const server = await startRawServer(
    sends(withLength(0, "LINK: a\r\nX-Odd:  \u00e9\u00ff \r\nLink: b\r\nSet-Cookie:\r\n")),
  );
  const { headers } = await patient.read(queryFor(server.url), never);
  expect(headers).toEqual([
    ["content-length", "0"],
    ["link", "a"],
    ["x-odd", "\u00c3\u00a9\u00c3\u00bf"],
    ["link", "b"],
    ["set-cookie", ""],
  ]);
  await server.close();
});
