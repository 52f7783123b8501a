import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SCRIPT_FILE } from "../../src/ssh/script/script.ts";
import type { Sshd, SshdOptions } from "../lab/sshd.ts";
import { findProgram } from "../lab/install.ts";
import { makeFolder } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { BODY, digestOf, sends, withLength } from "../http/bodies.ts";
import { contentQueryFor, faultOf, never, queryFor, startRawServer, until, type RawServer } from "../http/rawserver.ts";
import { sshTransportTo, startVm, targetOf, type Vm } from "./sshlab.ts";

const lab = useLab();
let server: RawServer;
beforeAll(async () => void (server = await startRawServer(sends(withLength(), BODY))));
afterAll(() => server.close());

/** One of each kind of job, and a clean end with nothing left. */
async function expectUsable(vm: Vm): Promise<void> {
  const transport = sshTransportTo(targetOf(vm));
  const works = [
    transport.read(queryFor(server.url), never),
    transport.measure(contentQueryFor(server.url, { expectedBytes: BODY.length }), never),
    transport.measure(contentQueryFor(server.url), never),
  ] as const;
  const [page, small, large] = await Promise.all(works);
  expect(Buffer.compare(page.body, BODY)).toBe(0);
  expect([small.digest, large.digest]).toEqual([digestOf(BODY), digestOf(BODY)]);
  await transport.close();
  // a shell that was being opened meanwhile
  await until(() => vm.processesOf().length === 0 && vm.leftovers().length === 0);
}

async function folder(name: string): Promise<string> {
  return (await lab(makeFolder(name).then((each) => ({ ...each, stop: () => each.remove() })))).path;
}

/** A PATH of nothing but these programs of this machine, and those that are given as scripts. */
async function pathOf(programs: readonly string[], scripts: Readonly<Record<string, string>> = {}): Promise<string> {
  const place = await folder("path");
  for (const program of programs) await symlink(findProgram(program) ?? "", join(place, program));
  for (const [name, lines] of Object.entries(scripts)) {
    await writeFile(join(place, name), `#!/bin/sh\n${lines}\n`);
    await chmod(join(place, name), 0o755);
  }
  return place;
}

