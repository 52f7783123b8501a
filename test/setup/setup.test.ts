import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { removeScript, setupScript } from "../../src/setup/account.ts";
import { parsePublicKey, type PublicKey } from "../../src/setup/publickey.ts";
import { SCRIPT_FILE } from "../../src/ssh/script/script.ts";
import { run, runOnTerminal, type RunOptions } from "../lab/cli.ts";
import { makeFolder, runTool } from "../lab/processes.ts";
import { makeKeyFile, type Sshd } from "../lab/sshd.ts";
import { useLab } from "../lab/uselab.ts";
import { startItsSshd, startMachine, userSsh, type Machine } from "./machine.ts";

const lab = useLab();
const USER = `tofu3lab${process.pid}`;
let folder = "";
let machine: Machine;
let vm: Sshd;
let key: PublicKey;
let options: RunOptions;

beforeAll(async () => {
  folder = (await lab(makeFolder("setup").then((each) => ({ ...each, stop: () => each.remove() })))).path;
  machine = await lab(startMachine());
  vm = await lab(startItsSshd(machine));
  key = parsePublicKey(await readFile(`${vm.identityFile}.pub`, "utf8"), "the lab");
  const { path } = await userSsh(folder, vm, "root");
  options = { env: { PATH: path }, cwd: folder };
});

function setup(...args: string[]) {
  return run(["workers", "setup", "lab", "--user", USER, ...args], options);
}

const withKey = (): string[] => ["--key", `${vm.identityFile}.pub`];

