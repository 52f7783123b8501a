import { parseIntegrity, parseSha256 } from "../../../file/pin.ts";
import { FORMATS } from "../../../model/destination.ts";
import type { Digest } from "../../../oci/digest.ts";
import { REPORT_KINDS } from "../../../report/kinds.ts";
import { EXITS } from "../../exit.ts";
import type { Command } from "../command.ts";
import { isOn, text, texts, type Flags } from "../values.ts";
import { DAYS_FLAG } from "./days.ts";
import { FORMAT_FLAG, formatOf } from "./format.ts";
import { reportFlag } from "./reports.ts";
import { SELECTION_FLAGS } from "./selection.ts";
import {
  KEEP_EVIDENCE_FLAG,
  lockFlag,
  REDACT_FLAG,
  SIGN_FLAG,
  verificationOf,
  type VerificationArguments,
} from "./verification.ts";

export interface VerifyArguments extends VerificationArguments {
  readonly command: "verify";
  /** One at least, unless there is a list. */
  readonly references: readonly string[];
  /** A file with a subject on each line, `-` for standard input. */
  readonly list: string | null;
  readonly destination: string | null;
  readonly force: boolean;
  /** Of a URL, what its bytes must hash to; null without one. */
  readonly pin: Digest | null;
  /** Other `https:` URLs of the same file. */
  readonly mirrors: readonly string[];
  /** A checksum file: a path, or an `https:` URL. */
  readonly sums: string | null;
  /** Ask the platform of a file's publisher, too. */
  readonly witness: boolean;
  /** A checked template; null: a table. */
  readonly format: string | null;
}

/** Throws E_USAGE. */
function pinOf(flags: Flags): Digest | null {
  const [sha256, integrity] = [text(flags, "sha256"), text(flags, "integrity")];
  if (sha256 !== null) return parseSha256(sha256);
  return integrity === null ? null : parseIntegrity(integrity);
}

export const VERIFY: Command<VerifyArguments> = {
  name: "verify",
  positionals: ["SUBJECT"],
  rest: "SUBJECT",
  instead: "input",
  summary: "fetch at every worker, compare, release only what all of them saw",
  description: [
    "SUBJECT is a REFERENCE of a registry, or the https:// URL of a file. Every worker resolves it",
    "and downloads every object for itself. Only when all of them saw the same bytes is the artifact",
    "released to DEST. Neither tag nor digest in a REFERENCE means the tag latest; #sha256=HEX behind",
    "a URL is a pin. Several SUBJECTs, or those of a list, each have a verdict of their own; the exit",
    "code is the gravest, and DEST is a folder, in which SHA256SUMS then names what was agreed on.",
    "",
    `DEST is FORMAT:PATH with one of ${FORMATS.join(", ")}, or a path alone:`,
    "then a bottle or another one-layer artifact becomes that file, anything else an oci directory.",
  ],
  flags: [
    ...SELECTION_FLAGS,
    { name: "output", short: "o", value: "DEST", text: "where the artifact is released to once all agree" },
    { name: "force", text: "replace what is at DEST" },
    {
      name: "input",
      short: "i",
      value: "FILE",
      text: "a list, - for stdin: one SUBJECT a line with flags of its own, # begins a comment",
    },
    DAYS_FLAG,
    lockFlag("REFERENCE"),
    { name: "sha256", value: "HEX", text: "of a URL: pin its file to this sha256, as URL#sha256=HEX does" },
    {
      name: "integrity",
      value: "SRI",
      conflict: { with: "sha256", hint: "give the one that you know" },
      text: "the same as sha256-BASE64",
    },
    {
      name: "sums",
      value: "FILE|URL",
      text: "of a URL: pin its file to what this checksum file says; from a URL, all workers fetch it",
    },
    {
      name: "mirror",
      value: "URL",
      repeatable: true,
      text: "of a URL: another place that must have the same file; all workers fetch it there too",
    },
    {
      name: "witness",
      text: "of a URL: also ask GitHub or PyPI what the file is, and for a signature beside it",
    },
    KEEP_EVIDENCE_FLAG,
    FORMAT_FLAG,
    reportFlag(REPORT_KINDS),
    SIGN_FLAG,
    REDACT_FLAG,
  ],
  examples: [
    ["tofu3 verify alpine:3.20 --platform linux/amd64 -o oci:alpine", "release an image as an OCI layout"],
    [
      "tofu3 verify ghcr.io/homebrew/core/hello:2.12.1 --bottle arm64_sonoma -o hello.tar.gz",
      "release one Homebrew bottle",
    ],
    [
      "tofu3 verify registry.example/app@sha256:… --json --report app.md",
      "no release; a JSON object and a page to keep",
    ],
    ["crane pull $(tofu3 verify -q alpine:3.20) alpine.tar", "hand the verified digest to another tool"],
    ["tofu3 verify alpine:3.20 --lock tofu3.lock", "does the tag still lead to what was agreed on?"],
    [
      "tofu3 verify https://dl.example/tool-1.0.tar.gz --sums https://dl.example/SHA256SUMS -o ./",
      "release a file from the web, held to its publisher's checksums",
    ],
    ["tofu3 verify -i downloads.txt -o downloads/", "a whole list, with SHA256SUMS of what was agreed on"],
  ],
  exits: EXITS.filter(({ code }) => code !== 20 && code !== 21),
  read: (words, flags) => ({
    command: "verify",
    references: words,
    list: text(flags, "input"),
    ...verificationOf(flags),
    destination: text(flags, "output"),
    force: isOn(flags, "force"),
    pin: pinOf(flags),
    sums: text(flags, "sums"),
    mirrors: texts(flags, "mirror"),
    witness: isOn(flags, "witness"),
    format: formatOf(flags),
  }),
};
