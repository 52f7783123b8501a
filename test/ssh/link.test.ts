import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SshTransport } from "../../src/ssh/transport.ts";
import { startTcpProxy } from "../lab/tcpproxy.ts";
import { useLab } from "../lab/uselab.ts";
import { BODY, chunk, CHUNKED, digestOf, HALF, sends, withHeaders, withLength } from "../http/bodies.ts";
import { contentQueryFor, faultOf, never, queryFor, startRawServer, until, type RawServer } from "../http/rawserver.ts";
import { GREETING, say, startFakeVm, withNonce, type FakeRules } from "./fakevm.ts";
import { sleep, sshLinkTo, startVm, targetOf, type Vm } from "./sshlab.ts";

const lab = useLab();
let server: RawServer;
beforeAll(async () => {
  server = await startRawServer((socket, request, index) => {
    if (request.includes("/good")) sends(withLength(), BODY)(socket, request, index);
    else if (request.includes("/half")) sends(withLength(), HALF, "FIN")(socket, request, index);
    else if (request.includes("/endless")) {
      socket.write(withHeaders(CHUNKED));
      const timer = setInterval(() => void socket.write(chunk(BODY)), 5);
      socket.once("close", () => clearInterval(timer));
    }
  });
});
afterAll(() => server.close());

const good = () => queryFor(`${server.url}good`);
const small = () => contentQueryFor(`${server.url}good`, { expectedBytes: BODY.length });
const large = (path = "good") => contentQueryFor(server.url + path, { maxBytes: 2 ** 40 });

/** One of each kind of work, and the job's own end. */
async function doJob(job: SshTransport): Promise<void> {
  await job.open(never);
  const works = [job.read(good(), never), job.measure(small(), never), job.measure(large(), never)] as const;
  const [page, batched, streamed] = await Promise.all(works);
  expect(Buffer.compare(page.body, BODY)).toBe(0);
  expect([batched.digest, streamed.digest]).toEqual([digestOf(BODY), digestOf(BODY)]);
  await job.end();
}

const logins = (vm: Vm): number => (vm.log().match(/Accepted publickey/g) ?? []).length;
const shells = (vm: Vm): number => (vm.log().match(/Starting session: command/g) ?? []).length;

async function expectNothingLeft(vm: Vm): Promise<void> {
  await until(() => vm.processesOf().length === 0 && vm.leftovers().length === 0);
}

