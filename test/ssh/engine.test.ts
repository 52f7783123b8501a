import { randomBytes } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../../src/secret.ts";
import type { Content } from "../../src/http/transport.ts";
import { makeFolder } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { BODY, chunk, CHUNKED, digestOf, HALF, sends, withHeaders, withLength } from "../http/bodies.ts";
import {
  contentQueryFor,
  faultOf,
  never,
  queryFor,
  startRawServer,
  until,
  type RawServer,
  type Say,
} from "../http/rawserver.ts";
import { sleep, sshTransportTo, startVm, targetOf, type Vm, type OnlySshJob } from "./sshlab.ts";

const lab = useLab();
const whole = BODY.length;

/** Serves each path as its name says. */
const library: Say = (socket, request, index) => {
  const [, path = ""] = request.split(" ");
  const from = Number(/\r\nrange: bytes=(\d+)-/i.exec(request)?.[1] ?? Number.NaN);
  const says: Readonly<Record<string, Say>> = {
    good: sends(withLength(), BODY),
    empty: sends(withLength(0)),
    missing: sends(`HTTP/1.1 404 X\r\nContent-Length: 3000\r\n\r\n${"x".repeat(3000)}`),
    login: sends(
      `HTTP/1.1 401 X\r\nContent-Length: 30000\r\nWWW-Authenticate: Bearer realm="x"\r\n\r\n${"x".repeat(30_000)}`,
    ),
    away: sends("HTTP/1.1 307 X\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n"),
    half: sends(withLength(), HALF, "FIN"),
    rude: sends(withHeaders(CHUNKED), chunk(HALF), "FIN"),
    gone: sends("FIN"),
    document: (peer) => {
      const size = Number(/\bsize=(\d+)/.exec(path)?.[1]);
      sends(withLength(size), Buffer.alloc(size, "d"))(peer, request, index);
    },
    endless: (peer) => {
      peer.write(withHeaders(CHUNKED));
      const more = (): void => {
        while (!peer.destroyed && peer.write(chunk(BODY)));
      };
      peer.on("drain", more);
      more();
    },
    parts: (peer) => {
      const at = Number.isNaN(from) ? 0 : from;
      const head =
        at === 0
          ? withLength()
          : `HTTP/1.1 206 X\r\nContent-Range: bytes ${at}-${whole - 1}/${whole}\r\nContent-Length: ${whole - at}\r\n\r\n`;
      sends(head, BODY.subarray(at, at + 20_000), "FIN")(peer, request, index);
    },
  };
  (says[path.split("/").at(-1)?.split("?")[0] ?? ""] ?? sends("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"))(
    socket,
    request,
    index,
  );
};

let server: RawServer;
beforeAll(async () => void (server = await startRawServer(library)));
afterAll(() => server.close());

const small = (path: string, more: Parameters<typeof contentQueryFor>[1] = {}) =>
  contentQueryFor(server.url + path, { expectedBytes: whole, ...more });
const large = (path: string, more: Parameters<typeof contentQueryFor>[1] = {}) =>
  contentQueryFor(server.url + path, more);

/** A curl in front of the VM's own. `$config` is the configuration it was given. */
async function fakeCurl(lines: string): Promise<{ PATH: string }> {
  const folder = await lab(makeFolder("bin").then((each) => ({ ...each, stop: () => each.remove() })));
  const file = join(folder.path, "curl");
  await writeFile(
    file,
    `#!/bin/sh\nV() { echo "curl $1 (fake)"; exit 0; }\n${lines}\nprintf "%s" "$config" | exec /usr/bin/curl "$@"\n`,
  );
  await chmod(file, 0o755);
  return { PATH: `${folder.path}:/usr/bin:/bin` };
}
const OLD_CURL =
  'test "$2" != -V || V 7.61.1\nconfig=$(cat; echo .); config=${config%.}\ncase $config in *parallel*|*exitcode*|*stderr*) echo "curl: option unknown" >&2; exit 2;; esac';
const DYING_CURL =
  'test "$2" != -V || V 7.88.1\nconfig=$(cat; echo .); config=${config%.}\ncase $config in *parallel*) kill -9 $$;; esac';

