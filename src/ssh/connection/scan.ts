import { within } from "../../http/deadline.ts";
import { Tofu3Error } from "../../errors.ts";
import { handshake, socketFor, type SshSettings } from "./connection.ts";
import { fingerprintOf } from "../../model/fingerprint.ts";
import { KEY_TYPES, type HostTrust } from "./hostkey.ts";
import { keyType } from "./knownhosts.ts";
import type { SshTarget } from "./target.ts";
import { readKnownTrust } from "./trust.ts";

/** The host key that a machine proved, before anybody trusts it. */
export interface ScannedKey {
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** `ssh-ed25519` */
  readonly type: string;
  /** Whether known_hosts has this key for this host. */
  readonly known: boolean;
}

/**
 * Lets the machine prove its host key, and leaves before authentication: no name and no key of ours is sent. Jump hosts
 * on the way have to be known. Rejects with E_HOST_KEY if known_hosts has other keys for it, and with E_SSH.
 */
export async function scanHostKey(target: SshTarget, settings: SshSettings, signal: AbortSignal): Promise<ScannedKey> {
  const known = await readKnownTrust(target);
  const seen: { key: Buffer | null } = { key: null };
  const accepts = (key: Buffer): boolean => {
    seen.key = key;
    return known === null || known.accepts(key);
  };
  const trust: HostTrust = { types: known?.types ?? KEY_TYPES, accepts, refusal: (key) => refusalOf(known, key) };
  await within(settings.connectSeconds * 1000, [signal], async (deadline) => {
    const sock = await socketFor(target, settings, deadline);
    const { connectSeconds } = settings;
    const proofs = { proofs: [], missing: [] };
    const outcome = await handshake(
      { target, trust, types: trust.types, proofs, connectSeconds },
      sock,
      deadline,
    ).catch((error: unknown) => {
      // it got as far as to ask who we are: the key is proved
      if (error instanceof Tofu3Error && error.code === "E_SSH_AUTH" && seen.key !== null) return null;
      throw error;
    });
    if (outcome === null) return;
    if ("refused" in outcome) throw trust.refusal(outcome.refused);
    outcome.connection.close();
  });
  if (seen.key === null)
    throw new Tofu3Error("E_SSH", `worker "${target.worker}" showed no host key`, { stage: "ssh" });
  return { fingerprint: fingerprintOf(seen.key), type: keyType(seen.key) ?? "unknown", known: known !== null };
}

function refusalOf(known: HostTrust | null, key: Buffer): Tofu3Error {
  return known === null ? new Tofu3Error("E_BUG", "a host key was refused that nobody knew") : known.refusal(key);
}
