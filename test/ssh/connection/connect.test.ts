import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AskPassphrase } from "../../../src/model/credentials.ts";
import type { SshTarget } from "../../../src/ssh/connection/target.ts";
import { makeFolder } from "../../lab/processes.ts";
import { fingerprintOf, makeKeyFile, type Sshd } from "../../lab/sshd.ts";
import { useLab } from "../../lab/uselab.ts";
import { startFakeVm, type FakeRules, type FakeVm } from "../fakevm.ts";
import { faultOf, never, queryFor, startRawServer } from "../../http/rawserver.ts";
import { sshTransportTo, startVm, targetOf, type Vm } from "../sshlab.ts";

const lab = useLab();
let vm: Vm;
let both: Vm;
let folder = "";
beforeAll(async () => {
  vm = await lab(startVm());
  both = await lab(startVm({ hostKeyTypes: ["ed25519", "rsa", "ecdsa"] }));
  folder = (await lab(makeFolder("connect").then((each) => ({ ...each, stop: () => each.remove() })))).path;
  await makeKeyFile(join(folder, "other"));
  await makeKeyFile(join(folder, "locked"), "ed25519", "open sesame");
});

async function opens(target: SshTarget, more: Parameters<typeof sshTransportTo>[1] = {}): Promise<void> {
  const transport = sshTransportTo(target, more);
  await transport.open(never);
  await transport.close();
}

async function refused(target: SshTarget, more: Parameters<typeof sshTransportTo>[1] = {}) {
  const transport = sshTransportTo(target, more);
  const fault = await faultOf(transport.open(never));
  await transport.close();
  expect(fault.stage).toBe("ssh");
  expect(fault.hint).not.toBeNull();
  return fault;
}

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const publicKey = async (path: string): Promise<string> =>
  (await readFile(path.endsWith(".pub") ? path : `${path}.pub`, "utf8")).trim();
const nameOf = (each: Sshd): string => `[${each.host}]:${each.port}`;

