import { join } from "node:path";
import type { Config } from "./config.ts";
import { xdgFolder, type Surroundings } from "./load.ts";

/** Where the ledger lies, and the folder of its key, which is the same wherever the ledger lies. Absolute. */
export function ledgerPlace(
  config: Pick<Config, "ledger"> | null,
  { env, home }: Pick<Surroundings, "env" | "home">,
): { readonly path: string; readonly stateDir: string } {
  const stateDir = join(xdgFolder(env, "XDG_STATE_HOME") ?? join(home, ".local", "state"), "tofu3");
  return { path: config?.ledger ?? join(stateDir, "ledger.jsonl"), stateDir };
}
