import type { Secret } from "../secret.ts";
import type { Trust } from "./trust.ts";

/** A user name with a password (or an access token in its place), or an OAuth2 refresh token. */
export type Credentials = { readonly username: string; readonly password: Secret } | { readonly identityToken: Secret };

/**
 * Credentials for one repository of exactly this `host[:port]`; null if there are none. Throws E_CREDENTIALS when a
 * credential helper fails.
 */
export type CredentialsFor = (hostPort: string, repository: string) => Promise<Credentials | null>;

/** The configuration of one registry. */
export interface RegistrySettings {
  /** Allow plain HTTP, and use it. */
  readonly plainHttp: boolean;
  readonly trust: Trust | null;
}

/** Prompts for a passphrase; `prompt` comes without its colon. Rejects when there is no terminal. */
export type AskPassphrase = (prompt: string, signal: AbortSignal) => Promise<string>;
