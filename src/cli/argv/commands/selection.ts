import type { SelectionText } from "../../../model/job.ts";
import type { Flag } from "../command.ts";
import { text, type Flags } from "../values.ts";

export const SELECTION_FLAGS: readonly Flag[] = [
  {
    name: "platform",
    value: "OS/ARCH[/VARIANT][:OSVERSION]",
    text: "entries of an index for this platform, all that match",
  },
  { name: "os-version", value: "PREFIX", text: "of those, the ones whose os.version starts so: 'macOS 11'" },
  { name: "bottle", value: "TAG", text: "the Homebrew bottle with this tag: arm64_sonoma, x86_64_linux" },
];

export function selectionOf(flags: Flags): SelectionText {
  return {
    platform: text(flags, "platform"),
    osVersion: text(flags, "os-version"),
    bottle: text(flags, "bottle"),
  };
}
