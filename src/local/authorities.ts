import { readFileSync } from "node:fs";

/** CA bundles of Debian and Alpine, Fedora, SUSE, FreeBSD and macOS, to which an administrator can add. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/usr/local/etc/ssl/cert.pem",
  "/etc/ssl/cert.pem",
];

/**
 * The certificate authorities that this machine trusts, PEM, the same that curl on a VM uses; null if there is no such
 * bundle, which leaves the ones built into Node. Ignores environment variables.
 */
export function systemAuthorities(): string | null {
  for (const bundle of BUNDLES) {
    try {
      const text = readFileSync(bundle, "utf8");
      if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
    } catch {
      // another kind of system
    }
  }
  return null;
}
