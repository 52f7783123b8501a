import { readFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NodeSSH } from "node-ssh";
import type { Client } from "ssh2";
import { messageOf, Tofu3Error, visible } from "../errors.ts";
import { algorithmsOf, KEY_TYPES, fingerprintOf, trustFingerprint, trustKnownHosts, type HostTrust } from "./hostkey.ts";
import { keyType, parseKnownHosts } from "./knownhosts.ts";
import { readProofs, type AskPassphrase, type SshProof } from "./sshkeys.ts";
import type { SshTarget } from "./sshtarget.ts";

export interface SshConnection {
  readonly client: Client;
  /** `SHA256:…` of the key the VM proved to have, with its type. */
  readonly hostKey: string;
  /** Resolves with the reason when the connection is gone. */
  readonly lost: Promise<Error>;
  close(): void;
}

export interface SshSettings {
  readonly connectSeconds: number;
  readonly ask: AskPassphrase | null;
}

const KEEPALIVE_MS = 10_000;
const KEEPALIVE_MISSES = 3;

/** Only algorithms without a known weakness: no SHA-1, no CBC, no ChaCha20 (Terrapin where the server lacks strict key exchange), no compression. */
const ALGORITHMS = {
  kex: ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "diffie-hellman-group16-sha512"],
  cipher: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes128-ctr"],
  hmac: ["hmac-sha2-256", "hmac-sha2-512"],
  compress: ["none"],
};

function unreachable(target: SshTarget, what: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_SSH", `cannot reach worker "${target.worker}" at ${target.host}:${target.port}: ${what}`, {
    stage: "ssh",
    hint: `try it by hand: ssh -p ${target.port} ${target.user}@${target.host} true; then tofu3 workers check`,
    cause,
  });
}

const SOCKET_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "its name cannot be resolved",
  EAI_AGAIN: "its name cannot be resolved at the moment",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to its network",
  ETIMEDOUT: "it does not answer",
  ECONNRESET: "the connection was reset",
};

function wordsFor(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return SOCKET_WORDS[code] ?? visible(messageOf(error), 200);
}

/** ssh2 leaves Nagle's algorithm on, which costs a round trip for each small packet: hence a socket of our own. */
async function openSocket(target: SshTarget, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host: target.host, port: target.port, noDelay: true });
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await new Promise<Socket>((resolve, reject) => {
      socket.once("connect", () => resolve(socket));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("it does not answer")));
    });
  } catch (error) {
    socket.destroy();
    throw unreachable(target, signal.aborted ? "it does not answer in time" : wordsFor(error), error);
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.on("error", () => undefined);
  }
}

async function readTrust(target: SshTarget): Promise<HostTrust> {
  const place = { worker: target.worker, host: target.hostKeyAlias ?? target.host, port: target.hostKeyAlias === null ? target.port : 22 };
  if (target.hostKey !== null) return trustFingerprint(place, target.hostKey);
  const lines = await Promise.all(
    target.knownHostsFiles.map(async (file) => {
      try {
        return parseKnownHosts(await readFile(file, "utf8"), file);
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
        throw new Tofu3Error("E_HOST_KEY", `cannot read the known host keys in "${file}": ${messageOf(error)}`, { stage: "ssh", hint: `check its permissions: ls -l ${file}`, cause: error });
      }
    }),
  );
  return trustKnownHosts(place, lines.flat());
}

/** Why the handshake or the authentication failed, from what ssh2 says. */
function handshakeFault(target: SshTarget, refused: Buffer | null, trust: HostTrust, error: unknown): Tofu3Error {
  if (refused !== null) return trust.refusal(refused);
  const message = messageOf(error);
  if (/authentication methods failed|Too many authentication/i.test(message)) {
    return new Tofu3Error("E_SSH_AUTH", `worker "${target.worker}" refuses the keys of user "${target.user}" at ${target.host}:${target.port}`, {
      stage: "ssh",
      hint: `add the public key to ~${target.user}/.ssh/authorized_keys on the VM, or name the right identityFile`,
      cause: error,
    });
  }
  if (/no matching.*(host key|kex|cipher|mac|compress)/i.test(message) || /Handshake failed: no matching/i.test(message)) {
    return unreachable(target, `its sshd and tofu3 have no algorithm in common (${visible(message, 200)})`, error);
  }
  if (/Timed out while waiting for handshake/i.test(message)) return unreachable(target, "it does not speak SSH in time", error);
  return unreachable(target, wordsFor(error), error);
}

