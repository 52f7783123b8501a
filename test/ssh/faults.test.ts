import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { kill } from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { parseProxy } from "../../src/http/proxy.ts";
import { Secret } from "../../src/secret.ts";
import { startTcpProxy } from "../lab/tcpproxy.ts";
import { useLab } from "../lab/uselab.ts";
import { BODY, chunk, CHUNKED, digestOf, HALF, sends, withHeaders, withLength } from "../http/bodies.ts";
import { answerAndStay, GREETING, say, startFakeVm, withNonce, type FakeRules } from "./fakevm.ts";
import { contentQueryFor, faultOf, never, queryFor, startRawServer, until, type RawServer } from "../http/rawserver.ts";
import { sleep, sshTransportTo, startVm, targetOf, type Vm, type OnlySshJob } from "./sshlab.ts";

const lab = useLab();
let server: RawServer;
let vm: Vm;

function filesIn(folder: string): string[] {
  try {
    // a read of one of its pipes would wait for ever
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}

const troubles: unknown[] = [];
const onTrouble = (trouble: unknown): void => void troubles.push(trouble);
beforeAll(async () => {
  process.on("uncaughtExceptionMonitor", onTrouble);
  process.on("unhandledRejection", onTrouble);
  vm = await lab(startVm());
  server = await startRawServer((socket, request, index) => {
    if (request.includes("/good")) sends(withLength(), BODY)(socket, request, index);
    else if (request.includes("/half")) sends(withLength(), HALF, "FIN")(socket, request, index);
    else if (request.includes("/stall")) sends(withLength(), HALF)(socket, request, index);
    else {
      socket.write(withHeaders(CHUNKED));
      const timer = setInterval(() => socket.write(chunk(BODY)), 20);
      socket.once("close", () => clearInterval(timer));
    }
  });
});
afterAll(async () => {
  await server.close();
  process.off("uncaughtExceptionMonitor", onTrouble);
  process.off("unhandledRejection", onTrouble);
  expect(troubles).toEqual([]);
});

const good = () => queryFor(`${server.url}good`);
const endless = (more: Parameters<typeof contentQueryFor>[1] = {}) =>
  contentQueryFor(`${server.url}endless`, { maxBytes: 2 ** 40, ...more });

/** A second later nothing of it runs on the VM, and nothing is left; a machine that is busy with other tests takes its time. */
async function expectNothingLeft(machine: Vm = vm): Promise<void> {
  const started = Date.now();
  const left = (): readonly string[] => [...machine.processesOf(), ...machine.leftovers()];
  while (left().length > 0 && Date.now() - started < 30_000) await sleep(10);
  expect(left()).toEqual([]);
}

/** Every kind of job at once; how each ended. */
async function everything(transport: OnlySshJob, signal: AbortSignal): Promise<string[]> {
  const works = [
    transport.read(good(), signal),
    transport.measure(contentQueryFor(`${server.url}good`, { expectedBytes: BODY.length }), signal),
    transport.measure(contentQueryFor(`${server.url}good`), signal),
    transport.measure(contentQueryFor(`${server.url}half`), signal),
  ];
  const settled = await Promise.allSettled(works);
  return settled.map((each) => {
    if (each.status === "rejected")
      return each.reason instanceof Tofu3Error ? each.reason.code : (each.reason as Error).message;
    if ("discard" in each.value) each.value.discard();
    if ("digest" in each.value) return each.value.digest ?? each.value.cut?.code ?? "nothing";
    return Buffer.compare(each.value.body, BODY) === 0 ? "whole" : "other bytes";
  });
}

describe("the link to the VM", () => {
  const ways = (at: readonly number[]) =>
    at.flatMap((each) =>
      (["fin", "rst", "corrupt"] as const).flatMap((then) =>
        (["toClient", "toServer"] as const).map((way) => ({ at: each, then, way })),
      ),
    );
  const faults = ways([0, 5, 100, 1200, 2500, 3500, 5000, 6000, 9000, 30_000, 60_000]);

  test(
    "is cut or damaged anywhere: right answers or none, in time, and nothing left",
    { timeout: 180_000 },
    async () => {
      const proxy = await lab(startTcpProxy(vm));
      const right = ["whole", digestOf(BODY), digestOf(BODY), "E_CUT"];
      let broken = 0;
      for (const fault of faults) {
        proxy.setFault(fault);
        const transport = sshTransportTo(targetOf(vm, { port: proxy.port, hostKey: vm.hostKeyFingerprint }), {
          limits: { connectSeconds: 3 },
        });
        const outcomes = await everything(transport, AbortSignal.timeout(15_000));
        const closed = await transport.close().then(
          () => null,
          (error: unknown) => (error as { code: string }).code,
        );
        for (const [i, outcome] of outcomes.entries())
          expect(
            [right[i], "E_SSH", "E_SSH_AUTH", "E_HOST_KEY", "E_TIMEOUT", "E_VM_REPLY"],
            `${JSON.stringify(fault)}: ${outcome}`,
          ).toContain(outcome);
        if (closed !== null) expect(["E_SSH", "E_VM_REPLY"]).toContain(closed);
        const isRight = outcomes.every((outcome, i) => outcome === right[i]);
        if (!isRight || closed !== null) broken++;
        proxy.cut("rst");
      }
      expect(broken).toBeGreaterThan(faults.length / 2);
      await expectNothingLeft();
    },
  );

  test.each([0, 30, 1500, 2200])("stalls after %d bytes while connecting: given up in time", async (at) => {
    const proxy = await lab(startTcpProxy(vm));
    proxy.setFault({ at, then: "stall" });
    const transport = sshTransportTo(targetOf(vm, { port: proxy.port, hostKey: vm.hostKeyFingerprint }), {
      limits: { connectSeconds: 2 },
    });
    const started = performance.now();
    const fault = await faultOf(transport.open(never));
    expect([["E_SSH", "E_TIMEOUT"].includes(fault.code), fault.stage]).toEqual([true, "ssh"]);
    expect(performance.now() - started).toBeLessThan(20_000);
    await transport.close();
    proxy.cut("rst");
    await expectNothingLeft();
  });

  test("goes dark, and the coordinator closes: not more than the seconds of a goodbye", async () => {
    const proxy = await lab(startTcpProxy(vm));
    const transport = sshTransportTo(targetOf(vm, { port: proxy.port, hostKey: vm.hostKeyFingerprint }));
    await transport.read(good(), never);
    const work = faultOf(transport.measure(endless(), never));
    await until(() => server.requests.at(-1)?.includes("endless") === true);
    proxy.blackhole();
    const started = performance.now();
    await transport.close().catch(() => undefined);
    expect((await work).code).toBe("E_STOPPED");
    expect(performance.now() - started).toBeLessThan(30_000);
    proxy.cut("rst");
    await expectNothingLeft();
  });

  test("is cut while nothing is done: the answers before do not count", async () => {
    const proxy = await lab(startTcpProxy(vm));
    const transport = sshTransportTo(targetOf(vm, { port: proxy.port, hostKey: vm.hostKeyFingerprint }));
    await transport.read(good(), never);
    proxy.cut("rst");
    await sleep(100);
    expect(await faultOf(transport.read(good(), never))).toMatchObject({ code: "E_SSH", stage: "ssh" });
    await expect(transport.close()).rejects.toMatchObject({ code: "E_SSH" });
    await expect(transport.close()).rejects.toMatchObject({ code: "E_SSH" });
    await expectNothingLeft();
  });
});

describe("the VM", () => {
  test("its sshd is killed in the middle of a job", async () => {
    const machine = await lab(startVm());
    const transport = sshTransportTo(targetOf(machine));
    const works = [
      transport.measure(endless(), never),
      transport.measure(endless({ expectedBytes: 5, maxBytes: 5 }), never),
      transport.read(queryFor(`${server.url}stall`), never),
    ].map((work) => faultOf(work));
    await until(
      () => server.requests.at(-1)?.includes("/stall") === true || server.requests.at(-1)?.includes("endless") === true,
    );
    await sleep(100);
    await machine.kill9();
    for (const fault of await Promise.all(works)) expect(fault).toMatchObject({ code: "E_SSH", stage: "ssh" });
    await expect(transport.close()).rejects.toMatchObject({ code: "E_SSH" });
    await expectNothingLeft(machine);
  });

  test.each(["SIGKILL", "SIGTERM"] as const)(
    "its shell gets %s: its job is lost, what it said before does not count",
    async (signal) => {
      const machine = await lab(startVm());
      const transport = sshTransportTo(targetOf(machine));
      await transport.read(good(), never);
      const [shell = ""] = machine.processesOf();
      const work = faultOf(transport.measure(endless(), never));
      await until(() => server.requests.at(-1)?.includes("endless") === true);
      kill(Number(shell.split(" ")[0]), signal);
      expect(await work).toMatchObject({ code: "E_SSH", stage: "ssh" });
      expect(await faultOf(transport.read(good(), never))).toMatchObject({ code: "E_SSH" });
      await expect(transport.close()).rejects.toMatchObject({ code: "E_SSH" });
    },
  );

  test("its curl is killed: that transfer is lost, and the VM is usable", async () => {
    const machine = await lab(startVm());
    const transport = sshTransportTo(targetOf(machine));
    const work = faultOf(transport.measure(endless(), never));
    await until(() => machine.processesOf().some((each) => /\bcurl -q -K -$/.test(each)));
    const curl = machine.processesOf().find((each) => /\bcurl -q -K -$/.test(each)) ?? "";
    kill(Number(curl.split(" ")[0]), "SIGKILL");
    const fault = await work;
    expect([fault.code, fault.message.includes("signal 9")]).toEqual(["E_VM_TOOL", true]);
    expect((await transport.read(good(), never)).status).toBe(200);
    await transport.close();
    await expectNothingLeft(machine);
  });
});

describe("an abort", () => {
  test("at any moment: the reason at once, and nothing runs a second later", { timeout: 300_000 }, async () => {
    for (let round = 0; round < 13; round++) {
      const transport = sshTransportTo(targetOf(vm));
      const stop = new AbortController();
      const reason = new Error("stopped");
      const work = everything(transport, stop.signal);
      const long = transport.measure(endless(), stop.signal).catch((error: unknown) => error);
      await sleep(round * 32);
      const started = performance.now();
      stop.abort(reason);
      expect(await long).toBe(reason);
      for (const outcome of await work) expect(["stopped", "whole", digestOf(BODY), "E_CUT"]).toContain(outcome);
      expect(performance.now() - started).toBeLessThan(6000);
      await transport.close();
      await expectNothingLeft();
    }
  });

  test("of all of a batch ends it; the transport goes on", async () => {
    const transport = sshTransportTo(targetOf(vm));
    const stop = new AbortController();
    const reason = new Error("stopped");
    const works = Array.from({ length: 10 }, () =>
      transport.measure(endless({ expectedBytes: 5, maxBytes: 2 ** 20 }), stop.signal).catch((error: unknown) => error),
    );
    await until(() => server.requests.at(-1)?.includes("endless") === true);
    stop.abort(reason);
    expect(new Set(await Promise.all(works))).toEqual(new Set([reason]));
    expect((await transport.read(good(), never)).status).toBe(200);
    await transport.close();
    await expectNothingLeft();
  });
});

describe("the coordinator", () => {
  test("is killed at any moment: nothing runs a second later", { timeout: 120_000 }, async () => {
    const target = JSON.stringify(targetOf(vm));
    for (const delay of [0, 50, 100, 150, 200, 300, 400]) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, "coordinator.mjs"), target, `${server.url}endless`],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      if (delay >= 300) await once(child.stdout, "data");
      await sleep(delay);
      child.kill("SIGKILL");
      await once(child, "close");
      await expectNothingLeft();
    }
  });
});