function expectLike(contents: readonly PromiseSettledResult<Content>[]): void {
  const none = { size: 0, digest: null, cut: null, more: null };
  expect(contents).toMatchObject([
    { value: { status: 200, size: whole, digest: digestOf(BODY), cut: null } },
    { value: { status: 404, ...none } },
    { value: { status: 200, size: 0, digest: digestOf(Buffer.alloc(0)), cut: null } },
    { value: { status: 200, digest: null, cut: { code: "E_TOO_LARGE", stage: "body" } } },
    { value: { status: 200, digest: null, size: 25_000, cut: { code: "E_CUT", stage: "body" } } },
    { reason: { code: "E_CUT", stage: "http" } },
    { reason: { code: "E_CONNECT", stage: "connect" } },
    { value: { status: 307, ...none } },
    { value: { status: 401, ...none } },
    { value: { status: 200, size: whole, digest: digestOf(BODY), cut: null } },
  ]);
  for (const content of contents) if (content.status === "fulfilled") content.value.discard?.();
}
const paths = ["good", "missing", "empty", "endless", "half", "gone", "http://127.0.0.1:1/", "away", "login", "good?2"];
const at = (path: string): string => (path.startsWith("http") ? path : server.url + path);

describe.each([
  ["today's curl", null],
  ["curl 7.61, which knows neither --parallel nor %{stderr} nor %{exitcode}", OLD_CURL],
  ["a curl that is killed whenever it fetches several", DYING_CURL],
])("with %s", (_, fake) => {
  let vm: Vm;
  let transport: OnlySshJob;
  beforeAll(async () => {
    vm = await lab(startVm(fake === null ? {} : { env: await fakeCurl(fake) }));
    transport = sshTransportTo(targetOf(vm));
  });
  afterAll(async () => {
    await transport.close();
    expect([vm.processesOf(), vm.leftovers()]).toEqual([[], []]);
  });

  test("each query of a batch has its own end", async () => {
    expectLike(
      await Promise.allSettled(
        paths.map((path) =>
          transport.measure(
            contentQueryFor(at(path), { expectedBytes: whole, maxBytes: path === "login" ? 2 : 100_000 }),
            never,
          ),
        ),
      ),
    );
  });

  test("each stream has its own end", async () => {
    expectLike(
      await Promise.allSettled(
        paths.map((path) =>
          transport.measure(contentQueryFor(at(path), { maxBytes: path === "login" ? 2 : 100_000 }), never),
        ),
      ),
    );
  });

  test("each document has its own end", async () => {
    const pages = await Promise.allSettled(
      paths.map((path) => transport.read(queryFor(at(path), { maxBytes: 100_000 }), never)),
    );
    if (fake === DYING_CURL) {
      for (const page of pages) expect(page).toMatchObject({ reason: { code: "E_VM_TOOL", stage: "ssh" } });
      return;
    }
    const brief = pages.map((page) =>
      page.status === "fulfilled"
        ? `${page.value.status} ${page.value.body.length}`
        : (page.reason as { code: string }).code,
    );
    expect(brief).toEqual([
      `200 ${whole}`,
      "404 3000",
      "200 0",
      "E_TOO_LARGE",
      "E_CUT",
      "E_CUT",
      "E_CONNECT",
      "307 0",
      "401 30000",
      `200 ${whole}`,
    ]);
    expect(pages[8]).toMatchObject({
      value: {
        headers: [
          ["content-length", "30000"],
          ["www-authenticate", 'Bearer realm="x"'],
        ],
      },
    });
  });

  test("a body that is cut twice is put together", async () => {
    const counted: number[] = [];
    const query = large("parts", { onBytes: (bytes) => void counted.push(bytes) });
    const first = await transport.measure(query, never);
    expect(first).toMatchObject({ status: 200, size: 20_000, digest: null, cut: { code: "E_CUT" } });
    const rest = (from: number) =>
      queryFor(query.url, { headers: [["Range", `bytes=${from}-`]], maxBytes: whole - from });
    const second = await first.more?.(rest(20_000), never);
    expect(second).toMatchObject({ status: 206, size: 40_000, digest: null, cut: { code: "E_CUT" } });
    const third = await second?.more?.(rest(40_000), never);
    expect(third).toMatchObject({ status: 206, size: whole, digest: digestOf(BODY), cut: null, more: null });
    expect(counted.reduce((sum, each) => sum + each)).toBe(whole);
    expect(await faultOf(first.more?.(rest(20_000), never) ?? Promise.resolve())).toMatchObject({ code: "E_CUT" });
  });
});

