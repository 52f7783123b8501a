import { randomBytes } from "node:crypto";
import { appendFile, chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { findProgram } from "./install.ts";
import { childrenOf, commandLine, processesWith } from "./proc.ts";
import { freePort, launch, makeFolder, runTool, until, type Launched } from "./processes.ts";

export type KeyType = "ed25519" | "rsa" | "ecdsa";

export interface SshdOptions {
  /** Address to listen on; 127.0.0.1. */
  readonly address?: string;
  /** A free one; given, it is taken or the start fails. */
  readonly port?: number;
  readonly hostKeyTypes?: readonly KeyType[];
  /** Private host keys of another lab server, so that two look like one machine. */
  readonly hostKeyFiles?: readonly string[];
  /** A client key that is let in, too: that of another lab server, which starts again as this one. */
  readonly letIn?: string;
  /** Runs instead of whatever the client asks for; that is in SSH_ORIGINAL_COMMAND. */
  readonly forcedCommand?: string;
  /** Runs commands as sshd does for a user with this login shell, e.g. /usr/bin/fish. */
  readonly shell?: string;
  /** Further lines of sshd_config; they come first, and the first of a kind counts. */
  readonly config?: readonly string[];
  /** Further variables of every session. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs sshd inside of this, e.g. the `prefix` of a network namespace. */
  readonly prefix?: readonly string[];
}

export interface Sshd {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** A client key that is let in; ed25519, no passphrase. */
  readonly identityFile: string;
  /** `SHA256:…` of the first host key. */
  readonly hostKeyFingerprint: string;
  /** `[host]:port type key` of the first host key. */
  readonly knownHostsLine: string;
  /** A file with that line. */
  readonly knownHostsFile: string;
  readonly hostKeyFiles: readonly string[];
  /** HOME of every session. */
  readonly home: string;
  readonly folder: string;
  readonly pid: number;
  /** Log of sshd, level VERBOSE: connections, keys that were tried, sessions. */
  readonly log: () => string;
  /** What runs on this "VM" on behalf of clients, as `pid command line`; orphans included, sshd itself not. */
  readonly processesOf: () => string[];
  /**
   * SIGKILL to the listener and to every session, as when the machine loses its power; what the sessions ran lives on.
   */
  readonly kill9: () => Promise<void>;
  /** Ends everything, what the sessions left behind included. */
  readonly stop: () => Promise<void>;
}

async function makeHostKeys(folder: string, options: SshdOptions): Promise<string[]> {
  if (options.hostKeyFiles !== undefined) {
    for (const [i, file] of options.hostKeyFiles.entries()) {
      await copyFile(file, join(folder, `host${i}`));
      await copyFile(`${file}.pub`, join(folder, `host${i}.pub`));
      await chmod(join(folder, `host${i}`), 0o600);
    }
    return options.hostKeyFiles.map((_, i) => join(folder, `host${i}`));
  }
  const types = options.hostKeyTypes ?? ["ed25519"];
  for (const [i, type] of types.entries()) await makeKeyFile(join(folder, `host${i}`), type);
  return types.map((_, i) => join(folder, `host${i}`));
}

/** Writes a key pair to `file` and `file.pub`. */
export async function makeKeyFile(file: string, type: KeyType = "ed25519", passphrase = ""): Promise<void> {
  await runTool("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "lab", "-f", file]);
}

/** `SHA256:…` of a public key file. */
export async function fingerprintOf(publicKeyFile: string): Promise<string> {
  const line = await runTool("ssh-keygen", ["-l", "-E", "sha256", "-f", publicKeyFile]);
  const [fingerprint] = /SHA256:\S+/.exec(line) ?? [];
  if (fingerprint === undefined) throw new Error(`ssh-keygen -l printed ${line}`);
  return fingerprint;
}

function configText(options: SshdOptions, folder: string, hostKeys: readonly string[], marker: string): string {
  const session =
    options.forcedCommand ??
    (options.shell === undefined ? undefined : `exec ${options.shell} -c "$SSH_ORIGINAL_COMMAND"`);
  const env = { HOME: join(folder, "home"), TOFU3_LAB_VM: marker, ...options.env };
  return [
    ...(options.config ?? []),
    ...hostKeys.map((file) => `HostKey ${file}`),
    `PidFile none`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    "StrictModes no",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "LogLevel VERBOSE",
    "MaxStartups 100:30:200",
    // one line: of several SetEnv lines sshd takes the first
    `SetEnv ${Object.entries(env)
      .map(([name, value]) => `"${name}=${value}"`)
      .join(" ")}`,
    "Subsystem sftp internal-sftp",
    ...(session === undefined ? [] : [`ForceCommand ${session}`]),
    "",
  ].join("\n");
}

async function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

/** Starts the listener; another port when somebody was faster. */
async function startListener(
  folder: string,
  options: SshdOptions,
  address: string,
): Promise<{ server: Launched; port: number }> {
  const program = findProgram("sshd");
  if (program === null) throw new Error("sshd is missing");
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort(options.prefix === undefined ? address : "127.0.0.1"));
    const logFile = join(folder, `sshd${attempt}.log`);
    const listen = `${address.includes(":") ? `[${address}]` : address}:${port}`;
    const command = [
      ...(options.prefix ?? []),
      program,
      "-D",
      "-e",
      "-f",
      join(folder, "sshd_config"),
      "-o",
      `ListenAddress=${listen}`,
    ];
    const server = launch(command, { logFile });
    let ended = false;
    void server.ended.then(() => (ended = true));
    const up = await until(`sshd on ${listen}`, () =>
      ended ? false : /Server listening/.test(server.log()) ? true : undefined,
    );
    if (up && (options.prefix !== undefined || (await listens(address, port)))) return { server, port };
    await server.stop();
    if (attempt === 5 || options.port !== undefined || !/in use/.test(server.log()))
      throw new Error(`sshd does not start: ${server.log()}`);
  }
}