describe("secrets", () => {
  test("are in no argument, environment or file of the VM, nor in sshd's log", { timeout: 60_000 }, async () => {
    const machine = await lab(startVm());
    const marker = `t0ps3cret${Math.random().toString(36).slice(2)}`;
    const proxied = sshTransportTo(targetOf(machine), {
      proxy: parseProxy(`http://user:${marker}@127.0.0.1:${server.port}`),
    });
    const transport = sshTransportTo(targetOf(machine));
    const headers = [["Authorization", new Secret(`Bearer ${marker}`)]] as const;
    const stop = new AbortController();
    const works = [
      transport.measure(endless({ headers }), stop.signal),
      transport.measure(endless({ headers, expectedBytes: 5, maxBytes: 2 ** 30 }), stop.signal),
      transport.read(
        queryFor(`${server.url}stall`, { headers, form: new Secret(`refresh_token=${marker}`) }),
        stop.signal,
      ),
      transport.measure(contentQueryFor(`${server.url}half`, { headers }), stop.signal),
      proxied.measure(endless(), stop.signal),
    ].map((work) => work.catch((error: unknown) => error));
    const mine = new Set([String(process.pid), String(process.ppid)]);
    const hits: string[] = [];
    const inspected = new Set<string>();
    function look(file: string): void {
      try {
        if (readFileSync(file, "latin1").includes(marker)) hits.push(file);
        inspected.add(file);
      } catch {
        // it is gone
      }
    }
    for (let scan = 0; scan < 150; scan++) {
      for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && !mine.has(name)))
        for (const what of ["cmdline", "environ"]) look(`/proc/${pid}/${what}`);
      for (const place of machine.leftovers()) for (const name of filesIn(join(machine.temporary, place))) look(name);
      await sleep(2);
    }
    expect(server.requests.some((request) => request.includes(marker))).toBe(true);
    expect(hits).toEqual([]);
    expect([...inspected].some((file) => /tofu3\.\w{10}\/[hb]\d/.test(file))).toBe(true);
    stop.abort(new Error("enough"));
    await Promise.all(works);
    expect(machine.log()).not.toContain(marker);
    await transport.close();
    await proxied.close();
    await expectNothingLeft(machine);
  });
});

