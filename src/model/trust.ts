import type { Secret } from "../secret.ts";

/** TLS material for one registry. */
export interface Trust {
  /** PEM; replaces the system's certificate authorities for this registry. */
  readonly ca: string | null;
  /** PEM of a client certificate and its key. */
  readonly clientCertificate: { readonly certificate: string; readonly key: Secret } | null;
}
