import type { CredentialsFor, RegistrySettings } from "../model/credentials.ts";
import type { Via } from "../model/observation.ts";
import type { Link } from "../http/transport.ts";
import type { Clock } from "./fetch/clock.ts";
import type { Authority } from "./fetch/pass.ts";

/** A place to look from, for any number of jobs. Nothing in it is shared with another vantage. */
export interface Vantage {
  readonly name: string;
  readonly via: Via;
  readonly link: Link;
  /** Null: this vantage looks anonymously. */
  readonly credentials: CredentialsFor | null;
  /** `hostPort` is the registry of a reference (`docker.io` for Docker Hub), or the host of a token service or a redirect. */
  readonly registries: (hostPort: string) => RegistrySettings;
  /** What each repository wants to be shown, by origin and name: a later job uses it again. */
  readonly authorities: Map<string, Authority>;
  /** Absent: the clock of this machine. */
  readonly clock?: Clock;
}
