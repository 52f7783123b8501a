import type { Settings } from "./argv/invocation.ts";
import type { Io } from "./io.ts";

/** One vantage looked: nobody may take it for an answer about what the world sees. */
export function noteNoVerdict(settings: Settings, io: Io): void {
  if (!settings.quiet) io.stderr.write("tofu3: note: only this machine looked and nothing was compared: this is no verdict\n");
}
