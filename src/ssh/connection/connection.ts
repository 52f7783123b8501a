import type { AskPassphrase } from "../../model/credentials.ts";
import type { Duplex } from "node:stream";
import { NodeSSH } from "node-ssh";
import type { Client } from "ssh2";
import { within } from "../../http/deadline.ts";
import { fingerprintOf } from "../../model/fingerprint.ts";
import { algorithmsOf, type HostTrust } from "./hostkey.ts";
import { keyType } from "./knownhosts.ts";
import { handshakeFault, unreachable, wordsFor } from "./faults.ts";
import { readProofs, type Proofs, type SshProof } from "./keys.ts";
import { openForward, openSocket } from "./socket.ts";
import type { SshTarget } from "./target.ts";
import { readTrust } from "./trust.ts";

export interface SshConnection {
  readonly client: Client;
  /** `SHA256:…` of the key that the VM proved. */
  readonly hostKey: string;
  /** Resolves with the reason, in words, when the connection is lost. */
  readonly lost: Promise<string>;
  close(): void;
}

export interface SshSettings {
  readonly connectSeconds: number;
  readonly ask: AskPassphrase | null;
  /** Told of what is not as configured and does not stop the connection. */
  readonly warn: (what: string, todo: string) => void;
}

const KEEPALIVE_MS = 10_000;
const KEEPALIVE_MISSES = 3;

/**
 * No known weaknesses: no SHA-1, no CBC, no ChaCha20 (Terrapin, if the server lacks strict key exchange), no
 * compression.
 */
const ALGORITHMS = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "diffie-hellman-group16-sha512",
  ],
  cipher: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes128-ctr"],
  hmac: ["hmac-sha2-256", "hmac-sha2-512"],
  compress: ["none"],
};

interface Attempt {
  readonly target: SshTarget;
  readonly trust: HostTrust;
  /** Host key types to negotiate. */
  readonly types: readonly string[];
  readonly proofs: Proofs;
  readonly connectSeconds: number;
}

/** The result of one handshake: a connection, or a host key that is not trusted. */
type Handshake = { readonly connection: SshConnection } | { readonly refused: Buffer };

export async function handshake(attempt: Attempt, sock: Duplex, signal: AbortSignal): Promise<Handshake> {
  const { target, trust } = attempt;
  const seen: { accepted: Buffer | null; refused: Buffer | null } = { accepted: null, refused: null };
  const proofs = [...attempt.proofs.proofs];
  const config = {
    sock,
    username: target.user,
    algorithms: { ...ALGORITHMS, serverHostKey: algorithmsOf(attempt.types) },
    // ssh2 connects unless this returns the literal `false`: hence one synchronous comparison and a real boolean.
    hostVerifier: (key: Buffer): boolean => {
      const accepted: boolean = trust.accepts(key);
      seen[accepted ? "accepted" : "refused"] = key;
      return accepted;
    },
    authHandler: (_left: unknown, _partial: unknown, next: (proof: SshProof | false) => void) =>
      next(proofs.shift() ?? false),
    readyTimeout: attempt.connectSeconds * 1000,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVE_MISSES,
  };
  const ssh = new NodeSSH();
  const onAbort = (): void => void sock.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const connecting = ssh.connect(config as unknown as Parameters<NodeSSH["connect"]>[0]);
  const client = ssh.connection;
  const lost = client === null ? null : lossOf(client);
  try {
    await connecting;
  } catch (error) {
    sock.destroy();
    if (seen.refused !== null) return { refused: seen.refused };
    throw signal.aborted
      ? unreachable(target, "it did not answer in SSH in time", error)
      : handshakeFault(target, error, attempt.proofs.missing);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  if (client === null || lost === null || seen.accepted === null) {
    sock.destroy();
    throw unreachable(target, "its host key was never shown");
  }
  return { connection: { client, hostKey: fingerprintOf(seen.accepted), lost, close: () => void client.destroy() } };
}

/**
 * node-ssh removes its error listener once connected; an error in the same packet, or a later reset, would crash the
 * process.
 */
function lossOf(client: Client): Promise<string> {
  return new Promise((resolve) => {
    client.on("error", (error) => resolve(wordsFor(error)));
    client.on("close", () => resolve("it was closed"));
  });
}

export async function socketFor(target: SshTarget, settings: SshSettings, signal: AbortSignal): Promise<Duplex> {
  if (target.jump === null) return openSocket(target, signal);
  const jump = await openSsh(target.jump, settings, signal);
  try {
    const sock = await openForward(jump.client, target.jump.host, target, signal);
    return sock.once("close", () => jump.close());
  } catch (error) {
    jump.close();
    throw error;
  }
}

/**
 * Connects, checks the host key before authenticating, and authenticates. Rejects with E_HOST_KEY, E_SSH_AUTH, E_SSH,
 * or the signal's reason. A configured fingerprint does not reveal its key type, so if the server shows another type
 * first, it is asked again for the remaining ones.
 */
export async function openSsh(target: SshTarget, settings: SshSettings, signal: AbortSignal): Promise<SshConnection> {
  const trust = await readTrust(target);
  const proofs = await readProofs(target, settings.ask, signal);
  for (const { file, why } of proofs.missing)
    settings.warn(`${why}; the agent's keys are used`, `make ${file}, or remove identityFile from that worker`);
  return within(settings.connectSeconds * 1000, [signal], async (deadline) => {
    const refusedKeys: Buffer[] = [];
    for (let types = trust.types; ;) {
      try {
        const sock = await socketFor(target, settings, deadline);
        const outcome = await handshake(
          { target, trust, types, proofs, connectSeconds: settings.connectSeconds },
          sock,
          deadline,
        );
        if ("connection" in outcome) return outcome.connection;
        refusedKeys.push(outcome.refused);
      } catch (error) {
        signal.throwIfAborted();
        const [shown] = refusedKeys;
        throw shown === undefined ? error : trust.refusal(shown);
      }
      const [first = Buffer.alloc(0)] = refusedKeys;
      const others = types.filter((type) => !refusedKeys.some((key) => keyType(key) === type));
      if (target.hostKey === null || others.length === 0 || others.length === types.length) throw trust.refusal(first);
      types = others;
    }
  });
}