describe("one connection", () => {
  test("serves 20 jobs, one after the other, and nothing of a job stays on the VM", { timeout: 60_000 }, async () => {
    const vm = await lab(startVm());
    const link = sshLinkTo(targetOf(vm));
    for (let i = 0; i < 20; i++) {
      await doJob(link.begin("registry.example"));
      await until(() => vm.leftovers().length === 0);
    }
    expect(logins(vm)).toBe(1);
    await link.close();
    await expectNothingLeft(vm);
  });

  test("serves 12 jobs of three registries at the same time, with at most 8 shells", { timeout: 60_000 }, async () => {
    const vm = await lab(startVm());
    const link = sshLinkTo(targetOf(vm));
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, vm.leftovers().length)), 1);
    await Promise.all(Array.from({ length: 12 }, (_, i) => doJob(link.begin(`registry${i % 3}.example`))));
    clearInterval(timer);
    expect(logins(vm)).toBe(1);
    expect(most).toBeLessThanOrEqual(8);
    await link.close();
    await expectNothingLeft(vm);
  });

  test.each([1, 2])(
    "serves jobs of three registries on a VM that allows %d sessions",
    { timeout: 60_000 },
    async (sessions) => {
      const vm = await lab(startVm({ config: [`MaxSessions ${sessions}`] }));
      const link = sshLinkTo(targetOf(vm));
      await Promise.all(Array.from({ length: 6 }, (_, i) => doJob(link.begin(`registry${i % 3}.example`))));
      expect(logins(vm)).toBe(1);
      await link.close();
      await expectNothingLeft(vm);
    },
  );

  test("is made before the first job needs it, and the first shell is that job's", async () => {
    const vm = await lab(startVm());
    const link = sshLinkTo(targetOf(vm));
    await link.warm();
    expect([logins(vm), shells(vm)]).toEqual([1, 1]);
    const job = link.begin("registry.example");
    expect((await job.read(good(), never)).status).toBe(200);
    await job.end();
    expect([logins(vm), shells(vm)]).toEqual([1, 1]);
    await link.close();
    await expectNothingLeft(vm);
  });

  test("that dies between two jobs is made again for the next one", async () => {
    const vm = await lab(startVm());
    const proxy = await lab(startTcpProxy(vm));
    const link = sshLinkTo(targetOf(vm, { port: proxy.port, hostKey: vm.hostKeyFingerprint }));
    await doJob(link.begin("registry.example"));
    proxy.cut("rst");
    await until(() => proxy.open() === 0);
    await sleep(50);
    await doJob(link.begin("registry.example"));
    await doJob(link.begin("registry.example"));
    expect(proxy.connections()).toBe(2);
    await link.close();
    await expectNothingLeft(vm);
  });

  test("that dies during a job ends the jobs that it served, for good, and the next job works", async () => {
    const vm = await lab(startVm());
    const proxy = await lab(startTcpProxy(vm));
    const link = sshLinkTo(targetOf(vm, { port: proxy.port, hostKey: vm.hostKeyFingerprint }));
    const [before, idle, busy] = ["a", "a", "b"].map((name) => link.begin(`${name}.example`)) as [
      SshTransport,
      SshTransport,
      SshTransport,
    ];
    await doJob(before);
    await idle.open(never);
    const work = faultOf(busy.measure(large("endless"), never));
    await until(() => server.requests.at(-1)?.includes("endless") === true);
    proxy.cut("rst");
    expect(await work).toMatchObject({ code: "E_SSH", stage: "ssh" });
    for (const job of [idle, busy]) {
      expect(await faultOf(job.read(good(), never))).toMatchObject({ code: "E_SSH" });
      await expect(job.end()).rejects.toMatchObject({ code: "E_SSH" });
    }
    await before.end();
    await doJob(link.begin("a.example"));
    expect(proxy.connections()).toBe(2);
    await link.close();
    await expectNothingLeft(vm);
  });

  test("that is not to be had is tried once for a job, and again for the next one", async () => {
    const vm = await lab(startVm());
    const proxy = await lab(startTcpProxy(vm));
    proxy.setFault({ at: 0, then: "rst" });
    const link = sshLinkTo(targetOf(vm, { port: proxy.port, hostKey: vm.hostKeyFingerprint }));
    await link.warm();
    const job = link.begin("registry.example");
    for (let i = 0; i < 2; i++) expect(await faultOf(job.open(never))).toMatchObject({ code: "E_SSH", stage: "ssh" });
    await job.end();
    expect(proxy.connections()).toBe(1);
    proxy.setFault(null);
    await doJob(link.begin("registry.example"));
    await link.close();
  });
});

