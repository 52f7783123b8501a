import type { USAGE_CODES } from "../errors.ts";
import type { Explanation } from "./explanation.ts";

/** The request or the configuration is wrong, or nothing matches it. */
export const USAGE: Readonly<Record<(typeof USAGE_CODES)[number], Explanation>> = {
  E_USAGE: {
    title: "the command line cannot be used as it is",
    where: "Before anything is fetched.",
    cause:
      "A command, a flag or its value is unknown, missing or given twice; two flags exclude each other; or a file that a flag names (a lock, a baseline, a report) cannot be used.",
    cure: "The message names the word, and the hint the nearest one that exists. `tofu3 COMMAND --help` lists the flags of a command, with examples.",
  },
  E_REFERENCE: {
    title: "this is not a reference",
    where: "Before anything is fetched.",
    cause:
      "The text is not `[REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST]`. Common slips: a transport of another tool in front (`docker://`, `oci:`), a web address, an upper-case repository, an image ID.",
    cure: "Write it as for `docker pull`: `alpine:3.20`, `ghcr.io/homebrew/core/vim:9.0.1900`, `localhost:5000/a/b@sha256:…`.",
  },
  E_PLATFORM: {
    title: "this is not a platform",
    where: "Before anything is fetched.",
    cause: "The value of `--platform` is not `OS/ARCH[/VARIANT][:OSVERSION]`.",
    cure: "For example `linux/amd64`, `linux/arm/v7` or `windows/amd64:10.0.17763`. `tofu3 inspect REFERENCE` lists what an artifact has.",
  },
  E_SELECTION: {
    title: "nothing in the artifact matches the selection",
    where: "After the index was read; no layer was fetched.",
    cause:
      "No manifest of the index has what `--platform`, `--os-version` and `--bottle` ask for, or `--raw` matches several.",
    cure: "The message lists what is there. Choose from that list, or leave the flags out to take the whole index.",
  },
  E_CONFIG: {
    title: "the configuration is missing or wrong",
    where: "Before anything is fetched.",
    cause:
      "There is no configuration, a file that it names cannot be read, or a key or a value in it (or in `~/.ssh/config`) is wrong. Mistakes are listed with file, line and column.",
    cure: "tofu3 looks for `--config FILE`, then `TOFU3_CONFIG`, `./tofu3.yaml` and `~/.config/tofu3/config.yaml`. `tofu3 init` writes one, and `tofu3 help config` shows every key.",
  },
  E_CREDENTIALS: {
    title: "the stored credentials cannot be used",
    where: "Before a registry is asked for the first time.",
    cause: "Docker's or podman's credentials file is not readable or not valid, or its credential helper fails.",
    cure: "Log in again with `docker login` or `podman login`, run the command of the hint by hand to see what the helper says, or name another file with `--authfile`.",
  },
  E_DESTINATION: {
    title: "the artifact cannot be released to this DEST",
    where: "Before anything is fetched, or as soon as the documents show what the artifact is.",
    cause:
      "DEST exists, its folder does not, its kind is unknown, or it holds one manifest or one layer and the artifact has several.",
    cure: "Choose another DEST, add `--force` to replace what is there, or choose one manifest with `--platform`. `tofu3 verify --help` lists the kinds.",
  },
  E_KEY: {
    title: "this key cannot be used to sign, or to check a signature",
    where: "Before anything is fetched, and when `judge` checks who signed.",
    cause:
      "A file that `--sign`, `--trust`, `policy.sign` or `policy.trust` names is missing, empty, encrypted without a terminal to ask, readable by others, or holds no Ed25519 key.",
    cure: "`tofu3 keygen FILE` makes a pair: FILE signs, and FILE.pub is what others put on their list.",
  },
  E_REPORT: {
    title: "a saved report cannot be read",
    where: "At `tofu3 judge`. The other files are judged all the same.",
    cause:
      "The file is missing, damaged, too large, not JSON, or not a report of `verify` with `--json` or `--report FILE.json`.",
    cure: "Ask whoever made it for the file as tofu3 wrote it. A format that is too new needs a newer tofu3.",
  },
  E_SUMS: {
    title: "the checksum file does not say which bytes are right",
    where: "At `--sums`, before the file itself is fetched.",
    cause:
      "It has a line that is no checksum, the same name twice, no sha256, or it does not name the file. Or a web page came in its place. Or it contradicts the pin that you gave, or another witness.",
    cure: "Look at it. `--sha256 HEX`, alone, takes one checksum by hand, once you know which one it is.",
  },
};
