import { createHash, X509Certificate } from "node:crypto";
import { visible } from "../errors.ts";
import type { SeenCertificate } from "./transport.ts";

const MOST_NAME = 300;

/**
 * What a certificate (DER or PEM) says of itself; null if it cannot be read. Both engines use this, so that the same
 * certificate is noted in the same words. `version` is that of TLS, null if unknown.
 */
export function certificateFrom(encoded: string | Uint8Array, version: string | null): SeenCertificate | null {
  try {
    const certificate = new X509Certificate(encoded);
    return {
      version,
      subject: nameOn(certificate.subject),
      issuer: nameOn(certificate.issuer),
      validFrom: new Date(certificate.validFrom).toISOString(),
      validTo: new Date(certificate.validTo).toISOString(),
      spki: createHash("sha256")
        .update(certificate.publicKey.export({ type: "spki", format: "der" }))
        .digest("hex"),
    };
  } catch {
    return null;
  }
}

/** Node has one part of a name on each line, and escapes line breaks and commas within a part. */
function nameOn(lines: string | undefined): string {
  return visible((lines ?? "").split("\n").join(", "), MOST_NAME);
}