describe("a body that was cut", () => {
  let transport: OnlySshJob;
  beforeAll(async () => void (transport = sshTransportTo(targetOf(await lab(startVm())))));
  afterAll(() => transport.close());
  const rest = () => queryFor(`${server.url}good`, { headers: [["Range", "bytes=25000-"]] });

  test("is not continued by a whole one", async () => {
    const first = await transport.measure(large("half"), never);
    expect(await first.more?.(rest(), never)).toMatchObject({ status: 200, size: 25_000, digest: null, more: null });
  });

  test("is not continued by an error page, which is not counted", async () => {
    const first = await transport.measure(large("half"), never);
    const second = await first.more?.(queryFor(`${server.url}missing`), never);
    expect(second).toMatchObject({ status: 404, size: 25_000, digest: null, cut: null, more: null });
  });

  test("cannot be continued by two at once", async () => {
    const first = await transport.measure(large("half"), never);
    const [one, other] = await Promise.allSettled([first.more?.(rest(), never), first.more?.(rest(), never)]);
    expect([one, other]).toMatchObject([{ status: "fulfilled" }, { status: "rejected", reason: { code: "E_CUT" } }]);
  });

  test("cannot be continued once it was let go of, and the shell does other work", async () => {
    const cuts = await Promise.all(Array.from({ length: 4 }, () => transport.measure(large("half"), never)));
    for (const content of [...cuts, ...cuts]) content.discard?.();
    expect(await faultOf(cuts[0]?.more?.(rest(), never) ?? Promise.resolve())).toMatchObject({ code: "E_CUT" });
    expect((await transport.measure(large("good"), never)).digest).toBe(digestOf(BODY));
  });

  test("is let go of by the abort of the query that began it", async () => {
    const stop = new AbortController();
    const cuts = await Promise.all(Array.from({ length: 4 }, () => transport.measure(large("half"), stop.signal)));
    stop.abort();
    expect((await transport.measure(large("good"), never)).digest).toBe(digestOf(BODY));
    expect(await faultOf(cuts[0]?.more?.(rest(), never) ?? Promise.resolve())).toMatchObject({ code: "E_CUT" });
  });

  test("in chunks is not continued where curl may have written more than it counts", async () => {
    const away = await startRawServer(sends(withHeaders(CHUNKED), chunk(HALF), "zz\r\n"));
    expect(await transport.measure(contentQueryFor(away.url), never)).toMatchObject({
      digest: null,
      cut: { code: "E_CUT" },
      more: null,
    });
    await away.close();
  });

  test("is let go of by close, which still ends every shell cleanly", async () => {
    const vm = await lab(startVm());
    const brief = sshTransportTo(targetOf(vm));
    const cut = await brief.measure(large("half"), never);
    await brief.close();
    expect([vm.processesOf(), vm.leftovers()]).toEqual([[], []]);
    expect(await faultOf(cut.more?.(rest(), never) ?? Promise.resolve())).toMatchObject({ code: "E_CUT" });
  });
});

