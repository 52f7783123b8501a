import type { CredentialsFor, RegistrySettings } from "../model/credentials.ts";
import type { Via } from "../model/observation.ts";
import type { Link } from "../http/transport.ts";
import type { Clock } from "./fetch/clock.ts";
import type { Authority } from "./fetch/pass.ts";

/** A place to look from, for any number of jobs. It shares nothing with other vantages. */
export interface Vantage {
  readonly name: string;
  readonly via: Via;
  readonly link: Link;
  /** Null: anonymous access only. */
  readonly credentials: CredentialsFor | null;
  /**
   * `hostPort` is the registry of a reference (`docker.io` for Docker Hub), or the host of a token service or redirect.
   */
  readonly registries: (hostPort: string) => RegistrySettings;
  /** Authorization for each repository, by origin and name; later jobs reuse it. */
  readonly authorities: Map<string, Authority>;
  /** This machine's clock unless given. */
  readonly clock?: Clock;
}