describe("host keys", () => {
  /** sshd's log since the last connection: no key was offered, no signature was asked for. */
  async function withoutAuthentication(each: Sshd, work: () => Promise<unknown>): Promise<void> {
    const before = each.log().length;
    await work();
    const said = each.log().slice(before);
    expect(said).toMatch(/Connection from/);
    expect(said).not.toMatch(/Accepted|Postponed|Failed|userauth|Invalid user/i);
  }

  test("a known key", () => opens(targetOf(vm)));
  test("a configured fingerprint", () => opens(targetOf(vm, { hostKey: vm.hostKeyFingerprint, knownHostsFiles: [] })));
  test("a configured fingerprint needs no known_hosts, and is not overruled by it", async () => {
    const other = await file("kh-other", `${nameOf(vm)} ${await publicKey(join(folder, "other"))}\n`);
    await opens(targetOf(vm, { hostKey: vm.hostKeyFingerprint, knownHostsFiles: [other] }));
  });
  test("several files, of which some are missing", () =>
    opens(targetOf(vm, { knownHostsFiles: ["/nonexistent", "/dev/null/x", vm.knownHostsFile] })));
  test("an alias", async () => {
    const aliased = await file("kh-alias", `vm.lab ${await publicKey(vm.hostKeyFiles[0] ?? "")}\n`);
    await opens(targetOf(vm, { hostKeyAlias: "VM.lab", knownHostsFiles: [aliased] }));
  });

  test.each([1, 2])("the fingerprint of the server's key number %d, which it does not show first", async (index) => {
    const hostKey = await fingerprintOf(`${both.hostKeyFiles[index] ?? ""}.pub`);
    await opens(targetOf(both, { hostKey, knownHostsFiles: [] }));
  });
  test.each([0, 1, 2])("known_hosts with the server's key number %d only", async (index) => {
    const known = await file(`kh-${index}`, `${nameOf(both)} ${await publicKey(both.hostKeyFiles[index] ?? "")}\n`);
    await opens(targetOf(both, { knownHostsFiles: [known] }));
  });

  test("an unknown host is not even connected to", async () => {
    const before = vm.log().length;
    const fault = await refused(targetOf(vm, { knownHostsFiles: [] }));
    expect(fault.code).toBe("E_HOST_KEY");
    expect(fault.message).toContain(nameOf(vm));
    expect(vm.log().slice(before)).toBe("");
  });

  test("a changed key: both fingerprints, the place, and no authentication", async () => {
    const changed = await file("kh-changed", `${nameOf(vm)} ${await publicKey(join(folder, "other"))}\n`);
    await withoutAuthentication(vm, async () => {
      const { code, message } = await refused(targetOf(vm, { knownHostsFiles: [changed] }));
      expect(code).toBe("E_HOST_KEY");
      for (const word of [vm.hostKeyFingerprint, await fingerprintOf(join(folder, "other.pub")), `${changed}:1`])
        expect(message).toContain(word);
    });
  });

  test("a changed key, configured: no authentication, on however many tries", async () => {
    const hostKey = await fingerprintOf(join(folder, "other.pub"));
    await withoutAuthentication(both, async () => {
      const { code, message } = await refused(targetOf(both, { hostKey, knownHostsFiles: [] }));
      expect(code).toBe("E_HOST_KEY");
      for (const word of [both.hostKeyFingerprint, hostKey]) expect(message).toContain(word);
    });
  });

  test("a revoked key: no authentication", async () => {
    const key = await publicKey(vm.hostKeyFiles[0] ?? "");
    const revoked = await file("kh-revoked", `${nameOf(vm)} ${key}\n@revoked * ${key}\n`);
    await withoutAuthentication(vm, async () => {
      const { code, message } = await refused(targetOf(vm, { knownHostsFiles: [revoked] }));
      expect([code, message.includes("IS REVOKED")]).toEqual(["E_HOST_KEY", true]);
    });
  });

  test("only a type that the server does not have", async () => {
    const rsa = await file("kh-rsa", `${nameOf(vm)} ${await publicKey(both.hostKeyFiles[1] ?? "")}\n`);
    await withoutAuthentication(vm, async () => {
      const { code, message } = await refused(targetOf(vm, { knownHostsFiles: [rsa] }));
      expect([code, message.includes("HAS CHANGED")]).toEqual(["E_HOST_KEY", true]);
      expect(message).toMatch(/expected .*\(ssh-rsa\) at .*, offered .*\(ssh-ed25519\)/);
      expect(message).toContain(vm.hostKeyFingerprint);
    });
  });

  test("a certificate authority only", async () => {
    const authority = await file("kh-ca", `@cert-authority * ${await publicKey(vm.hostKeyFiles[0] ?? "")}\n`);
    const { code, message } = await refused(targetOf(vm, { knownHostsFiles: [authority] }));
    expect([code, message.includes("certificate authority")]).toEqual(["E_HOST_KEY", true]);
  });

  test("a file that cannot be read is not an empty one", async () =>
    expect((await refused(targetOf(vm, { knownHostsFiles: [folder, vm.knownHostsFile] }))).code).toBe("E_HOST_KEY"));

  test("the key is asked for again at each re-key, and the work goes on", async () => {
    const rekeying = await lab(startVm({ config: ["RekeyLimit 1M"] }));
    const transport = sshTransportTo(targetOf(rekeying));
    const body = Buffer.alloc(4_000_000, "x");
    const server = await startRawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
    for (let i = 0; i < 3; i++)
      expect((await transport.read(queryFor(server.url, { maxBytes: 4_000_000 }), never)).body.length).toBe(
        body.length,
      );
    await transport.close();
    await server.close();
  });
});

