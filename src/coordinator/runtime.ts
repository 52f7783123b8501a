import type { Config } from "../config/config.ts";
import type { AskPassphrase } from "../model/credentials.ts";

/** Everything of a process and its user that a verification may use. */
export interface Runtime {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly home: string;
  /** Absolute. */
  readonly cwd: string;
  /** `--authfile`. */
  readonly authfile: string | null;
  readonly now: () => Date;
  readonly version: string;
  /** Null where nobody can be asked. */
  readonly passphrase: AskPassphrase | null;
  readonly log: (level: "debug" | "info" | "warn" | "error", message: string, details?: Readonly<Record<string, unknown>>) => void;
}
