import { readFileSync } from "node:fs";

/** Where Debian and Alpine, Fedora, SUSE, FreeBSD and macOS keep the authorities that an administrator can add to. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/usr/local/etc/ssl/cert.pem",
  "/etc/ssl/cert.pem",
];

/**
 * The authorities that this machine trusts, PEM, as curl on a VM uses them too; null where there is no such bundle, which leaves those
 * that Node was built with. Environment variables have no say.
 */
export function systemAuthorities(): string | null {
  for (const bundle of BUNDLES) {
    try {
      const text = readFileSync(bundle, "utf8");
      if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
    } catch {
      // not this kind of system
    }
  }
  return null;
}
