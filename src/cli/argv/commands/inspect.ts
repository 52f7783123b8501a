import { Tofu3Error } from "../../../errors.ts";
import type { SelectionText } from "../../../model/job.ts";
import { BROKEN, exit, INTERRUPTED, type Command } from "../command.ts";
import { isOn, type Flags } from "../values.ts";
import { FORMAT_FLAG, formatOf } from "./format.ts";
import { selectionOf, SELECTION_FLAGS } from "./selection.ts";

export interface InspectArguments extends SelectionText {
  readonly command: "inspect";
  readonly reference: string;
  readonly raw: boolean;
  readonly format: string | null;
}

export const INSPECT: Command<InspectArguments> = {
  name: "inspect",
  positionals: ["REFERENCE"],
  summary: "what this machine alone sees: index, platforms, manifests, layers; no verdict",
  description: [
    "Shows the tree of REFERENCE as one worker, this machine, sees it, and what --platform,",
    "--os-version and --bottle would select in it. It compares nothing, so it is no verdict.",
    "No configuration is needed.",
  ],
  flags: [
    ...SELECTION_FLAGS,
    FORMAT_FLAG,
    {
      name: "raw",
      conflict: { with: "json", hint: "--raw prints the bytes as they are" },
      text: "print the exact bytes that were received, even if they cannot be read",
    },
  ],
  examples: [
    ["tofu3 inspect ghcr.io/homebrew/core/vim:9.0.1900 --platform darwin/amd64", "which entries that selects"],
    ["tofu3 inspect alpine:3.20 --raw | sha256sum", "the digest of the root, computed by another program"],
  ],
  exits: [
    exit(0, "it is printed"),
    BROKEN,
    exit(2, "usage or configuration is wrong, or nothing matched"),
    exit(10, "this machine was sent bytes that do not match their own digest"),
    exit(12, "it could not be fetched or read"),
    exit(15, "the tag leads to another digest than REFERENCE names"),
    exit(16, "the registry says that it does not exist"),
    INTERRUPTED,
  ],
  read: (words, flags) => ({
    command: "inspect",
    reference: words[0] ?? "",
    ...selectionOf(flags),
    raw: isOn(flags, "raw"),
    format: unlessRaw(flags),
  }),
};

function unlessRaw(flags: Flags): string | null {
  const format = formatOf(flags);
  if (format === null || !isOn(flags, "raw")) return format;
  throw new Tofu3Error("E_USAGE", "--raw and --format exclude each other", {
    hint: "--raw prints the bytes as they are",
  });
}