describe("login shells", () => {
  test.each(
    ["bash", "dash", "fish", "tcsh", "zsh", "ksh93", "yash", "mksh"]
      .map((name) => findProgram(name))
      .filter((path) => path !== null),
  )("%s", async (shell) => expectUsable(await lab(startVm({ shell }))));
  test("busybox", async () => expectUsable(await lab(startVm({ shell: `${findProgram("busybox") ?? ""} sh` }))));

  test.each([
    [
      "nologin",
      "echo This account is currently not available.; exit 1",
      /does not run the worker script: its shell ended with status 1; it said: This account is currently not available\.$/,
    ],
    ["false", "exit 1", /does not run the worker script: its shell ended with status 1$/],
    ["true", "exit 0", /its shell ended with status 0/],
    ["a shell that cannot run", "exit 126", /its shell cannot run/],
    ["no /bin/sh", "exit 127", /it has no \/bin\/sh/],
    ["one that complains", "echo account locked >&2; exit 5", /status 5; it said: account locked$/],
    ["one that complains with escapes", "printf '\\033[2Jx\\n' >&2; exit 5", /it said: \\u\{1b\}\[2Jx$/],
    ["one that kills itself", "kill -9 $$", /its shell was ended/],
    ["a command that closes its input", 'exec </dev/null; exec sh -c "$SSH_ORIGINAL_COMMAND"', /got no input/],
  ])("%s: refused at once, with a reason", async (_, forcedCommand, words) => {
    const transport = sshTransportTo(targetOf(await lab(startVm({ forcedCommand }))));
    const started = performance.now();
    const fault = await faultOf(transport.open(never));
    expect(fault.message).toMatch(words);
    expect([["E_VM_REPLY", "E_VM_TOOL"].includes(fault.code), fault.stage, fault.hint !== null]).toEqual([
      true,
      "ssh",
      true,
    ]);
    expect(performance.now() - started).toBeLessThan(30_000);
    await transport.close().catch(() => undefined);
  });

  test("one that says nothing and does nothing: given up in time", async () => {
    const vm = await lab(startVm({ forcedCommand: "exec sleep 60" }));
    const transport = sshTransportTo(targetOf(vm), { limits: { connectSeconds: 2 } });
    const fault = await faultOf(transport.open(never));
    expect(fault).toMatchObject({ code: "E_TIMEOUT", stage: "ssh" });
    expect(fault.message).toMatch(/sent nothing for 2 s/);
    await transport.close();
  });

  test("one that eats the first line of its input is given up in time", async () => {
    const vm = await lab(startVm({ forcedCommand: 'read line; exec sh -c "$SSH_ORIGINAL_COMMAND"' }));
    const transport = sshTransportTo(targetOf(vm), { limits: { connectSeconds: 2 } });
    expect(await faultOf(transport.open(never))).toMatchObject({ code: "E_TIMEOUT", stage: "ssh" });
    await transport.close();
  });

  test.each([
    ["a banner", "echo Maintenance until noon; echo more; exec sleep 60", "Maintenance until noon"],
    ["a banner without a line end", "printf 'Maintenance\\033[2J'; exec sleep 60", "Maintenance\\u{1b}[2J"],
    ["a banner without an end", "head -c 30000 /dev/zero | tr '\\0' x; exec sleep 60", `${"x".repeat(200)}…`],
  ])("%s in place of the script: given up in time, with its first line", async (_, forcedCommand, line) => {
    const vm = await lab(startVm({ forcedCommand }));
    const transport = sshTransportTo(targetOf(vm), { limits: { connectSeconds: 2 } });
    const fault = await faultOf(transport.open(never));
    expect(fault).toMatchObject({ code: "E_VM_REPLY", stage: "ssh" });
    expect(fault.message).toBe(`worker "fra" lets us in and does not run the worker script; it said: ${line}`);
    expect(fault.hint).toContain("authorized_keys");
    await transport.close();
  });

  test("one that never stops talking is not listened to", async () => {
    const transport = sshTransportTo(targetOf(await lab(startVm({ forcedCommand: "exec yes" }))));
    const fault = await faultOf(transport.open(never));
    expect(fault).toMatchObject({ code: "E_VM_REPLY", stage: "ssh" });
    expect(fault.message).toContain("more than 65536 bytes before it began");
    await transport.close().catch(() => undefined);
  });

  test("one that never stops complaining does not stop the work", async () => {
    const vm = await lab(
      startVm({ forcedCommand: '(yes complaint | head -c 20000000 >&2) & exec sh -c "$SSH_ORIGINAL_COMMAND"' }),
    );
    await expectUsable(vm);
  });
});

describe("noise", () => {
  test.each([
    ["a message", "echo Welcome to the VM"],
    ["much of it", "head -c 60000 /dev/zero | tr '\\0' x; echo"],
    ["binary", "head -c 30000 /dev/urandom"],
    ["escapes, carriage returns and no line end", "printf '\\033[2J\\r\\r%%\\r'"],
    [
      "what looks like the protocol",
      "echo 00000000000000000000000000000000 begin 1; echo 00000000000000000000000000000000 end",
    ],
    ["complaints", "echo oops >&2"],
  ])("%s before it begins", async (_, noise) =>
    expectUsable(await lab(startVm({ forcedCommand: `${noise}; exec sh -c "$SSH_ORIGINAL_COMMAND"` }))),
  );

  test("a .bashrc with words, aliases and functions", async () => {
    const vm = await lab(startVm({ shell: "/bin/bash", env: { BASH_ENV: "/nonexistent" } }));
    const traps =
      'echo motd\nalias curl="echo no"\ncurl() { echo no; }\nexport -f curl\nexport http_proxy=http://127.0.0.1:1 CURL_CA_BUNDLE=/x\nset -u\n';
    await writeFile(join(vm.home, ".bashrc"), traps);
    await expectUsable(vm);
  });

  test("a ~/.ssh/rc", async () => {
    const vm = await lab(startVm());
    await mkdir(join(vm.home, ".ssh"));
    await writeFile(join(vm.home, ".ssh/rc"), "echo from rc; echo rc >&2\n");
    await expectUsable(vm);
  });

  test("a banner with escapes", async () => {
    const place = await folder("banner");
    await writeFile(join(place, "banner"), "\u001b[2JAuthorised use only\r\n".repeat(100));
    await expectUsable(await lab(startVm({ config: [`Banner ${place}/banner`] })));
  });
});

describe("the script as a forced command", () => {
  async function startForced(options: SshdOptions = {}, text = SCRIPT_FILE): Promise<Vm & Sshd> {
    const place = await folder("worker");
    await writeFile(join(place, "worker.sh"), text);
    return lab(startVm({ ...options, forcedCommand: `/bin/sh ${place}/worker.sh` }));
  }

  test("serves, whatever is asked for", async () => expectUsable(await startForced()));

  test("restricted in authorized_keys", async () => {
    const place = await folder("worker");
    await writeFile(join(place, "worker.sh"), SCRIPT_FILE);
    const vm = await lab(startVm());
    const key = await readFile(`${vm.identityFile}.pub`, "utf8");
    await writeFile(join(vm.folder, "authorized_keys"), `restrict,command="/bin/sh ${place}/worker.sh" ${key}`);
    await expectUsable(vm);
  });

  test("of another version is noticed", async () => {
    const transport = sshTransportTo(targetOf(await startForced({}, SCRIPT_FILE.replace("begin 5", "begin 1"))));
    const fault = await faultOf(transport.open(never));
    expect(fault.code).toBe("E_VM_SCRIPT");
    expect(fault.message).toContain(
      "version 1 of the worker script as a forced command, and this tofu3 needs version 5",
    );
    expect(fault.hint).toContain("install the new worker script on the VM: tofu3 workers script");
    await transport.close().catch(() => undefined);
  });
});

describe("tools", () => {
  const basics = ["sh", "cat", "head", "wc", "rm", "mv", "mkfifo", "mktemp", "uname", "date", "curl"];
  // the script adds the usual places to PATH, so what is missing has to be there and fail
  const missing = "exit 127";

  test.each([
    ["openssl is taken first", [...basics, "openssl", "sha256sum"], {}, "openssl"],
    ["sha256sum where openssl is missing", basics, { openssl: missing }, "sha256sum"],
    ["sha256sum where openssl fails", basics, { openssl: 'echo "Error setting digest" >&2; exit 1' }, "sha256sum"],
    ["sha256sum where openssl prints something else", basics, { openssl: "echo SHA256 is 1234" }, "sha256sum"],
    [
      "shasum where nothing else is there",
      [...basics, "perl"],
      { openssl: missing, sha256sum: missing, sha512sum: missing },
      "shasum",
    ],
  ])("%s", async (_, programs, scripts, tool) => {
    const vm = await lab(startVm({ env: { PATH: await pathOf(programs, scripts) } }));
    const transport = sshTransportTo(targetOf(vm));
    expect((await transport.open(never)).tools[1]).toBe(tool);
    for (const algorithm of ["sha256", "sha512"] as const) {
      const contents = await Promise.all(
        [BODY.length, null].map((expectedBytes) =>
          transport.measure(contentQueryFor(server.url, { algorithm, expectedBytes }), never),
        ),
      );
      const digest = `${algorithm}:${createHash(algorithm).update(BODY).digest("hex")}`;
      expect(contents.map((content) => content.digest)).toEqual([digest, digest]);
    }
    await transport.close();
  });

  test.each([
    ["no hash tool", { openssl: missing, sha256sum: missing, shasum: missing }, "none of openssl, sha256sum, shasum"],
    ["no curl", { curl: missing }, "no curl"],
    ["something else named curl", { curl: "echo BusyBox v1.35.0 multi-call binary" }, "no curl"],
    ["a curl that is too old", { curl: "echo curl 7.29.0 libcurl/7.29.0" }, "curl 7.29.0 is too old"],
  ])("%s: said by probe, refused by everything else, ended cleanly", async (_, scripts, what) => {
    const vm = await lab(startVm({ env: { PATH: await pathOf([], scripts) } }));
    const transport = sshTransportTo(targetOf(vm));
    expect((await transport.probe(never)).lacks).toMatchObject([{ what }]);
    const fault = await faultOf(transport.open(never));
    expect(fault).toMatchObject({ code: "E_VM_TOOL", stage: "ssh" });
    expect(fault.message).toContain(what);
    expect(fault.hint).toMatch(/install/);
    expect(await faultOf(transport.read(queryFor(server.url), never))).toMatchObject({ code: "E_VM_TOOL" });
    await transport.close();
  });

  test("a curl that lies about a transfer is caught where it contradicts itself", async () => {
    const lies = 'test "$2" = -V && exec /usr/bin/curl -V\n/usr/bin/curl "$@" | sed "s/ 200 000 [0-9]*/ 200 000 7/"';
    const vm = await lab(startVm({ env: { PATH: await pathOf([], { curl: lies }) } }));
    const transport = sshTransportTo(targetOf(vm));
    expect(
      await faultOf(transport.measure(contentQueryFor(server.url, { expectedBytes: BODY.length }), never)),
    ).toMatchObject({
      code: "E_FRAMING",
    });
    await transport.close();
  });

  test("a hash tool that dies in the middle is no digest, and no word of too many bytes", async () => {
    const dying = 'x=$(head -c 100 | /usr/bin/sha256sum); case $x in ba7816bf*) echo "$x";; *) exit 1;; esac';
    const vm = await lab(startVm({ env: { PATH: await pathOf([], { openssl: missing, sha256sum: dying }) } }));
    const transport = sshTransportTo(targetOf(vm));
    const big = await startRawServer(sends(withLength(3_000_000), Buffer.alloc(3_000_000)));
    const content = transport.measure(contentQueryFor(big.url, { maxBytes: 3_000_000 }), never);
    expect(await faultOf(content)).toMatchObject({ code: "E_VM_TOOL" });
    expect(
      await faultOf(transport.measure(contentQueryFor(server.url, { expectedBytes: BODY.length }), never)),
    ).toMatchObject({
      code: "E_VM_TOOL",
    });
    await transport.close();
    await big.close();
  });

  test("a head that is killed before the end is no digest, although curl has told everything", async () => {
    const dying = '/usr/bin/head -n 1 >/dev/null; test "$1" = -n || kill -9 $$';
    const vm = await lab(startVm({ env: { PATH: await pathOf([], { head: dying }) } }));
    const transport = sshTransportTo(targetOf(vm));
    const small = await startRawServer(sends(withLength(3), "a\nb"));
    const content = transport.measure(contentQueryFor(small.url, { maxBytes: 3 }), never);
    expect(await faultOf(content)).toMatchObject({ code: "E_VM_TOOL" });
    await transport.close();
    await small.close();
  });

  test("curl without a newer curl's features: see ssh.test.ts; curl that is killed: no answer, no hang", async () => {
    const killed = 'test "$2" = -V && exec /usr/bin/curl -V\nkill -9 $$';
    const vm = await lab(startVm({ env: { PATH: await pathOf([], { curl: killed }) } }));
    const transport = sshTransportTo(targetOf(vm));
    for (const expectedBytes of [10, null]) {
      const fault = await faultOf(transport.measure(contentQueryFor(server.url, { expectedBytes }), never));
      expect(fault).toMatchObject({ code: "E_VM_TOOL", stage: "ssh" });
      expect(fault.message).toContain("signal 9");
    }
    await transport.close();
  });
});

describe("the temporary folder", () => {
  const root = process.getuid?.() === 0;
  /** Runs sshd in a mount namespace of its own, after these commands. */
  const mounted = (commands: string): string[] => ["unshare", "-m", "sh", "-c", `${commands}; exec "$@"`, "sh"];

  test("TMPDIR that is not there: another place", async () => {
    const vm = await lab(startVm({ env: { TMPDIR: "/nonexistent" } }));
    await expectUsable(vm);
  });

  test.skipIf(!root)("nowhere to write: said, and ended", async () => {
    const place = await folder("ro");
    const vm = await lab(
      startVm({
        env: { TMPDIR: place },
        prefix: mounted(
          "mount -t tmpfs -o ro none /dev/shm || exit; for f in / /tmp; do mount -o remount,ro,bind $f 2>/dev/null; done; test ! -w /tmp",
        ),
      }),
    );
    const transport = sshTransportTo(targetOf(vm));
    expect((await transport.probe(never)).lacks).toMatchObject([{ what: "no folder for temporary files" }]);
    expect(await faultOf(transport.open(never))).toMatchObject({ code: "E_VM_TOOL" });
    await transport.close().catch(() => undefined);
  });

  test.skipIf(!root)("a small one that fills: what does not fit is streamed, and nothing is lost", async () => {
    const place = await folder("small");
    const vm = await lab(
      startVm({ env: { TMPDIR: place }, prefix: mounted(`mount -t tmpfs -o size=256k none ${place}`) }),
    );
    const transport = sshTransportTo(targetOf(vm));
    const works = Array.from({ length: 20 }, () =>
      transport.measure(contentQueryFor(server.url, { expectedBytes: BODY.length, maxBytes: BODY.length }), never),
    );
    expect((await Promise.all(works)).map((content) => content.digest)).toEqual(works.map(() => digestOf(BODY)));
    const pages = await Promise.allSettled(
      Array.from({ length: 12 }, () => transport.read(queryFor(server.url), never)),
    );
    for (const page of pages) {
      if (page.status === "fulfilled") expect(Buffer.compare(page.value.body, BODY)).toBe(0);
      else expect(page.reason).toMatchObject({ code: "E_VM_DISK" });
    }
    expect(pages.some((page) => page.status === "rejected")).toBe(true);
    await transport.close();
    expect(vm.processesOf()).toEqual([]);
  });

  test.skipIf(!root)("a full one: streams still work", async () => {
    const place = await folder("full");
    const vm = await lab(
      startVm({
        env: { TMPDIR: place },
        prefix: mounted(`mount -t tmpfs -o size=64k none ${place}; head -c 32k /dev/zero > ${place}/x`),
      }),
    );
    const transport = sshTransportTo(targetOf(vm));
    const big = await startRawServer(sends(withLength(20_000_000), Buffer.alloc(20_000_000)));
    const contents = await Promise.all(
      Array.from({ length: 4 }, () => transport.measure(contentQueryFor(big.url, { maxBytes: 20_000_000 }), never)),
    );
    expect(contents.map((content) => content.digest)).toEqual(contents.map(() => digestOf(Buffer.alloc(20_000_000))));
    await transport.close();
    await big.close();
  });
});
