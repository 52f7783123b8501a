import type { AuditProgress } from "../../coordinator/audit/request.ts";
import type { Watch } from "../../model/progress.ts";

/** Whatever stands on the terminal while the user is prompted. */
export interface Pausable {
  /** Removes the live lines. */
  pause(): void;
  resume(): void;
}

/** What stderr shows while workers work. */
export interface ProgressView extends Pausable {
  readonly watch: Watch;
  /** Restores the cursor and stops all timers. `keep` leaves the last state of the live lines on screen. */
  stop(keep: boolean): void;
}

/** The same of an audit. */
export interface AuditView extends Pausable {
  readonly watch: (progress: AuditProgress) => void;
  stop(): void;
}
