import type { Limits } from "../../model/job.ts";
import type { Admit, Keep } from "../../model/keep.ts";
import type { Watch } from "../../model/progress.ts";
import type { Repository } from "../../oci/reference.ts";
import type { Transport } from "../../http/transport.ts";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import type { Notebook } from "./notebook.ts";
import { authorityFor } from "./pass.ts";
import type { Authority } from "./pass.ts";
import { registryOf } from "./registry.ts";
import type { Registry } from "./registry.ts";
import type { Vantage } from "../vantage.ts";

/** What a job brings along, and a vantage does not have. */
export interface Errand {
  readonly watch: Watch;
  /** Where the quarantine is filled; null for all but one vantage. */
  readonly keep: Keep | null;
  /** Null: whatever is there may be fetched. */
  readonly admit: Admit | null;
}

/** One worker at work on one job. */
export interface Session extends Errand {
  readonly vantage: Vantage;
  readonly transport: Transport;
  readonly registry: Registry;
  readonly authority: Authority;
  readonly limits: Limits;
  readonly book: Notebook;
  readonly clock: Clock;
  /** Passes that were asked for although the one before had not ended by the clock, or that were not given. */
  renewals: number;
}

const NO_ERRAND: Errand = { watch: () => undefined, keep: null, admit: null };

/** Throws E_REFERENCE where the registry has a name that cannot be connected to. */
export function createSession(
  vantage: Vantage,
  repository: Repository,
  transport: Transport,
  { limits, book, errand = NO_ERRAND }: { readonly limits: Limits; readonly book: Notebook; readonly errand?: Errand },
): Session {
  const registry = registryOf(repository, vantage);
  return {
    ...errand,
    vantage,
    transport,
    registry,
    authority: authorityFor(vantage.authorities, `${registry.base.origin} ${registry.repository}`),
    limits,
    book,
    clock: vantage.clock ?? systemClock,
    renewals: 0,
  };
}
