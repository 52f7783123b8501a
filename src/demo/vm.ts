import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { kill } from "node:process";
import ssh2, { type AuthContext, type Connection, type ServerChannel, type Session } from "ssh2";
import { fingerprintOf } from "../model/fingerprint.ts";

/** Where a VM finds sh, curl and a hash tool, whatever the user's own PATH is. */
export const VM_PATH =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin:/opt/homebrew/bin";

/** How long a command may run on after its client is gone. */
const GRACE_MS = 1000;

export interface DemoIdentity {
  /** OpenSSH private key, 0600, without a passphrase. */
  readonly file: string;
  /** Wire format of the public key. */
  readonly publicKey: Buffer;
}

export interface DemoVm {
  readonly name: string;
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly user: string;
  /** `SHA256:…` as printed by `ssh-keygen -l`. */
  readonly hostKey: string;
  /** Home and temporary directory of its processes. */
  readonly home: string;
  /** Running process groups, by the pid of their leader. */
  running(): readonly number[];
  stop(): Promise<void>;
}

function makeKey(): { privateKey: string; publicKey: Buffer } {
  for (;;) {
    const privateKey = ssh2.utils.generateKeyPairSync("ed25519").private;
    const parsed = ssh2.utils.parseKey(privateKey);
    // ssh2 1.17.0 writes about one key in two hundred in a form that no program can read
    if (!(parsed instanceof Error)) return { privateKey, publicKey: parsed.getPublicSSH() };
  }
}

/** A fresh key pair; the private key goes to `id_ed25519` in `directory`, which must be private. */
export async function makeIdentity(directory: string): Promise<DemoIdentity> {
  const { privateKey, publicKey } = makeKey();
  const file = join(directory, "id_ed25519");
  await writeFile(file, privateKey, { mode: 0o600, flag: "wx" });
  return { file, publicKey };
}

function same(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function isAdmitted(attempt: AuthContext, publicKey: Buffer): boolean {
  if (attempt.method !== "publickey" || !same(attempt.key.data, publicKey)) return false;
  // without a signature the client only asks whether the key is acceptable
  if (attempt.signature === undefined || attempt.blob === undefined) return true;
  const key = ssh2.utils.parseKey(`${attempt.key.algo} ${publicKey.toString("base64")}`);
  return !(key instanceof Error) && key.verify(attempt.blob, attempt.signature, attempt.hashAlgo);
}

function killGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    kill(-leader, signal);
  } catch {
    // already gone
  }
}

/** Like sshd: `sh -c COMMAND` in its own session and process group, with its own environment. */
function run(command: string, home: string): ChildProcessWithoutNullStreams {
  return spawn("/bin/sh", ["-c", command], {
    cwd: home,
    env: { PATH: VM_PATH, HOME: home, TMPDIR: home, USER: "tofu", LOGNAME: "tofu", SHELL: "/bin/sh" },
    detached: true,
    stdio: "pipe",
  });
}

function connect(child: ChildProcessWithoutNullStreams, channel: ServerChannel): void {
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  // a program that exits without reading its input, or a client that leaves: both are normal
  child.stdin.on("error", () => channel.unpipe(child.stdin).resume());
  channel.on("error", () => undefined);
  child.once("close", (code, signal) => {
    if (signal === null) channel.exit(code ?? 255);
    else channel.exit(signal.slice("SIG".length));
    channel.end();
  });
}

function serveSession(session: Session, home: string, groups: Map<number, Promise<unknown>>): void {
  let leader: number | undefined;
  session.on("signal", (accept, _reject, info) => {
    if (leader !== undefined) killGroup(leader, `SIG${info.name}` as NodeJS.Signals);
    (accept as typeof accept | undefined)?.();
  });
  session.on("exec", (accept, reject, info) => {
    const child = run(info.command, home);
    const { pid } = child;
    child.once("error", () => reject());
    if (pid === undefined) return;
    leader = pid;
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    groups.set(pid, ended);
    const channel = accept();
    connect(child, channel);
    channel.once("close", () => {
      // like sshd, close its input first; unlike sshd, do not let it live on
      child.stdin.destroy();
      child.stdout.resume();
      child.stderr.resume();
      const last = setTimeout(() => killGroup(pid, "SIGKILL"), GRACE_MS);
      void ended.then(() => clearTimeout(last));
    });
    void ended.then(() => groups.delete(pid));
  });
}

/**
 * A small SSH server on loopback that stands in for a VM: its own host key, one client key, no passwords, no shell, no
 * forwarding. It runs commands with this machine's real sh. `directory` gets a subdirectory with the VM's name.
 */
export async function startDemoVm(options: {
  name: string;
  directory: string;
  identity: DemoIdentity;
}): Promise<DemoVm> {
  const home = join(options.directory, options.name);
  await mkdir(home, { mode: 0o700 });
  const { privateKey, publicKey } = makeKey();
  const clients = new Set<Connection>();
  const groups = new Map<number, Promise<unknown>>();
  const ssh = new ssh2.Server({ hostKeys: [privateKey] }, (client) => {
    clients.add(client);
    client.on("error", () => undefined);
    client.once("close", () => clients.delete(client));
    client.on("authentication", (attempt) => {
      if (isAdmitted(attempt, options.identity.publicKey)) attempt.accept();
      else attempt.reject(["publickey"]);
    });
    client.on("session", (accept) => serveSession(accept(), home, groups));
  });
  // not ssh.listen: its sockets use Nagle's algorithm, which costs 40 ms per answer
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    name: options.name,
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    user: "tofu",
    hostKey: fingerprintOf(publicKey),
    home,
    running: () => [...groups.keys()],
    async stop() {
      const closed = server.listening ? once(server, "close") : Promise.resolve([]);
      server.close();
      for (const client of clients) client.end();
      for (const socket of sockets) socket.destroySoon();
      for (const leader of groups.keys()) killGroup(leader, "SIGKILL");
      await Promise.all([closed, ...groups.values()]);
    },
  };
}