describe("many queries at once", () => {
  test("500 share a few shells and curls, and nothing warns", async () => {
    const vm = await lab(startVm());
    const transport = sshTransportTo(targetOf(vm));
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", onWarning);
    const { signal } = new AbortController();
    const before = server.counts.accepted;
    const contents = await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        transport.measure(small(i % 5 === 0 ? "empty" : "good", { maxBytes: i % 5 === 0 ? 0 : whole }), signal),
      ),
    );
    for (const [i, content] of contents.entries())
      expect(content.digest).toBe(digestOf(i % 5 === 0 ? Buffer.alloc(0) : BODY));
    expect(server.counts.accepted - before).toBeLessThan(150);
    await sleep(10);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
    await transport.close();
    expect((vm.log().match(/Starting session: command/g) ?? []).length).toBeLessThanOrEqual(4);
  });

  test("many documents share the room, and the few that need more of it come once more, whole", async () => {
    const vm = await lab(startVm());
    const transport = sshTransportTo(targetOf(vm));
    const maxBytes = 4 * 1024 * 1024;
    const sizes = Array.from({ length: 200 }, (_, i) =>
      i === 50 ? 400_000 : i === 100 ? maxBytes : i === 150 ? maxBytes + 1 : 1000 + i,
    );
    const before = server.requests.length;
    const pages = await Promise.allSettled(
      sizes.map((size) => transport.read(queryFor(`${server.url}document?size=${size}`, { maxBytes }), never)),
    );
    for (const [i, page] of pages.entries()) {
      if (i === 150) expect(page).toMatchObject({ status: "rejected", reason: { code: "E_TOO_LARGE", stage: "body" } });
      else
        expect(page.status === "fulfilled" && Buffer.compare(page.value.body, Buffer.alloc(sizes[i] ?? 0, "d"))).toBe(
          0,
        );
    }
    expect(server.requests.length - before).toBe(203);
    await transport.close();
    expect([vm.processesOf(), vm.leftovers()]).toEqual([[], []]);
  });

  test("headers of one never go with another", async () => {
    const transport = sshTransportTo(targetOf(await lab(startVm())));
    const seen = server.requests.length;
    const tokens = ["one", "two", null];
    await Promise.all(
      Array.from({ length: 60 }, (_, i) => {
        const token = tokens[i % 3] ?? null;
        const headers = token === null ? [] : ([["Authorization", new Secret(`Bearer ${token}`)]] as const);
        return transport.measure(small(`good?${String(token)}`, { headers }), never);
      }),
    );
    const requests = server.requests.slice(seen);
    expect(requests.length).toBe(60);
    for (const request of requests) {
      const token = /GET \S+\?(\w+) /.exec(request)?.[1];
      expect(/authorization: Bearer (\w+)/i.exec(request)?.[1] ?? "null").toBe(token);
    }
    await transport.close();
  });

  test.each([1, 2, 3])("a VM that allows %d sessions does them all", async (sessions) => {
    const transport = sshTransportTo(targetOf(await lab(startVm({ config: [`MaxSessions ${sessions}`] }))));
    const works = [
      ...Array.from({ length: 12 }, () => transport.measure(large("good"), never)),
      transport.read(queryFor(`${server.url}good`), never),
      transport.measure(small("good"), never),
    ];
    expect((await Promise.all(works)).map(({ status }) => status)).toEqual(works.map(() => 200));
    // a shell that is ended makes room for another
    const stop = new AbortController();
    const endless = transport.measure(large("endless", { maxBytes: 2 ** 40 }), stop.signal);
    await until(() => server.requests.at(-1)?.includes("endless") === true);
    stop.abort(new Error("enough"));
    await expect(endless).rejects.toThrow("enough");
    expect((await transport.measure(large("good"), never)).digest).toBe(digestOf(BODY));
    await transport.close();
  });

  test("one bad URL spoils its own query only", async () => {
    const transport = sshTransportTo(targetOf(await lab(startVm())));
    const [bad, good] = await Promise.allSettled([
      transport.measure(small('x\n"evil'), never),
      transport.measure(small("good"), never),
    ]);
    expect([bad, good]).toMatchObject([{ reason: { code: "E_FRAMING" } }, { value: { digest: digestOf(BODY) } }]);
    await transport.close();
  });
});

/** A body of 2 MB within two seconds, on any path. */
const trickle: Say = (socket) => {
  socket.write(withLength(2_000_000));
  let sent = 0;
  const timer = setInterval(() => {
    socket.write(Buffer.alloc(100_000));
    if (++sent === 20) clearInterval(timer);
  }, 100);
  socket.once("close", () => clearInterval(timer));
};

describe("progress is told while the bytes arrive", () => {
  test.each([
    ["of a stream", null, "", 1],
    ["of a batch", 2_000_000, "", 2],
    ["of a batch of a curl without --parallel", 2_000_000, OLD_CURL, 2],
  ] as const)("%s", async (_what, expectedBytes, curl, count) => {
    const slow = await startRawServer(trickle);
    const vm = await lab(startVm(curl === "" ? {} : { env: await fakeCurl(curl) }));
    const transport = sshTransportTo(targetOf(vm));
    const counted: number[] = [];
    const query = (path: string) =>
      contentQueryFor(slow.url + path, {
        maxBytes: 2_000_000,
        expectedBytes,
        onBytes: (bytes) => void counted.push(bytes),
      });
    const contents = await Promise.all(
      Array.from({ length: count }, (_, at) => transport.measure(query(`${at}`), never)),
    );
    for (const content of contents) expect(content).toMatchObject({ size: 2_000_000, cut: null });
    expect(counted.length).toBeGreaterThanOrEqual(count + 2);
    expect(Math.min(...counted)).toBeGreaterThan(0);
    expect(counted.reduce((sum, each) => sum + each)).toBe(count * 2_000_000);
    await transport.close();
    await slow.close();
  });

  test("and taken back of what fails in the end", async () => {
    const slow = await startRawServer((socket, request, index) => {
      if (request.includes("cut")) {
        sends(withLength(), HALF)(socket, request, index);
        setTimeout(() => socket.end(), 1500);
      }
      if (!request.includes("cut")) trickle(socket, request, index);
    });
    const transport = sshTransportTo(targetOf(await lab(startVm())));
    const counted = { cut: 0, whole: 0 };
    const query = (path: "cut" | "whole", expectedBytes: number) =>
      contentQueryFor(slow.url + path, {
        expectedBytes,
        maxBytes: expectedBytes,
        onBytes: (bytes) => void (counted[path] += bytes),
      });
    const [cut, all] = await Promise.all([
      transport.measure(query("cut", whole), never),
      transport.measure(query("whole", 2_000_000), never),
    ]);
    expect(cut).toMatchObject({ size: HALF.length, cut: { code: "E_CUT" } });
    expect(all).toMatchObject({ size: 2_000_000, cut: null });
    expect(counted).toEqual({ cut: HALF.length, whole: 2_000_000 });
    await transport.close();
    await slow.close();
  });
});