describe("the script", () => {
  test("is what shellcheck lets through, and can be one word of a command", async () => {
    for (const [name, text] of [
      ["setup.sh", setupScript("tofu", key)],
      ["remove.sh", removeScript("tofu")],
    ] as const) {
      await writeFile(join(folder, name), text);
      const checked = spawnSync("shellcheck", ["--severity=style", join(folder, name)], { encoding: "utf8" });
      expect(checked.stdout + checked.stderr).toBe("");
      expect(text).not.toMatch(/'|\\\\/);
    }
  });

  test.each([["dash"], ["bash", "--posix"], ["busybox", "sh"], ["mksh"]])(
    "%s %s: made twice is made once, and taken away nothing is left",
    async (...shell) => {
      const own = await lab(startMachine());
      const before = await own.files();
      const first = await own.sh(setupScript(USER, key), shell);
      expect(first.code, first.stderr).toBe(0);
      const made = await own.files();
      expect(made).not.toBe(before);
      const second = await own.sh(setupScript(USER, key), shell);
      expect(second.code, second.stderr).toBe(0);
      expect(await own.files()).toBe(made);
      expect(second.stdout).toMatch(/^256 SHA256:\S{43} .*\(ED25519\)$/m);
      for (const stdout of [1, 2]) {
        const gone = await own.sh(removeScript(USER), shell);
        expect([stdout, gone.code, gone.stderr]).toEqual([stdout, 0, ""]);
        expect(await own.files()).toBe(before);
      }
    },
  );

  test("where sshd_config includes nothing, it gets a block of its own, which goes again", async () => {
    const own = await lab(startMachine());
    await own.sh("sed -i /^Include/d /etc/ssh/sshd_config; echo AcceptEnv X >>/etc/ssh/sshd_config");
    const before = await own.files();
    for (const made of [1, 2]) {
      const { code, stderr } = await own.sh(setupScript(USER, key));
      expect([made, code, stderr]).toEqual([made, 0, ""]);
    }
    const of = async (user: string): Promise<string> =>
      (await own.sh(`sshd -T -C user=${user},host=x,addr=192.0.2.1 | grep clientalive`)).stdout;
    expect(await of(USER)).toBe("clientaliveinterval 15\nclientalivecountmax 3\n");
    expect(await of("root")).toBe("clientaliveinterval 0\nclientalivecountmax 3\n");
    expect((await own.sh("grep -c begin /etc/ssh/sshd_config")).stdout).toBe("1\n");
    await own.sh(removeScript(USER));
    expect(await own.files()).toBe(before);
  });

  test("a block in sshd_config that has lost its end is not taken for all that follows", async () => {
    const own = await lab(startMachine());
    await own.sh("sed -i /^Include/d /etc/ssh/sshd_config");
    await own.sh(setupScript(USER, key));
    await own.sh("sed -i '/^# tofu3 end/d' /etc/ssh/sshd_config; echo AcceptEnv LAST >>/etc/ssh/sshd_config");
    const before = await own.files();
    const { code, stderr } = await own.sh(removeScript(USER));
    expect(code).toBe(1);
    expect(stderr).toContain(`has the line: # tofu3 begin ${USER}, and not its end`);
    expect(await own.files()).toBe(before);
  });

  test("a user, a home or a file of somebody else is left alone", async () => {
    const own = await lab(startMachine());
    await own.sh(`useradd -m ${USER}; useradd -m other; mkdir /home/free; echo mine >/usr/local/lib/tofu3-worker.sh`);
    const before = await own.files();
    for (const script of [setupScript(USER, key), removeScript(USER)]) {
      const { code, stderr } = await own.sh(script);
      expect(code).toBe(1);
      expect(stderr).toContain(`there is a user ${USER} that tofu3 did not make`);
    }
    const { code, stderr } = await own.sh(setupScript("free", key));
    expect([code, stderr]).toEqual([1, expect.stringContaining("there is a folder /home/free without a user free")]);
    expect(await own.files()).toBe(before);
    const odd = await own.sh(setupScript("fresh", key));
    expect([odd.code, odd.stderr]).toEqual([1, expect.stringContaining("is not the worker script of tofu3")]);
    await own.sh(removeScript("fresh"));
    expect(await own.files()).toBe(before);
  });

  test("the account of config/cloud-init.yaml is taken over, and its key keeps nothing but the worker script", async () => {
    const text = await readFile(join(import.meta.dirname, "../../config/cloud-init.yaml"), "utf8");
    const { users } = parse(text) as { users: readonly (Record<string, unknown> | string)[] };
    const user = users.find((each) => typeof each === "object") as { gecos: string; ssh_authorized_keys: string[] };
    const own = await lab(startMachine());
    const theirs = user.ssh_authorized_keys
      .map((line) => line.replace(/ssh-ed25519 .*/, `${key.type} ${key.base64}`))
      .join("\n");
    expect(theirs).toContain(`${key.type} ${key.base64}`);
    await own.sh(`useradd -m -c "${user.gecos}" -s /bin/sh tofu; mkdir -p /home/tofu/.ssh
printf "%s\\n" "ssh-ed25519 AAAA else" "${theirs} me" >/home/tofu/.ssh/authorized_keys; chown -R tofu: /home/tofu/.ssh`);
    for (const made of [1, 2]) {
      const { code, stderr } = await own.sh(setupScript("tofu", key));
      expect([made, code, stderr]).toEqual([made, 0, ""]);
      const lines = (await own.sh("cat /home/tofu/.ssh/authorized_keys")).stdout.trimEnd().split("\n");
      expect(lines).toEqual([
        "ssh-ed25519 AAAA else",
        expect.stringMatching(/^restrict,command="\/bin\/sh \/usr\/local\/lib\/tofu3-worker\.sh" ssh-/),
      ]);
    }
  });

  test("two accounts: the script stays for the one that is left, and each has its key", async () => {
    const own = await lab(startMachine());
    await own.sh(setupScript("one", key));
    await own.sh(setupScript("two", key));
    await makeKeyFile(join(folder, "second"));
    const second = parsePublicKey(await readFile(join(folder, "second.pub"), "utf8"), "x");
    await own.sh(setupScript("two", second));
    expect((await own.sh("wc -l </home/two/.ssh/authorized_keys")).stdout.trim()).toBe("2");
    await own.sh(removeScript("one"));
    expect((await own.sh("cat /usr/local/lib/tofu3-worker.sh")).stdout).toBe(SCRIPT_FILE);
    await own.sh(removeScript("two"));
    expect((await own.sh("ls /usr/local/lib/tofu3-worker.sh")).code).not.toBe(0);
  });

  test("without useradd it takes busybox's adduser, by its own flags", async () => {
    const own = await lab(startMachine());
    // Debian's busybox has no adduser; this one takes what busybox documents and nothing else
    const adduser = `set -eu; home= shell= gecos= makes=yes
while getopts h:g:s:G:DSHu:k: flag; do case $flag in
h) home=$OPTARG;; g) gecos=$OPTARG;; s) shell=$OPTARG;; H) makes=;; D) ;; *) exit 9;; esac; done
shift $((OPTIND - 1)); test $# = 1; test -z "$makes"
exec /usr/sbin/usermake -M -U -d "$home" -s "$shell" -c "$gecos" "$1"`;
    await writeFile(join(folder, "adduser"), `#!/bin/sh\n${adduser}\n`, { mode: 0o755 });
    await own.sh(`: >/usr/sbin/usermake; mount --bind /usr/sbin/useradd /usr/sbin/usermake
mount --bind /dev/null /usr/sbin/useradd; mount --bind ${join(folder, "adduser")} /usr/sbin/adduser`);
    const made = await own.sh(setupScript(USER, key), ["busybox", "sh"]);
    await own.sh("umount /usr/sbin/usermake; rm -f /usr/sbin/usermake");
    expect(made.code, made.stderr).toBe(0);
    expect((await own.sh(`grep ^${USER} /etc/passwd`)).stdout).toMatch(
      new RegExp(`^${USER}:x:\\d+:\\d+:tofu3 worker:/home/${USER}:/bin/sh\n$`),
    );
  });
});

describe("tofu3 workers setup", () => {
  interface Report {
    readonly workers: readonly { readonly worker: string; readonly state: string; readonly hostKey: string | null }[];
  }

  test("--apply over the user's own ssh; workers check gets in and nobody else does; --remove --apply leaves nothing", async () => {
    const before = await machine.files();
    const made = await setup("--apply", ...withKey());
    expect(made.code, made.stderr).toBe(0);
    expect(made.stdout).toMatch(
      new RegExp(
        `^\\{ name: lab, via: ssh, host: lab, user: ${USER}, identityFile: ${vm.identityFile}, hostKey: SHA256:`,
      ),
    );
    const other = `- { name: sgp, via: ssh, host: 127.0.0.1, port: 1, hostKey: "SHA256:${"C".repeat(42)}A" }`;
    const fra = `- { name: fra, via: ssh, host: ${vm.host}, port: ${vm.port}, user: ${USER}, identityFile: ${vm.identityFile}, hostKey: "${vm.hostKeyFingerprint}" }`;
    const config = `workers:\n${fra}\n- { name: here, via: local }\n${other}\n`;
    const checked = await run(["workers", "check", "--json", "--config", "-"], { stdin: config });
    const { workers } = JSON.parse(checked.stdout) as Report;
    expect(workers[0], checked.stdout).toMatchObject({
      worker: "fra",
      state: "usable",
      hostKey: vm.hostKeyFingerprint,
    });
    const asUser = ["-F", join(folder, "ssh_config"), "-tt", "-l", USER, "lab", "id; echo in >/tmp/$USER"];
    const tried = await run([], { prefix: ["sh", "-c", '/usr/bin/ssh "$@" </dev/null', "ssh", ...asUser] });
    expect(tried.stdout).not.toContain("uid=");
    expect(tried.stderr).toContain("PTY allocation request failed");
    const gone = await setup("--remove", "--apply");
    expect(gone.code, gone.stderr).toBe(0);
    expect(await machine.files()).toBe(before);
  });

  test("sudo of another login asks for its password on the terminal", async () => {
    await machine.sh(`useradd -m boss; echo boss:sesame | chpasswd; echo "boss ALL=(ALL) ALL" >/etc/sudoers.d/boss
mkdir -p /home/boss/.ssh; cp /root/.ssh/authorized_keys /home/boss/.ssh/; chown -R boss: /home/boss`);
    const args = ["workers", "setup", "boss@lab", "--user", USER, "--apply", ...withKey()];
    const made = await runOnTerminal(args, { ...options, stdin: "sesame\n" });
    expect(made.code, made.stdout).toBe(0);
    expect(made.stdout).toContain(`user ${USER} is ready`);
    const denied = await run([...args.slice(0, 5), "--remove", "--apply"], options);
    expect([denied.code, denied.stderr]).toEqual([12, expect.stringContaining("or as a user who may use sudo")]);
    const removed = await setup("--remove", "--apply");
    expect(removed.code, removed.stderr).toBe(0);
  });

  test("the printed script is what is run, and --json has it with the rest", async () => {
    const plain = await setup(...withKey());
    expect(plain).toMatchObject({ code: 0, stdout: setupScript(USER, key) });
    expect(plain.stderr).toContain("| ssh lab sudo sh");
    expect(JSON.parse((await setup("--json", ...withKey())).stdout)).toMatchObject({
      host: "lab",
      user: USER,
      script: plain.stdout,
    });
    expect((await setup("--remove")).stdout).toBe(removeScript(USER));
  });

  test("ssh that cannot get there: 12, and its own words", async () => {
    const seen = await run(["workers", "setup", "lab:1", "--apply", ...withKey()], options);
    expect(seen.code).toBe(12);
    expect(seen.stderr).toMatch(/Connection refused[^]*ssh does not reach "lab"/);
  });

  test.each([
    ["-oProxyCommand=id", [], "has no flag"],
    ["--", ["--", "-oProxyCommand=id"], "not a machine"],
    ["root@-x", [], "not a machine"],
    ["-root@x", [], "has no flag"],
    ["x;id", [], "not a machine"],
    ["x y", [], "not a machine"],
    ["x:99999", [], "not a machine"],
    ["[::1", [], "not a machine"],
    ["x", ["--user", "root"], "--user cannot be"],
    ["x", ["--user", "a b"], "--user cannot be"],
    ["$(id)@x", [], "not a machine"],
    ["a;id@x", [], "not a machine"],
    ["a\\@x", [], "not a machine"],
    ["x", ["--user", "-a"], "--user"],
    ["x", ["--user", "$(id)"], "--user cannot be"],
    ["x", ["--user", "a\nb"], "--user cannot be"],
  ])("HOST %j %j is refused", async (host, more, says) => {
    const seen = await run(
      ["workers", "setup", ...(host === "--" ? [] : [host]), "--apply", ...withKey(), ...more],
      options,
    );
    expect([seen.code, seen.stdout]).toEqual([2, ""]);
    expect(seen.stderr).toContain(says);
  });
});

describe("the key", () => {
  const refused = (text: string): string => {
    try {
      return JSON.stringify(parsePublicKey(text, "it"));
    } catch (error) {
      return (error as Error).message;
    }
  };
  test("what is in the script is a type, a key and words", () => {
    const line = `${key.type} ${key.base64}`;
    expect(parsePublicKey(`# mine\n\n  ${line} $(id) kim@laptop 'a' "b"\r\n`, "it")).toEqual({
      ...key,
      comment: "kim@laptop",
    });
    expect(parsePublicKey(line, "it").comment).toBe("tofu3");
  });
  test.each([
    ["nothing", "", /there is no key in it/],
    ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", /that is a private key/],
    ["options before it", 'command="id" ssh-ed25519 AAAA', /does not begin with a type and a key/],
    [
      "another type than it says",
      "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIGbpEJpR6bX9nYWesKb1+8oP25/KNrWSlkyv/ytCrkG5",
      /does not begin/,
    ],
    ["a hardware token", "sk-ssh-ed25519@openssh.com AAAA", /hardware token/],
    ["a quote in the key", 'ssh-ed25519 AAAA"; id', /does not begin/],
  ])("%s", (_, text, says) => expect(refused(text)).toMatch(says));
  test("what was no key is not quoted: it may be a secret", () => {
    expect(refused("hunter2-a-token-by-mistake")).not.toContain("hunter2");
    expect(refused("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ")).not.toContain("b3Bl");
  });
  test("two keys", () => expect(refused(`${key.type} ${key.base64}\n${key.type} ${key.base64}\n`)).toMatch(/2 keys/));

  test("without --key: identityFile of that worker, ~/.ssh/id_ed25519.pub, the agent's only key, or an error", async () => {
    const home = join(folder, "home");
    await runTool("mkdir", ["-p", join(home, ".ssh")]);
    const tell = async (env: Record<string, string>, config = ""): Promise<string> => {
      const args = ["workers", "setup", "vm.example", ...(config === "" ? [] : ["--config", "-"])];
      const seen = await run(args, { env: { HOME: home, ...env }, cwd: home, stdin: config });
      return seen.stderr.split("\n", 1).join("");
    };
    expect(await tell({})).toMatch(/there is no public key for the account: .*no ssh-agent is running/);
    const script =
      'eval "$(ssh-agent)" >/dev/null; ssh-add -q "$0"; node "$2" workers setup x; ssh-agent -k >/dev/null';
    const agent = await run([], { prefix: ["sh", "-c", script, vm.identityFile], env: { HOME: home }, cwd: home });
    expect(agent.stderr).toContain("will let in the key of the agent");
    expect(agent.stdout).toContain(key.base64);
    await makeKeyFile(join(home, ".ssh/id_ed25519"));
    expect(await tell({})).toContain(`the key of "${home}/.ssh/id_ed25519.pub"`);
    const workers = [
      `{ name: fra, via: ssh, host: vm.example, identityFile: ${vm.identityFile} }`,
      "{ name: here, via: local }",
      "{ name: sgp, via: ssh, host: b }",
    ];
    expect(await tell({}, `workers: [${workers.join(", ")}]`)).toContain(`the key of "${vm.identityFile}.pub"`);
  });
});