interface Attempt {
  readonly types: readonly string[];
  readonly proofs: readonly SshProof[];
  /** Told of a host key that was not accepted. */
  readonly onRefused: (key: Buffer) => void;
}

async function handshake(target: SshTarget, sock: Duplex, trust: HostTrust, attempt: Attempt, settings: SshSettings, signal: AbortSignal): Promise<SshConnection> {
  let offered: Buffer | null = null;
  let refused: Buffer | null = null;
  const proofs = [...attempt.proofs];
  const config = {
    sock,
    username: target.user,
    algorithms: { ...ALGORITHMS, serverHostKey: algorithmsOf(attempt.types) },
    // Anything but the literal `false` lets ssh2 connect: one synchronous comparison, and a real boolean.
    hostVerifier: (key: Buffer): boolean => {
      const accepted = trust.accepts(key);
      if (accepted) offered = key;
      else {
        refused = key;
        attempt.onRefused(key);
      }
      return accepted === true;
    },
    authHandler: (_left: unknown, _partial: unknown, next: (proof: SshProof | false) => void) => next(proofs.shift() ?? false),
    readyTimeout: settings.connectSeconds * 1000,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVE_MISSES,
  };
  const ssh = new NodeSSH();
  const onAbort = (): void => void sock.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await ssh.connect(config as unknown as Parameters<NodeSSH["connect"]>[0]);
  } catch (error) {
    sock.destroy();
    throw handshakeFault(target, refused, trust, error);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  const client = ssh.connection;
  if (client === null) throw unreachable(target, "the connection closed at once");
  // node-ssh takes its own error listener away here; without one a reset would end the process.
  const lost = new Promise<Error>((resolve) => {
    client.on("error", resolve);
    client.on("close", () => resolve(new Error("the connection closed")));
  });
  const key = offered as Buffer | null;
  if (key === null) {
    client.destroy();
    throw unreachable(target, "its host key was never shown");
  }
  return { client, hostKey: `${fingerprintOf(key)} (${keyType(key) ?? "unknown"})`, lost, close: () => void client.destroy() };
}

async function socketFor(target: SshTarget, settings: SshSettings, signal: AbortSignal): Promise<{ sock: Duplex; jump: SshConnection | null }> {
  if (target.jump === null) return { sock: await openSocket(target, signal), jump: null };
  const jump = await openSsh(target.jump, settings, signal);
  const sock = await new Promise<Duplex>((resolve, reject) => {
    jump.client.forwardOut("127.0.0.1", 0, target.host, target.port, (error, stream) => {
      if (error) {
        jump.close();
        reject(unreachable(target, `the jump host ${target.jump?.host ?? ""} cannot connect to it (${visible(messageOf(error), 200)})`, error));
      } else resolve(stream);
    });
  });
  sock.on("error", () => undefined);
  sock.once("close", () => jump.close());
  return { sock, jump };
}

/**
 * Connects, checks the host key before anything is proved to the VM, and authenticates. Rejects with E_HOST_KEY, E_SSH_AUTH or E_SSH.
 * A configured fingerprint does not say its type, so a server that shows a key of another type first is asked again for the remaining types.
 */
export async function openSsh(target: SshTarget, settings: SshSettings, signal: AbortSignal): Promise<SshConnection> {
  const trust = await readTrust(target);
  const proofs = await readProofs(target, settings.ask, signal);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(settings.connectSeconds * 1000)]);
  let types: readonly string[] = trust.types;
  let first: unknown = null;
  for (;;) {
    let refused: Buffer | null = null;
    const onRefused = (key: Buffer): void => void (refused = key);
    const { sock, jump } = await socketFor(target, settings, deadline);
    try {
      return await handshake(target, sock, trust, { types, proofs, onRefused }, settings, deadline);
    } catch (error) {
      jump?.close();
      signal.throwIfAborted();
      first ??= error;
      const others = refused === null ? [] : types.filter((type) => type !== keyType(refused as unknown as Buffer));
      if (target.hostKey === null || others.length === 0 || others.length === types.length) throw first;
      types = others;
    }
  }
}