describe("keys of ours", () => {
  const withKeys = (...files: [name: string, named?: boolean][]): Partial<SshTarget> => ({
    identityFiles: files.map(([name, named = true]) => ({
      file: name.startsWith("/") ? name : join(folder, name),
      named,
    })),
  });

  async function admit(name: string): Promise<void> {
    await writeFile(
      join(vm.folder, "authorized_keys"),
      `${await publicKey(vm.identityFile)}\n${await publicKey(join(folder, name))}\n`,
    );
  }

  test("a key that is not let in", async () => {
    const fault = await refused(targetOf(vm, withKeys(["other"])));
    expect(fault.code).toBe("E_SSH_AUTH");
    expect(fault.hint).toContain("authorized_keys");
  });
  test("the second key", () => opens(targetOf(vm, withKeys(["other"], [vm.identityFile]))));
  test("an unknown user is not told from a wrong key", async () =>
    expect((await refused(targetOf(vm, { user: "nobody-here" }))).code).toBe("E_SSH_AUTH"));
  test("a named file that is missing, and no agent: both are named", async () => {
    const fault = await refused(targetOf(vm, withKeys(["missing"])));
    expect(fault.code).toBe("E_SSH_AUTH");
    expect(fault.message).toContain(`"${join(folder, "missing")}" cannot be read: there is no such file`);
    expect(fault.message).toContain("no ssh-agent is running here");
  });
  test("a default file that is missing, beside one that is there", () =>
    opens(targetOf(vm, withKeys(["missing", false], [vm.identityFile]))));
  test("nothing at all", async () =>
    expect((await refused(targetOf(vm, withKeys(["missing", false])))).message).toContain(
      "no identity file and no agent",
    ));
  test("a named file that is no key", async () =>
    expect((await refused(targetOf(vm, withKeys([await file("nokey", "hello")])))).message).toContain(
      "not a private key",
    ));
  test("a public key for a private one, without an agent: the private one is in the hint", async () => {
    const { code, message, hint } = await refused(targetOf(vm, withKeys(["other.pub"])));
    expect(code).toBe("E_SSH_AUTH");
    expect(message).toContain(`"${join(folder, "other.pub")}" is a public key`);
    expect(message).toContain("no ssh-agent is running here");
    expect(hint).toContain(`identityFile: ${join(folder, "other")}`);
  });

  describe("with a passphrase", () => {
    const asking = (...answers: string[]): { ask: AskPassphrase; asked: string[] } => {
      const asked: string[] = [];
      return { asked, ask: (prompt) => (asked.push(prompt), Promise.resolve(answers[asked.length - 1] ?? "")) };
    };

    test("asked for once", async () => {
      await admit("locked");
      const { ask, asked } = asking("open sesame");
      await opens(targetOf(vm, withKeys(["locked"])), { ask });
      expect(asked).toEqual([`passphrase for ${join(folder, "locked")}`]);
    });
    test("asked for again", async () => {
      const { ask, asked } = asking("no", "", "open sesame");
      await opens(targetOf(vm, withKeys(["locked"])), { ask });
      expect(asked.length).toBe(3);
    });
    test("three wrong ones; none is in the message", async () => {
      const { ask, asked } = asking("hunter1", "hunter2", "hunter3", "open sesame");
      const { code, message } = await refused(targetOf(vm, withKeys(["locked"])), { ask });
      expect([code, asked.length, /hunter/.test(message)]).toEqual(["E_SSH_AUTH", 3, false]);
    });
    test("nobody to ask", async () => {
      const { code, message, hint } = await refused(targetOf(vm, withKeys(["locked"])));
      expect([code, message.includes("no terminal"), hint?.startsWith("ssh-add")]).toEqual(["E_SSH_AUTH", true, true]);
    });
    test("nobody to ask, and another key", () => opens(targetOf(vm, withKeys(["locked"], [vm.identityFile]))));
    test("the person gives up", async () => {
      const reason = new Error("interrupted");
      const transport = sshTransportTo(targetOf(vm, withKeys(["locked"])), { ask: () => Promise.reject(reason) });
      await expect(transport.open(never)).rejects.toBe(reason);
      await transport.close();
    });
  });

  describe("in an agent", () => {
    let agent: { socket: string; stop: () => Promise<void> };
    async function startAgent(...keys: string[]): Promise<typeof agent> {
      const socket = join(folder, `agent${Math.random().toString(36).slice(2)}`);
      const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
      await once(child.stdout, "data");
      for (const key of keys) {
        const add = spawn("ssh-add", ["-q", key], {
          env: { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS: "", DISPLAY: "" },
          stdio: "ignore",
        });
        await once(add, "close");
      }
      return {
        socket,
        async stop() {
          child.kill();
          await once(child, "close");
        },
      };
    }
    afterEach(() => agent.stop());

    test("the key", async () => {
      agent = await startAgent(vm.identityFile);
      await opens(targetOf(vm, { identityFiles: [], agent: agent.socket }));
    });
    test("the key, behind files that are not let in", async () => {
      agent = await startAgent(vm.identityFile);
      await opens(targetOf(vm, { ...withKeys(["other"], ["missing", false]), agent: agent.socket }));
    });
    test("the key, and a named file that is missing: a warning names it", async () => {
      agent = await startAgent(vm.identityFile);
      const said: string[] = [];
      const warn = (what: string, todo: string): void => void said.push(what, todo);
      await opens(targetOf(vm, { ...withKeys(["missing"]), agent: agent.socket }), { warn });
      expect(said).toEqual([
        `"${join(folder, "missing")}" cannot be read: there is no such file; the agent's keys are used`,
        `make ${join(folder, "missing")}, or remove identityFile from that worker`,
      ]);
      said.length = 0;
      await opens(targetOf(vm, { agent: agent.socket }), { warn });
      expect(said).toEqual([]);
    });
    test("no key that is let in, and a named file that is missing: the error names both", async () => {
      agent = await startAgent(join(folder, "other"));
      const { code, message } = await refused(targetOf(vm, { ...withKeys(["missing"]), agent: agent.socket }));
      expect(code).toBe("E_SSH_AUTH");
      expect(message).toMatch(/does not let user .* with any key of the agent, and ".*\/missing" cannot be read/);
    });
    test("a named public key: its private key, behind more keys than sshd hears out", async () => {
      const crowd = Array.from({ length: 7 }, (_, i) => join(folder, `throng${i}`));
      await Promise.all(crowd.map((path) => makeKeyFile(path)));
      agent = await startAgent(...crowd, vm.identityFile);
      await copyFile(`${vm.identityFile}.pub`, join(folder, "named.pub"));
      await opens(targetOf(vm, { ...withKeys(["named.pub"]), agent: agent.socket }));
    });
    test("a named public key whose private key the agent does not have", async () => {
      agent = await startAgent(vm.identityFile);
      const { code, message, hint } = await refused(targetOf(vm, { ...withKeys(["other.pub"]), agent: agent.socket }));
      expect(code).toBe("E_SSH_AUTH");
      expect(message).toContain(`"${join(folder, "other.pub")}" is a public key`);
      expect(message).toContain("the agent does not have it");
      expect(hint).toContain(`ssh-add ${join(folder, "other")}`);
    });
    test("an empty agent beside the right file", async () => {
      agent = await startAgent();
      await opens(targetOf(vm, { agent: agent.socket }));
    });
    test("an empty agent alone", async () => {
      agent = await startAgent();
      expect((await refused(targetOf(vm, { identityFiles: [], agent: agent.socket }))).code).toBe("E_SSH_AUTH");
    });
    test("a locked file is not asked for where an agent is", async () => {
      agent = await startAgent(vm.identityFile);
      await opens(targetOf(vm, { ...withKeys(["locked"]), agent: agent.socket }), {
        ask: () => Promise.reject(new Error("asked")),
      });
    });
    test("an agent that is gone", async () => {
      agent = await startAgent();
      const nowhere = join(folder, "no-agent");
      expect((await refused(targetOf(vm, { ...withKeys(["other"]), agent: nowhere }))).code).toBe("E_SSH_AUTH");
      expect((await refused(targetOf(vm, { identityFiles: [], agent: nowhere }))).code).toBe("E_SSH_AUTH");
      await opens(targetOf(vm, { agent: nowhere }));
    });
    test("more keys than sshd hears out", async () => {
      const names = await Promise.all(
        Array.from(
          { length: 7 },
          async (_, i) => (await makeKeyFile(join(folder, `many${i}`)), join(folder, `many${i}`)),
        ),
      );
      agent = await startAgent(...names);
      expect((await refused(targetOf(vm, { identityFiles: [], agent: agent.socket }))).code).toBe("E_SSH_AUTH");
    });

    describe("with IdentitiesOnly", () => {
      /** Fingerprints that sshd was offered, in order. */
      async function offered(work: () => Promise<unknown>): Promise<string[]> {
        const before = vm.log().length;
        await work();
        const lines = vm
          .log()
          .slice(before)
          .matchAll(/(?:Failed|Accepted|Postponed) publickey for .*(SHA256:\S+)/g);
        return [...new Set(Array.from(lines, ([, fingerprint = ""]) => fingerprint))];
      }
      const fingerprint = (path: string): Promise<string> => fingerprintOf(`${path}.pub`);
      const only = (files: SshTarget["identityFiles"]): SshTarget =>
        targetOf(vm, { identityFiles: files, agent: agent.socket, identitiesOnly: true });
      const unnamed = (...paths: string[]): SshTarget["identityFiles"] =>
        paths.map((path) => ({ file: path, named: false }));
      const crowd = (): string[] => [1, 2, 3].map((i) => join(folder, `crowd${i}`));
      beforeAll(() => Promise.all(crowd().map((path) => makeKeyFile(path))));
      /** What ssh has when the private key is in the agent: FILE.pub without FILE. */
      const publicOnly = async (): Promise<string> => {
        await copyFile(`${vm.identityFile}.pub`, join(folder, "agentonly.pub"));
        return join(folder, "agentonly");
      };

      test("one key of four is offered: that of the file whose private key only the agent has", async () => {
        agent = await startAgent(...crowd(), vm.identityFile);
        const file = await publicOnly();
        expect(await offered(() => opens(only(unnamed(file))))).toEqual([await fingerprint(vm.identityFile)]);
        expect((await offered(() => opens({ ...only([]), identitiesOnly: false }))).length).toBe(4);
      });
      test("a public key for an identity file", async () => {
        agent = await startAgent(...crowd(), vm.identityFile);
        const file = `${await publicOnly()}.pub`;
        expect(await offered(() => opens(only(unnamed(file))))).toEqual([await fingerprint(vm.identityFile)]);
      });
      test("a locked file of OpenSSH says its public key itself", async () => {
        const locked = join(folder, "lockedinagent");
        await makeKeyFile(locked, "ed25519", "");
        await admit("lockedinagent");
        agent = await startAgent(...crowd(), locked);
        const changed = spawn("ssh-keygen", ["-q", "-p", "-P", "", "-N", "open sesame", "-f", locked]);
        await once(changed, "close");
        const expected = await fingerprint(locked);
        await rm(`${locked}.pub`);
        expect(await offered(() => opens(only(unnamed(locked))))).toEqual([expected]);
      });
      test("a key that is read from its file is not offered twice, and the agent's are not offered at all", async () => {
        agent = await startAgent(...crowd(), vm.identityFile);
        const other = join(folder, "other");
        const keys = [await fingerprint(other), await fingerprint(vm.identityFile)];
        expect(await offered(() => opens(only(unnamed(other, vm.identityFile))))).toEqual(keys);
      });
      test("no file: the agent's keys stay away, and the message says why", async () => {
        agent = await startAgent(vm.identityFile);
        const keys = await offered(async () => {
          const fault = await refused(only(unnamed(join(folder, "missing"))));
          expect(fault.message).toContain("IdentitiesOnly");
        });
        expect(keys).toEqual([]);
      });
    });
  });
});

