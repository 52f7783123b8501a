import type { Watch } from "../../model/progress.ts";

/** What stderr shows while workers work. */
export interface ProgressView {
  readonly watch: Watch;
  /** Removes the live lines while the user is prompted. */
  pause(): void;
  resume(): void;
  /** Restores the cursor and stops all timers. `keep` leaves the last state of the live lines on screen. */
  stop(keep: boolean): void;
}
