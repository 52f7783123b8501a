import type { Secret } from "../secret.ts";
import type { Trust } from "./trust.ts";

/** A user name with a password (or an access token in its place), or an OAuth2 refresh token. */
export type Credentials = { readonly username: string; readonly password: Secret } | { readonly identityToken: Secret };

/** Credentials for one repository of exactly this `host[:port]`; null where there are none. Throws E_CREDENTIALS when a helper fails. */
export type CredentialsFor = (hostPort: string, repository: string) => Promise<Credentials | null>;

/** What the configuration says about one registry. */
export interface RegistrySettings {
  /** Plain HTTP is allowed, and is used. */
  readonly plainHttp: boolean;
  readonly trust: Trust | null;
}

/** Asks a person for a passphrase; the prompt is without its colon. Rejects when there is no terminal. */
export type AskPassphrase = (prompt: string, signal: AbortSignal) => Promise<string>;
