import type { CredentialsFor, RegistrySettings } from "../model/credentials.ts";
import type { ExitNote, Via } from "../model/observation.ts";
import type { Link } from "../http/transport.ts";
import type { Clock } from "./fetch/clock.ts";
import type { Authority } from "./fetch/pass.ts";

/** How to tell where a vantage leaves for the world. */
export interface ExitPlan {
  /** Checked URLs of services that answer with the caller's address. */
  readonly echoes: readonly string[];
  /** Where an address is; null for what the tables do not tell. */
  readonly placeOf: (address: string) => Pick<ExitNote, "country" | "asn">;
}

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
  /** Null or missing: nobody is asked where it leaves for the world. */
  readonly exits?: ExitPlan | null;
  /** This machine's clock unless given. */
  readonly clock?: Clock;
}
