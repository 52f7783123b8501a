import type { Limits } from "../../model/job.ts";
import type { Watch } from "../../model/progress.ts";
import type { Repository } from "../../oci/reference.ts";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import type { Notebook } from "./notebook.ts";
import { authorityFor } from "./pass.ts";
import type { Authority } from "./pass.ts";
import { registryOf } from "./registry.ts";
import type { Registry } from "./registry.ts";
import type { Vantage } from "../vantage.ts";

/** One worker at work on one repository. */
export interface Session {
  readonly vantage: Vantage;
  readonly registry: Registry;
  readonly authority: Authority;
  readonly limits: Limits;
  readonly book: Notebook;
  readonly clock: Clock;
  readonly watch: Watch;
}

/** Throws E_REFERENCE where the registry has a name that cannot be connected to. */
export function createSession(vantage: Vantage, repository: Repository, limits: Limits, book: Notebook, watch: Watch): Session {
  const registry = registryOf(repository, vantage);
  return {
    vantage,
    registry,
    authority: authorityFor(vantage.transport, `${registry.base.origin} ${registry.repository}`),
    limits,
    book,
    clock: vantage.clock ?? systemClock,
    watch,
  };
}
