import type { PublicKey } from "./publickey.ts";

/** Whoever has an Ed25519 private key: this process, or an agent. */
export interface Signer {
  readonly key: PublicKey;
  /** 64 bytes. RFC 8032 §5.1.6 */
  sign(data: Uint8Array): Promise<Uint8Array>;
}
