import type { Job, Limits } from "../../model/job.ts";
import type { Admit, Keep, Witness } from "../../model/keep.ts";
import type { Watch } from "../../model/progress.ts";
import type { Transport } from "../../http/transport.ts";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import type { Notebook } from "./notebook.ts";
import { authorityFor } from "./pass.ts";
import type { Authority } from "./pass.ts";
import type { Registry } from "./registry.ts";
import type { Vantage } from "../vantage.ts";

/** What belongs to a job and not to the vantage. */
export interface Errand {
  readonly watch: Watch;
  /** The quarantine to fill; null for all but one vantage. */
  readonly keep: Keep | null;
  /** Null: anything may be fetched. */
  readonly admit: Admit | null;
  /** Is given every root document, byte for byte as received, to explain a difference; null if nobody wants it. */
  readonly witness: Witness | null;
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
  /** Renewals of passes that had not expired by the clock, or that were not granted. */
  renewals: number;
}

const NO_ERRAND: Errand = { watch: () => undefined, keep: null, admit: null, witness: null };

export function createSession(
  vantage: Vantage,
  registry: Registry,
  transport: Transport,
  { limits, book, errand = NO_ERRAND }: Pick<Job, "limits"> & { readonly book: Notebook; readonly errand?: Errand },
): Session {
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
