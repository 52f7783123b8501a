import { createHash } from "node:crypto";
import { fromWire, verifies, type PublicKey } from "../evidence/keys/publickey.ts";

const MAGIC = Buffer.from("SSHSIG");
const VERSION = 1;
/** Says what a signature is for, so that none made for something else counts. */
const NAMESPACE = "tofu3";
/** The same bytes in every encoding. */
const PRINTABLE = /^[\n\x20-\x7e]*$/;
const KIND = "ssh-ed25519";
const ARMOR = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n?$/;

/**
 * Whose signature of the text this is; null if it is nobody's. Ed25519 keys alone, as ssh-keygen -Y sign -n tofu3 makes
 * them. PROTOCOL.sshsig
 */
export function signerOf(text: string, armored: string): PublicKey | null {
  if (!PRINTABLE.test(text)) return null;
  const blob = Buffer.from(ARMOR.exec(armored)?.[1] ?? "", "base64");
  if (!blob.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const rest = blob.subarray(MAGIC.length);
  if (rest.length < 4 || rest.readUInt32BE() !== VERSION) return null;
  const [wire, namespace, reserved, hash, signature, ...more] = stringsIn(rest.subarray(4)) ?? [];
  if (wire === undefined || namespace === undefined || reserved === undefined) return null;
  if (hash === undefined || signature === undefined || more.length > 0) return null;
  if (namespace.toString("latin1") !== NAMESPACE) return null;
  const algorithm = hash.toString("latin1");
  if (algorithm !== "sha512" && algorithm !== "sha256") return null;
  const [kind, raw, ...others] = stringsIn(signature) ?? [];
  if (kind?.toString("latin1") !== KIND || raw === undefined || others.length > 0) return null;
  const key = fromWire(wire);
  const digest = createHash(algorithm).update(text, "latin1").digest();
  const signed = Buffer.concat([MAGIC, ...[namespace, reserved, hash, digest].map(sized)]);
  return key !== null && verifies(key, signed, raw) ? key : null;
}

/** Strings of SSH, one behind the other, up to the end; null if they do not end there. RFC 4251 §5 */
function stringsIn(bytes: Buffer): readonly Buffer[] | null {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 4) return null;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return null;
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}

function sized(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}
