import { afterAll, describe, expect, test } from "vitest";
import { runTool, until } from "./processes.ts";
import { startSshd, type Sshd } from "./sshd.ts";

const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

function ssh(vm: Sshd, command: string): Promise<string> {
  const strict = ["-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${vm.folder}/known_hosts`, "-o", "LogLevel=ERROR"];
  return runTool("sh", [
    "-c",
    'f=$1; shift; printf "%s\\n" "$f" >"$0"; exec ssh "$@"',
    `${vm.folder}/known_hosts`,
    vm.knownHostsLine,
    "-F",
    "/dev/null",
    ...strict,
    "-i",
    vm.identityFile,
    "-p",
    String(vm.port),
    `${vm.user}@${vm.host}`,
    command,
  ]);
}

describe("sshd", () => {
  test("lets the OpenSSH client in with its own key, home and host key", async () => {
    const vm = await startSshd({ env: { COLOUR: "blue" } });
    ends.push(vm.stop);
    expect(await ssh(vm, "echo $HOME $COLOUR")).toBe(`${vm.home} blue\n`);
    expect(vm.hostKeyFingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(vm.log()).toContain("Accepted publickey");
  });

  test.each(["rsa", "ecdsa"] as const)("has a host key of type %s when asked", async (type) => {
    const vm = await startSshd({ hostKeyTypes: [type] });
    ends.push(vm.stop);
    expect(vm.knownHostsLine).toContain(type);
    expect(await ssh(vm, "echo in")).toBe("in\n");
  });

  test("runs the forced command, or the login shell that was asked for", async () => {
    const forced = await startSshd({ forcedCommand: "echo $SSH_ORIGINAL_COMMAND, you say" });
    const bash = await startSshd({ shell: "/bin/bash" });
    ends.push(forced.stop, bash.stop);
    expect(await ssh(forced, "ls")).toBe("ls, you say\n");
    expect(await ssh(bash, "echo ${BASH_VERSION:+bash}")).toBe("bash\n");
  });

  test("knows what its sessions run, and ends that too", async () => {
    const vm = await startSshd({ address: "127.0.0.9" });
    ends.push(vm.stop);
    const session = ssh(vm, "sleep 61 & sleep 62").catch((error: unknown) => error);
    await until("two sleeps", () =>
      vm.processesOf().filter((each) => /^\d+ sleep 6[12]$/.test(each)).length === 2 ? true : undefined,
    );
    await vm.kill9();
    expect(await session).toBeInstanceOf(Error);
    expect(vm.processesOf().join()).toContain("sleep 61");
    await vm.stop();
    await until("none left", () => (vm.processesOf().length === 0 ? true : undefined));
  });
});