describe("a VM that lies about the protocol", () => {
  async function meets(rules: FakeRules, use: (transport: OnlySshJob) => Promise<void>): Promise<void> {
    const fake = await lab(startFakeVm(rules));
    await use(sshTransportTo(fake.target, { limits: { connectSeconds: 3 } }));
  }
  /** Greets, and answers the first job with what `lie` says. */
  const lying = (lie: (channel: Parameters<typeof say>[0], nonce: string) => void): FakeRules => ({
    onExec: (channel) =>
      withNonce(
        channel,
        (nonce) => say(channel, nonce, ...GREETING),
        (line, nonce) => {
          if (line === "bye") {
            say(channel, nonce, "bye");
            channel.exit(0);
            channel.end();
          } else if (/^[bs]/.test(line)) lie(channel, nonce);
          else if (line === "m-") say(channel, nonce, "end");
        },
      ),
  });
  const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
  const SUM = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  test("an honest answer is believed, by the way", async () => {
    await meets(
      lying((channel, nonce) => {
        say(channel, nonce, "w 1 0 200 000 3 [192.0.2.1]", "rc 0 0", `d ${SUM} *b1`, `l ${HEAD.length} h1`, "raw");
        channel.write(HEAD);
        say(channel, nonce, "end");
      }),
      async (transport) => {
        expect(await transport.measure(contentQueryFor("http://r/", { expectedBytes: 3 }), never)).toMatchObject({
          digest: `sha256:${SUM}`,
          size: 3,
          address: "192.0.2.1",
        });
        await transport.close();
      },
    );
  });

  test("what curl gave up because of another transfer is asked for alone", async () => {
    const asked: string[] = [];
    const onExec: FakeRules["onExec"] = (channel) =>
      withNonce(
        channel,
        (nonce) => say(channel, nonce, ...GREETING),
        (line, nonce) => {
          if (!/^[bs]/.test(line)) return;
          asked.push(line);
          const words = line.startsWith("b")
            ? ["w 1 42 200 000 1 [192.0.2.1]", "rc 0 42"]
            : ["w 1 0 200 000 3 [192.0.2.1]", "rc 1 0", `d ${SUM} -`];
          say(channel, nonce, ...words, `l ${HEAD.length} h1`, "raw");
          channel.write(HEAD);
          say(channel, nonce, "end");
        },
      );
    await meets({ onExec }, async (transport) => {
      const content = await transport.measure(contentQueryFor("http://r/", { expectedBytes: 3 }), never);
      expect(content).toMatchObject({ digest: `sha256:${SUM}`, cut: null });
      expect(asked.map((line) => line.slice(0, 1))).toEqual(["b", "s"]);
    });
  });

  test.each<[string, string[], string]>([
    ["no word of the transfer", ["rc 0 0", "raw"], "E_VM_REPLY"],
    ["no exit status", ["w 1 - 200 000 3 []", "raw"], "E_VM_REPLY"],
    ["no headers", ["w 1 0 200 000 3 []", "rc 0 0", `d ${SUM} *b1`, "raw"], "E_CUT"],
    ["no hash", ["w 1 0 200 000 3 []", "rc 0 0", "HEAD"], "E_VM_TOOL"],
    ["a hash of another length", ["w 1 0 200 000 3 []", "rc 0 0", `d ${SUM}${SUM} *b1`, "HEAD"], "E_VM_TOOL"],
    ["another status", ["w 1 0 404 000 3 []", "rc 0 0", `d ${SUM} *b1`, "HEAD"], "E_FRAMING"],
    ["another size", ["w 1 0 200 000 4 []", "rc 0 0", `d ${SUM} *b1`, "HEAD"], "E_FRAMING"],
    ["an unknown line", ["hello"], "E_VM_REPLY"],
    ["more bytes than there can be", ["l 999999999 h1", "raw"], "E_VM_REPLY"],
    ["the wrong nonce, and then nothing", ["!0 end"], "E_TIMEOUT"],
  ])("%s: %s", async (_, lines, code) => {
    await meets(
      lying((channel, nonce) => {
        for (const line of lines) {
          if (line === "HEAD") {
            say(channel, nonce, `l ${HEAD.length} h1`, "raw");
            channel.write(HEAD);
          } else if (line.startsWith("!")) channel.write(`${"0".repeat(32)} ${line.slice(3)}\n`);
          else say(channel, nonce, line);
        }
        if (!lines.some((line) => line.startsWith("!"))) say(channel, nonce, "end");
      }),
      async (transport) => {
        const limit = AbortSignal.timeout(code === "E_TIMEOUT" ? 2000 : 10_000);
        const fault = await transport.measure(contentQueryFor("http://r/", { expectedBytes: 3 }), limit).then(
          () => null,
          (error: unknown) => error as { code: string; name: string },
        );
        expect(fault?.name === "TimeoutError" ? "E_TIMEOUT" : fault?.code).toBe(code);
        await transport.close().catch(() => undefined);
      },
    );
  });

  test.each<[string, NonNullable<FakeRules["onExec"]>, string]>([
    ["ends with status 0 and says nothing", (channel) => (channel.exit(0), void channel.end()), "E_VM_REPLY"],
    ["ends with a signal", (channel) => (channel.exit("KILL"), void channel.end()), "E_VM_REPLY"],
    ["closes without a status", (channel) => void channel.end(), "E_VM_REPLY"],
    ["has two exit statuses", (channel) => (channel.exit(1), channel.exit(0), void channel.end()), "E_VM_REPLY"],
    ["floods", (channel) => void channel.write(Buffer.alloc(5_000_000, "x")), "E_VM_REPLY"],
    ["floods with lines", (channel) => void channel.write("x\n".repeat(2_000_000)), "E_VM_REPLY"],
    ["floods its standard error", (channel) => void channel.stderr.write(Buffer.alloc(20_000_000, "x")), "E_VM_REPLY"],
    [
      "begins twice",
      (channel) => withNonce(channel, (nonce) => say(channel, nonce, "begin 5", "begin 5")),
      "E_VM_REPLY",
    ],
    [
      "answers what it was not asked",
      (channel) => withNonce(channel, (nonce) => say(channel, nonce, ...GREETING, "end")),
      "E_VM_REPLY",
    ],
    [
      "resets after the greeting",
      (channel, socket) =>
        withNonce(
          channel,
          (nonce) => (say(channel, nonce, ...GREETING), void setTimeout(() => socket.resetAndDestroy(), 50)),
        ),
      "E_SSH",
    ],
    [
      "sends garbage after the greeting",
      (channel, socket) =>
        withNonce(
          channel,
          (nonce) => (
            say(channel, nonce, ...GREETING),
            void setTimeout(() => socket.write(Buffer.alloc(100, 0xff)), 50)
          ),
        ),
      "E_SSH",
    ],
  ])("a shell that %s", async (_, onExec, code) => {
    await meets({ onExec }, async (transport) => {
      const opened = await transport.open(never).then(
        () => null,
        (error: unknown) => (error as { code: string }).code,
      );
      if (opened !== null) expect(opened).toBe(code);
      await sleep(150);
      const closed = await transport.close().then(
        () => null,
        (error: unknown) => (error as { code: string }).code,
      );
      // whatever was answered before the fault came out does not count
      if (opened === null) expect(closed).toBe(code);
    });
  });

  test.each<[string, (channel: Parameters<typeof say>[0], nonce: string) => void]>([
    ["no bye", (channel) => (channel.exit(0), void channel.end())],
    ["bye and status 1", (channel, nonce) => (say(channel, nonce, "bye"), channel.exit(1), void channel.end())],
    ["bye and a signal", (channel, nonce) => (say(channel, nonce, "bye"), channel.exit("TERM"), void channel.end())],
    ["bye and no status", (channel, nonce) => (say(channel, nonce, "bye"), void channel.end())],
    [
      "bye with another nonce",
      (channel) => (channel.write(`${"0".repeat(32)} bye\n`), channel.exit(0), void channel.end()),
    ],
    ["bye, and then it stays", (channel, nonce) => say(channel, nonce, "bye")],
    ["nothing at all", () => undefined],
  ])("an end with %s is not clean", async (_, ending) => {
    const onExec: FakeRules["onExec"] = (channel) =>
      withNonce(
        channel,
        (nonce) => say(channel, nonce, ...GREETING),
        (line, nonce) => {
          if (line === "bye") ending(channel, nonce);
        },
      );
    await meets({ onExec }, async (transport) => {
      await transport.open(never);
      const started = performance.now();
      await expect(transport.close()).rejects.toMatchObject({ code: "E_VM_REPLY" });
      expect(performance.now() - started).toBeLessThan(20_000);
    });
  });

  test("each shell has a nonce of its own, which nobody can guess", async () => {
    const nonces: string[] = [];
    const onExec: FakeRules["onExec"] = (channel) =>
      withNonce(channel, (nonce) => {
        nonces.push(nonce);
        say(channel, nonce, ...GREETING);
      });
    for (const count of [1, 2, 3]) {
      await meets({ onExec }, async (transport) => {
        await transport.open(never);
        await transport.close().catch(() => undefined);
      });
      expect(new Set(nonces).size).toBe(count);
    }
    expect(nonces.filter((nonce) => !/^[0-9a-f]{32}$/.test(nonce))).toEqual([]);
  });

  test("second shells that never answer do not keep the queue", async () => {
    const onExec: FakeRules["onExec"] = (channel, _socket, count) => {
      if (count > 0) return;
      withNonce(
        channel,
        (nonce) => say(channel, nonce, ...GREETING),
        (line, nonce) => {
          if (/^b/.test(line)) {
            say(channel, nonce, "w 1 0 404 000 0 []", "rc 0 0", "l 19 h1", "raw");
            channel.write("HTTP/1.1 404 No\r\n\r\n");
            say(channel, nonce, "end");
          }
        },
      );
    };
    await meets({ onExec }, async (transport) => {
      const queries = Array.from({ length: 6 }, (_, i) =>
        transport.read(queryFor("http://r/", { headers: [["X", String(i)]] }), AbortSignal.timeout(20_000)),
      );
      const pages = await Promise.allSettled(queries);
      for (const page of pages)
        expect(page.status === "fulfilled" ? page.value.status : (page.reason as { code: string }).code).toBe(404);
      await transport.close().catch(() => undefined);
    });
  });

  test("the honest one is closed cleanly", () =>
    meets({ onExec: answerAndStay }, async (transport) => {
      await transport.open(never);
      await transport.close();
    }));
});