/** Listener and session processes of sshd itself, the listener first. */
function sshdProcesses(listener: number): number[] {
  const found = [listener];
  for (const parent of found) found.push(...childrenOf(parent).filter((pid) => commandLine(pid).startsWith("sshd: ")));
  return found;
}

/**
 * A real sshd of its own: own host key, own authorized key, own HOME; logs in the user who runs the tests. Started as
 * root or not.
 */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const folder = await makeFolder("sshd");
  const host = options.address ?? "127.0.0.1";
  const home = join(folder.path, "home");
  const marker = randomBytes(8).toString("hex");
  const identityFile = join(folder.path, "id_ed25519");
  await mkdir(home);
  await makeKeyFile(identityFile);
  await copyFile(`${identityFile}.pub`, join(folder.path, "authorized_keys"));
  if (options.letIn !== undefined)
    await appendFile(join(folder.path, "authorized_keys"), await readFile(`${options.letIn}.pub`));
  const hostKeyFiles = await makeHostKeys(folder.path, options);
  await writeFile(join(folder.path, "sshd_config"), configText(options, folder.path, hostKeyFiles, marker));
  const { server, port } = await startListener(folder.path, options, host);
  const publicKey = `${hostKeyFiles[0] ?? ""}.pub`;
  const [type, key] = (await readFile(publicKey, "utf8")).split(" ");
  const knownHostsLine = `[${host}]:${port} ${type} ${key}`;
  const knownHostsFile = join(folder.path, "known_hosts");
  await writeFile(knownHostsFile, `${knownHostsLine}\n`);
  const left = (): number[] => processesWith("TOFU3_LAB_VM", marker);
  async function kill9(): Promise<void> {
    for (const pid of sshdProcesses(server.pid).reverse()) process.kill(pid, "SIGKILL");
    await server.ended;
  }
  return {
    host,
    port,
    user: userInfo().username,
    identityFile,
    hostKeyFingerprint: await fingerprintOf(publicKey),
    knownHostsLine,
    knownHostsFile,
    hostKeyFiles,
    home,
    folder: folder.path,
    pid: server.pid,
    log: server.log,
    processesOf: () => left().map((pid) => `${pid} ${commandLine(pid)}`),
    kill9,
    async stop() {
      await kill9().catch(() => undefined);
      for (const pid of left()) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // it ended meanwhile
        }
      }
      await folder.remove();
    },
  };
}
