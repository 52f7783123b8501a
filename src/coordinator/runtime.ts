import type { Config } from "../config/config.ts";
import type { AskPassphrase } from "../model/credentials.ts";
import type { Exchange } from "../model/progress.ts";

/** Everything that a verification may use of the process and its user. */
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
  /** Null if no user can be prompted. */
  readonly passphrase: AskPassphrase | null;
  /** Told of every HTTP exchange; missing if nobody wants to know. */
  readonly exchange?: (exchange: Exchange) => void;
  readonly log: (
    level: "debug" | "info" | "warn" | "error",
    message: string,
    details?: Readonly<Record<string, unknown>>,
  ) => void;
}