describe("through a jump host", () => {
  test("both are checked and both let us in", async () => {
    const jump = await lab(startVm());
    await opens(targetOf(vm, { jump: targetOf(jump) }));
    expect(jump.log()).toMatch(/Accepted publickey/);
    const [, from] = /Connection from (\S+) port/.exec(vm.log()) ?? [];
    expect(from).toBe("127.0.0.1");
  });
  test("its end ends both", async () => {
    const jump = await lab(startVm());
    const transport = sshTransportTo(targetOf(vm, { jump: targetOf(jump) }));
    await transport.open(never);
    await jump.kill9();
    const fault = await faultOf(transport.close());
    expect(["E_SSH", "E_VM_REPLY"]).toContain(fault.code);
  });
  test("an unknown jump host is not gone through", async () => {
    const jump = await lab(startVm());
    const fault = await refused(targetOf(vm, { jump: targetOf(jump, { knownHostsFiles: [] }) }));
    expect(fault.code).toBe("E_HOST_KEY");
    expect(jump.log()).not.toMatch(/Accepted/);
  });
  test("a changed key behind a good jump host", async () => {
    const jump = await lab(startVm());
    expect(
      (await refused(targetOf(vm, { jump: targetOf(jump), hostKey: await fingerprintOf(join(folder, "other.pub")) })))
        .code,
    ).toBe("E_HOST_KEY");
  });
  test("one that may not forward", async () => {
    const jump = await lab(startVm({ config: ["AllowTcpForwarding no"] }));
    const { code, message } = await refused(targetOf(vm, { jump: targetOf(jump) }));
    expect([code, message.includes("the jump host 127.0.0.1 cannot connect to it")]).toEqual(["E_SSH", true]);
  });
  test("nobody behind it", async () => {
    const jump = await lab(startVm());
    expect(
      (await refused(targetOf({ ...vm, port: 1 }, { jump: targetOf(jump), hostKey: vm.hostKeyFingerprint }))).message,
    ).toContain("cannot connect to it");
  });
  test("two of them", async () => {
    const [one, two] = [await lab(startVm()), await lab(startVm())];
    await opens(targetOf(vm, { jump: targetOf(two, { jump: targetOf(one) }) }));
  });
});

