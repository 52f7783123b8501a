import type { CredentialsFor, RegistrySettings } from "../model/credentials.ts";
import type { Admit, Keep } from "../model/keep.ts";
import type { Via } from "../model/observation.ts";
import type { Transport } from "../http/transport.ts";
import type { Clock } from "./fetch/clock.ts";

/** A place to look from. Nothing in it is shared with another vantage. */
export interface Vantage {
  readonly name: string;
  readonly via: Via;
  readonly transport: Transport;
  /** Null: this vantage looks anonymously. */
  readonly credentials: CredentialsFor | null;
  /** `hostPort` is the registry of a reference (`docker.io` for Docker Hub), or the host of a token service or a redirect. */
  readonly registries: (hostPort: string) => RegistrySettings;
  /** Where the quarantine is filled; null for all but one vantage. */
  readonly keep: Keep | null;
  /** Absent: whatever is there may be fetched. */
  readonly admit?: Admit;
  /** Absent: the clock of this machine. */
  readonly clock?: Clock;
}
