import type { ServeConfig } from "../../config/serve.ts";
import type { Runtime } from "../../coordinator/runtime.ts";
import type { Gate } from "../gate/gate.ts";
import type { Meters } from "../meters.ts";
import type { Store } from "../store/store.ts";

/** What all listeners answer from. */
export interface Service {
  readonly gate: Gate;
  readonly store: Store;
  readonly meters: Meters;
  readonly config: ServeConfig;
  readonly log: Runtime["log"];
}