describe("jobs that share a VM", () => {
  test("the end of one does not wait for the stream of another, and takes nothing from it", async () => {
    const vm = await lab(startVm({ config: ["MaxSessions 1"] }));
    const link = sshLinkTo(targetOf(vm));
    const [brief, long] = [link.begin("registry.example"), link.begin("registry.example")];
    await brief.read(good(), never);
    const stop = new AbortController();
    const stream = faultOf(long.measure(large("endless"), stop.signal));
    await until(() => server.requests.at(-1)?.includes("endless") === true);
    await brief.end();
    expect(vm.processesOf().some((each) => /\bcurl -q -K -$/.test(each))).toBe(true);
    stop.abort(new Error("enough"));
    await stream;
    await long.end();
    await link.close();
    await expectNothingLeft(vm);
  });

  test("one that gives up does not end a shell that has served another", async () => {
    const vm = await lab(startVm({ config: ["MaxSessions 1"] }));
    const link = sshLinkTo(targetOf(vm), { limits: { idleSeconds: 2 } });
    const [other, hasty] = [link.begin("registry.example"), link.begin("registry.example")];
    await other.read(good(), never);
    const stop = new AbortController();
    const reason = new Error("enough");
    const asked = faultOf(hasty.read(queryFor(`${server.url}silence`), stop.signal));
    await until(() => server.requests.at(-1)?.includes("silence") === true);
    stop.abort(reason);
    expect(await asked).toBe(reason);
    await Promise.all([other.end(), hasty.end()]);
    expect(shells(vm)).toBe(1);
    await link.close();
  });

  test("a body that was cut is let go of by the end of its job", async () => {
    const vm = await lab(startVm());
    const link = sshLinkTo(targetOf(vm));
    const job = link.begin("registry.example");
    const cut = await job.measure(large("half"), never);
    await job.end();
    expect(await faultOf(cut.more?.(good(), never) ?? Promise.resolve())).toMatchObject({ code: "E_CUT" });
    expect(await faultOf(job.read(good(), never))).toMatchObject({ code: "E_STOPPED" });
    await doJob(link.begin("registry.example"));
    await link.close();
  });

  test("close ends what still runs, and leaves nothing on the VM", async () => {
    const vm = await lab(startVm());
    const link = sshLinkTo(targetOf(vm));
    const job = link.begin("registry.example");
    const works = [large("endless"), large("endless"), large("endless")].map((query) =>
      faultOf(job.measure(query, never)),
    );
    await until(() => vm.leftovers().length >= 3);
    await link.close();
    for (const fault of await Promise.all(works)) expect(["E_SSH", "E_STOPPED"]).toContain(fault.code);
    await expectNothingLeft(vm);
    await expect(job.end()).rejects.toMatchObject({ code: "E_STOPPED" });
    expect(await faultOf(link.begin("registry.example").open(never))).toMatchObject({ code: "E_STOPPED" });
  });
});

