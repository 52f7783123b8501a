import type { Settings } from "./argv/settings.ts";
import type { Io } from "./io.ts";

/** Only one worker looked: its view must not be mistaken for a verdict. */
export function noteNoVerdict(settings: Settings, io: Io): void {
  if (!settings.quiet)
    io.stderr.write("tofu3: note: only this machine looked and nothing was compared: this is no verdict\n");
}