describe("the life of a transport", () => {
  test("open is safe to call again, and says what the VM has", async () => {
    const vm = await lab(startVm());
    const transport = sshTransportTo(targetOf(vm));
    const [one, other] = await Promise.all([transport.open(never), transport.open(never)]);
    expect(one).toEqual(other);
    expect(one.tools).toEqual([expect.stringMatching(/^curl \d/), "openssl"]);
    const { ms, clock } = await transport.ping(never);
    expect(ms).toBeGreaterThan(0);
    expect(Math.abs((clock ?? 0) - Date.now() / 1000)).toBeLessThan(5);
    expect((await transport.probe(never)).hostKey).toBe(vm.hostKeyFingerprint);
    await transport.close();
    await transport.close();
    expect((vm.log().match(/Accepted publickey/g) ?? []).length).toBe(1);
  });

  test("close before anything is nothing", async () => {
    const transport = sshTransportTo(targetOf(await lab(startVm())));
    await transport.close();
    expect(await faultOf(transport.open(never))).toMatchObject({ code: "E_STOPPED" });
  });

  test("close ends what is under way, waiting or being opened", async () => {
    const vm = await lab(startVm());
    const transport = sshTransportTo(targetOf(vm));
    const works = Array.from({ length: 20 }, () => transport.measure(large("endless", { maxBytes: 2 ** 40 }), never));
    const ends = Promise.allSettled(works);
    await until(() => server.requests.at(-1)?.includes("endless") === true);
    await transport.close();
    for (const end of await ends) expect(end).toMatchObject({ status: "rejected", reason: { code: "E_STOPPED" } });
    await until(() => vm.processesOf().length === 0 && vm.leftovers().length === 0);
    expect(await faultOf(transport.read(queryFor(server.url), never))).toMatchObject({ code: "E_STOPPED" });
  });

  test("close while it connects", async () => {
    const vm = await lab(startVm());
    const transport = sshTransportTo(targetOf(vm));
    const opening = faultOf(transport.open(never));
    await transport.close();
    expect((await opening).code).toBe("E_STOPPED");
    await until(() => vm.processesOf().length === 0);
  });

  test("an abort of one query leaves the others alone", async () => {
    const transport = sshTransportTo(targetOf(await lab(startVm())));
    const stop = new AbortController();
    const reason = new Error("not wanted");
    const lost = [
      transport.measure(small("good"), stop.signal),
      transport.measure(large("endless", { maxBytes: 2 ** 40 }), stop.signal),
      transport.read(queryFor(`${server.url}good`), stop.signal),
    ];
    const kept = [
      transport.measure(small("good"), never),
      transport.measure(large("good"), never),
      transport.read(queryFor(`${server.url}good`), never),
    ];
    const ends = Promise.allSettled(lost);
    setTimeout(() => stop.abort(reason), 60);
    expect((await Promise.all(kept)).map(({ status }) => status)).toEqual([200, 200, 200]);
    const [, endless] = await ends;
    expect(endless).toMatchObject({ status: "rejected", reason });
    await transport.close();
  });

  test("an abort before the start sends nothing", async () => {
    const transport = sshTransportTo(targetOf(await lab(startVm())));
    await transport.open(never);
    const seen = server.requests.length;
    const reason = new Error("never mind");
    await expect(transport.measure(small("good"), AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(transport.read(queryFor(server.url), AbortSignal.abort(reason))).rejects.toBe(reason);
    await transport.close();
    expect(server.requests.length).toBe(seen);
  });
});

test("what nobody can foresee comes back as it is", async () => {
  const bodies = Array.from({ length: 40 }, (_, i) => randomBytes(i * 977));
  const away = await startRawServer((socket, request) => {
    const body = bodies[Number(/\/(\d+) HTTP/.exec(request)?.[1])] ?? Buffer.alloc(0);
    sends(withLength(body.length), body)(socket, request, 0);
  });
  const transport = sshTransportTo(targetOf(await lab(startVm())));
  const pages = await Promise.all(bodies.map((_, i) => transport.read(queryFor(`${away.url}${i}`), never)));
  expect(pages.map((page, i) => Buffer.compare(page.body, bodies[i] ?? Buffer.alloc(0)))).toEqual(bodies.map(() => 0));
  await transport.close();
  await away.close();
});
