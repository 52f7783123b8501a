import type { Watch } from "../../model/progress.ts";

/** What is told on stderr while workers work. */
export interface ProgressView {
  readonly watch: Watch;
  /** Takes the live lines away while somebody is asked something. */
  pause(): void;
  resume(): void;
  /** Ends it: the cursor is back, no timer is left. `keep` leaves the last state of the live lines where it is. */
  stop(keep: boolean): void;
}
