import { join } from "node:path";
import type { Config } from "./config.ts";
import type { ServeConfig } from "./serve.ts";
import { xdgFolder, type Surroundings } from "./places.ts";

/** Where the ledger lies, and the folder of its key, which is the same wherever the ledger lies. Absolute. */
export function ledgerPlace(
  config: Pick<Config, "ledger"> | null,
  { env, home }: Pick<Surroundings, "env" | "home">,
): { readonly path: string; readonly stateDir: string } {
  const stateDir = stateFolder({ env, home });
  return { path: config?.ledger ?? join(stateDir, "ledger.jsonl"), stateDir };
}

/** Where the gate's store lies. Absolute. */
export function storePlace(
  serve: Pick<ServeConfig, "store">,
  surroundings: Pick<Surroundings, "env" | "home">,
): string {
  return serve.store ?? join(stateFolder(surroundings), "store");
}

function stateFolder({ env, home }: Pick<Surroundings, "env" | "home">): string {
  return join(xdgFolder(env, "XDG_STATE_HOME") ?? join(home, ".local", "state"), "tofu3");
}