describe("what is no sshd", () => {
  const ended: (() => void)[] = [];
  afterEach(() => {
    for (const end of ended.splice(0)) end();
  });
  async function listen(onSocket: (socket: Socket) => void): Promise<SshTarget> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on("error", () => undefined));
      onSocket(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ended.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return targetOf({ ...vm, port: (server.address() as AddressInfo).port }, { hostKey: vm.hostKeyFingerprint });
  }

  test.each([
    ["nobody listens", null, /connection refused/],
    ["closed at once", (socket: Socket) => socket.end(), /./],
    ["reset at once", (socket: Socket) => socket.resetAndDestroy(), /./],
    ["silent", () => undefined, /did not answer in SSH in time/],
    ["HTTP", (socket: Socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), /./],
    [
      "a banner in drips",
      (socket: Socket) => void setInterval(() => socket.write("x"), 50).unref(),
      /did not answer in SSH in time/,
    ],
    ["a flood before the banner", (socket: Socket) => void socket.write(Buffer.alloc(10_000_000, "x")), /./],
    [
      "a flood of lines before the banner",
      (socket: Socket) => void setInterval(() => socket.write("x\r\n".repeat(10_000)), 1).unref(),
      /./,
    ],
    [
      "a banner, then garbage",
      (socket: Socket) => void socket.write(`SSH-2.0-x\r\n${"\xff".repeat(5000)}`, "latin1"),
      /./,
    ],
    [
      "a banner, then nothing",
      (socket: Socket) => void socket.write("SSH-2.0-OpenSSH_9.2\r\n"),
      /did not answer in SSH in time/,
    ],
    ["SSH 1", (socket: Socket) => void socket.write("SSH-1.5-old\r\n"), /./],
  ])("%s", async (_, onSocket, words) => {
    const target =
      onSocket === null ? targetOf({ ...vm, port: 1 }, { hostKey: vm.hostKeyFingerprint }) : await listen(onSocket);
    const started = performance.now();
    const { code, message } = await refused(target, { limits: { connectSeconds: 1 } });
    expect(code).toBe("E_SSH");
    expect(message).toMatch(words);
    expect(message).toContain(`127.0.0.1:${target.port}`);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("a name that there is not", async () =>
    expect(
      (await refused(targetOf({ ...vm, host: "no-such-host.invalid" }, { hostKey: vm.hostKeyFingerprint }))).message,
    ).toMatch(/its name cannot be resolved/));

  test("an abort while nobody answers is the abort's own reason", async () => {
    const transport = sshTransportTo(await listen(() => undefined));
    const reason = new Error("stop");
    await expect(transport.open(AbortSignal.any([AbortSignal.timeout(200), never]))).rejects.toMatchObject({
      name: "TimeoutError",
    });
    await expect(transport.open(AbortSignal.abort(reason))).rejects.toBe(reason);
    await transport.close();
  });
});

describe("servers that misbehave", () => {
  const fake = (rules: FakeRules): Promise<FakeVm> => lab(startFakeVm(rules));
  test.each([
    ["auth", "E_SSH"],
    ["session", "E_TIMEOUT"],
    ["exec", "E_TIMEOUT"],
  ] as const)("one that never answers %s is given up in time", async (silent, code) => {
    const { target } = await fake({ silent });
    const started = performance.now();
    expect((await refused(target, { limits: { connectSeconds: 1 } })).code).toBe(code);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("one that lets everybody in is given a key all the same, and never asked to let us in without", async () => {
    const { target, tried } = await fake({});
    await opens(target);
    expect(tried[0]).toBe("publickey");
  });

  test.each([
    ["garbage", (socket: Socket) => void socket.write(Buffer.alloc(64, 0xff))],
    ["a reset", (socket: Socket) => void socket.resetAndDestroy()],
    ["its end", (socket: Socket) => void socket.end()],
  ])("%s in the same packet as the word that we are in ends nothing but the worker", async (_, add) => {
    const onIn = (socket: Socket): void => {
      socket.cork();
      setImmediate(() => {
        add(socket);
        socket.uncork();
      });
    };
    for (let i = 0; i < 5; i++) {
      const { target } = await fake({ onIn });
      expect((await refused(target, { limits: { connectSeconds: 5 } })).code).toMatch(/^E_SSH|^E_TIMEOUT$/);
    }
  });

  test.each([
    ["SHA-1 key exchange only", { kex: ["diffie-hellman-group14-sha1"] }],
    ["compression only", { compress: ["zlib@openssh.com"] }],
    ["CBC only", { cipher: ["aes128-cbc"] }],
    ["ChaCha20 only", { cipher: ["chacha20-poly1305@openssh.com"] }],
    ["weak integrity only", { cipher: ["aes128-ctr"], hmac: ["hmac-sha1"] }],
  ])("%s is not spoken", async (_, algorithms) => {
    const { target } = await fake({ algorithms: algorithms as never });
    const { code, message } = await refused(target);
    expect([code, message.includes("no algorithm in common")]).toEqual(["E_SSH", true]);
  });
});

test("two servers with one host key have the same one in their facts", async () => {
  const twin = await lab(startVm({ hostKeyFiles: [vm.hostKeyFiles[0] ?? ""] }));
  await copyFile(`${vm.identityFile}.pub`, join(twin.folder, "authorized_keys"));
  const [one, other] = [
    sshTransportTo(targetOf(vm)),
    sshTransportTo(targetOf(twin, { identityFiles: [{ file: vm.identityFile, named: true }] })),
  ];
  const [facts, same] = [await one.probe(never), await other.probe(never)];
  expect(facts.hostKey).toBe(same.hostKey);
  expect(facts.machine).toBe(same.machine);
  await one.close();
  await other.close();
});