describe("the shells of a VM", () => {
  /** What each shell was asked for, by host. */
  interface Seen {
    readonly hosts: Set<string>;
  }

  /** Answers 404 to every document; a shell that served a host of `bad` ends with status 1. */
  function answering(seen: Seen[], bad: RegExp): FakeRules {
    return {
      onExec: (channel) => {
        const shell = { hosts: new Set<string>() };
        seen.push(shell);
        let urls = 0;
        withNonce(
          channel,
          (nonce) => say(channel, nonce, ...GREETING),
          (line, nonce) => {
            const host = /^u"?http:\/\/([^/"]+)/.exec(line)?.[1];
            if (host !== undefined) shell.hosts.add(host);
            if (host !== undefined) urls += 1;
            if (line === "bye") {
              say(channel, nonce, "bye");
              channel.exit([...shell.hosts].some((each) => bad.test(each)) ? 1 : 0);
              channel.end();
            } else if (line.startsWith("b")) {
              const count = Array.from({ length: urls }, (_, i) => i + 1);
              urls = 0;
              say(
                channel,
                nonce,
                ...count.map((i) => `w ${i} 0 404 000 0 []`),
                "rc 0 0",
                ...count.map((i) => `l 19 h${i}`),
                "raw",
              );
              channel.write("HTTP/1.1 404 No\r\n\r\n".repeat(count.length));
              say(channel, nonce, "end");
            }
          },
        );
      },
    };
  }

  test("serve one registry each, whatever comes one after the other or at the same time", async () => {
    const seen: Seen[] = [];
    const fake = await lab(startFakeVm(answering(seen, /^$/)));
    const link = sshLinkTo(fake.target);
    const ask = async (job: SshTransport, host: string): Promise<unknown> =>
      Promise.all([1, 2, 3].map((i) => job.read(queryFor(`http://${host}/`, { headers: [["X", String(i)]] }), never)));
    const jobs = ["a", "b", "a", "c", "b"].map((host) => ({ host, job: link.begin(host) }));
    await Promise.all(jobs.map(({ host, job }) => ask(job, host)));
    for (const { host, job } of jobs) await ask(job, host);
    await Promise.all(jobs.map(({ job }) => job.end()));
    const last = link.begin("d");
    await ask(last, "d");
    await last.end();
    await link.close();
    const served = seen.map(({ hosts }) => [...hosts]).filter((hosts) => hosts.length > 0);
    expect(served.every((hosts) => hosts.length === 1)).toBe(true);
    expect(new Set(served.flat())).toEqual(new Set(["a", "b", "c", "d"]));
  });

  test("an unclean end voids every job that the shell served, and no other", async () => {
    const seen: Seen[] = [];
    const fake = await lab(startFakeVm(answering(seen, /^bad$/)));
    const link = sshLinkTo(fake.target);
    const [good1, bad1, bad2, late] = ["good", "bad", "bad", "bad"].map((host) => link.begin(host)) as [
      SshTransport,
      SshTransport,
      SshTransport,
      SshTransport,
    ];
    await good1.read(queryFor("http://good/"), never);
    const both = [bad1.read(queryFor("http://bad/"), never), bad2.read(queryFor("http://bad/"), never)];
    await Promise.all(both);
    expect(seen.filter(({ hosts }) => hosts.has("bad"))).toHaveLength(1);
    await expect(bad1.end()).rejects.toMatchObject({ code: "E_VM_REPLY" });
    await late.open(never);
    await expect(bad2.end()).rejects.toMatchObject({ code: "E_VM_REPLY" });
    await late.end();
    await good1.end();
    await link.close();
  });

  test("one that swallows what nobody waits for any more is ended, which voids the others that it served", async () => {
    const seen: Seen[] = [];
    const answer = answering(seen, /^$/).onExec;
    let batches = 0;
    const fake = await lab(
      startFakeVm({
        onExec: (channel, socket, count) => {
          const write = channel.write.bind(channel);
          answer?.(channel, socket, count);
          channel.write = (chunk: string | Buffer) => {
            if (String(chunk).includes(" w 1 ")) batches += 1;
            return batches > 1 || write(chunk);
          };
        },
      }),
    );
    const link = sshLinkTo(fake.target, { limits: { connectSeconds: 2, idleSeconds: 1 } });
    const [other, hasty] = [link.begin("a"), link.begin("a")];
    await other.read(queryFor("http://a/"), never);
    expect(await faultOf(hasty.read(queryFor("http://a/"), AbortSignal.timeout(500)))).toMatchObject({
      name: "TimeoutError",
    });
    const started = performance.now();
    await expect(other.end()).rejects.toMatchObject({ code: "E_VM_REPLY" });
    expect(performance.now() - started).toBeLessThan(20_000);
    await hasty.end().catch(() => undefined);
    await link.close();
  });

  test("the first one, when it dies before any job, is the first job's fault and not the second's", async () => {
    let execs = 0;
    const seen: Seen[] = [];
    const answer = answering(seen, /^$/).onExec;
    const fake = await lab(
      startFakeVm({
        onExec: (channel, socket, count) => {
          execs += 1;
          answer?.(channel, socket, count);
          if (execs === 1) setTimeout(() => (channel.exit(1), void channel.end()), 50);
        },
      }),
    );
    const link = sshLinkTo(fake.target);
    await link.warm();
    await sleep(300);
    const [first, second] = [link.begin("a"), link.begin("a")];
    expect(await faultOf(first.read(queryFor("http://a/"), never))).toMatchObject({ stage: "ssh" });
    expect((await second.read(queryFor("http://a/"), never)).status).toBe(404);
    await expect(first.end()).rejects.toMatchObject({ stage: "ssh" });
    await second.end();
    await link.close();
  });
});
