import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { Tofu3Error, visible } from "../../errors.ts";
import { fingerprintOf } from "../../model/fingerprint.ts";

/** An Ed25519 public key. RFC 8032, RFC 8410, RFC 8709 */
export interface PublicKey {
  /** `SHA256:…`, as `ssh-keygen -l` prints it: one name for the same key in either form. */
  readonly id: string;
  /** 32 bytes. */
  readonly raw: Uint8Array;
}

const KIND = "ssh-ed25519";
/** DER of a SubjectPublicKeyInfo up to the 32 bytes of the key. RFC 8410 §4 */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const LENGTH = 32;

/**
 * One Ed25519 key: `-----BEGIN PUBLIC KEY-----` as `tofu3 keygen` and openssl write it, or a line `ssh-ed25519 AAAA…` as
 * OpenSSH does. Throws E_KEY; `name` says where it stands.
 */
export function parsePublicKey(text: string, name: string): PublicKey {
  const trimmed = text.trim();
  if (trimmed === "") throw noKey(name, "it is empty");
  if (trimmed.includes("PRIVATE KEY-----")) throw noKey(name, "it is a private key", "name the public one, FILE.pub");
  return trimmed.startsWith("-----BEGIN ") ? fromPem(trimmed, name) : fromLine(trimmed, name);
}

/** The key of 32 bytes. */
export function publicKeyOf(raw: Uint8Array): PublicKey {
  return { id: fingerprintOf(wireOf({ raw })), raw };
}

/** `ssh-ed25519 AAAA…`, without a comment. */
export function formatPublicKey({ raw }: PublicKey): string {
  return `${KIND} ${wireOf({ raw }).toString("base64")}`;
}

/** SubjectPublicKeyInfo, as openssl reads it. RFC 7468 §13 */
export function pemOf(key: PublicKey): string {
  return keyObjectOf(key).export({ type: "spki", format: "pem" }).toString();
}

/** Whether these 64 bytes are this key's signature of the data. RFC 8032 §5.1.7 */
export function verifies(key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && verify(null, data, keyObjectOf(key), signature);
}

/** A public key in SSH's encoding. RFC 8709 §4; null for anything else. */
export function fromWire(wire: Uint8Array): PublicKey | null {
  const raw = wire.subarray(wire.length - LENGTH);
  return raw.length === LENGTH && wireOf({ raw }).equals(wire) ? publicKeyOf(raw) : null;
}

function fromPem(text: string, name: string): PublicKey {
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch (cause) {
    throw noKey(name, "it is no public key in PEM", undefined, cause);
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw noKey(name, `it is of the kind ${visible(key.asymmetricKeyType ?? "unknown", 40)}`);
  const der = key.export({ type: "spki", format: "der" });
  return publicKeyOf(new Uint8Array(der.subarray(SPKI_HEAD.length)));
}

function fromLine(text: string, name: string): PublicKey {
  const [kind = "", encoded = ""] = text.split(/\s+/);
  if (text.includes("\n")) throw noKey(name, "it has several lines");
  if (kind !== KIND) throw noKey(name, `it is of the kind "${visible(kind, 40)}"`);
  const key = fromWire(new Uint8Array(Buffer.from(encoded, "base64")));
  if (key === null || formatPublicKey(key) !== `${kind} ${encoded}`) throw noKey(name, "it is not whole");
  return key;
}

/** In SSH's encoding. RFC 8709 §4 */
export function wireOf({ raw }: Pick<PublicKey, "raw">): Buffer {
  return Buffer.concat([sized(Buffer.from(KIND)), sized(raw)]);
}

function sized(bytes: Uint8Array): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

function keyObjectOf({ raw }: PublicKey): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: "der", type: "spki" });
}

function noKey(name: string, why: string, hint?: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_KEY", `${name} is not an Ed25519 public key: ${why}`, {
    hint: hint ?? "name a key that tofu3 keygen or ssh-keygen -t ed25519 made",
    cause,
  });
}
