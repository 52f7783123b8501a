import { FORMATS } from "../../model/destination.ts";
import { REPORT_KINDS } from "../../report/kinds.ts";
import { EXITS } from "../exit.ts";
import { AUDIT, PIN } from "./audits.ts";
import { BROKEN, exit, INTERRUPTED, MISTAKEN, type Command, type Flag } from "./command.ts";

export const LOG_LEVELS = ["silent", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ["pretty", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const GLOBAL_FLAGS: readonly Flag[] = [
  {
    name: "config",
    value: "FILE",
    text: "configuration; otherwise TOFU3_CONFIG, ./tofu3.yaml, ~/.config/tofu3/config.yaml",
  },
  {
    name: "authfile",
    value: "FILE",
    text: "registry credentials; otherwise REGISTRY_AUTH_FILE, DOCKER_CONFIG, ~/.docker/config.json",
  },
  { name: "json", text: "print one JSON object on stdout" },
  { name: "quiet", short: "q", text: "no progress, no notes; only the result and errors" },
  { name: "no-progress", text: "no progress lines on stderr" },
  { name: "no-color", text: "no colours, as NO_COLOR does" },
  { name: "log-level", value: "LEVEL", choices: LOG_LEVELS, text: "log to stderr; silent unless asked for" },
  { name: "log-format", value: "FORMAT", choices: LOG_FORMATS, text: "how log lines look" },
  { name: "help", short: "h", text: "print this and exit" },
  { name: "version", short: "V", text: "print the version and exit" },
];

const SELECTION_FLAGS: readonly Flag[] = [
  {
    name: "platform",
    value: "OS/ARCH[/VARIANT][:OSVERSION]",
    text: "entries of an index for this platform, all that match",
  },
  { name: "os-version", value: "PREFIX", text: "of those, the ones whose os.version starts so: 'macOS 11'" },
  { name: "bottle", value: "TAG", text: "the Homebrew bottle with this tag: arm64_sonoma, x86_64_linux" },
];

const VERIFY: Command = {
  name: "verify",
  positionals: ["REFERENCE"],
  summary: "fetch at every worker, compare, release only what all of them saw",
  description: [
    "Every worker resolves REFERENCE and downloads every object for itself. Only when all of",
    "them saw the same bytes is the artifact released to DEST. Neither tag nor digest in",
    "REFERENCE means the tag latest.",
    "",
    `DEST is FORMAT:PATH with one of ${FORMATS.join(", ")}, or a path alone:`,
    "then a bottle or another one-layer artifact becomes that file, anything else an oci directory.",
  ],
  flags: [
    ...SELECTION_FLAGS,
    { name: "output", short: "o", value: "DEST", text: "where the artifact is released to once all agree" },
    { name: "force", text: "replace what is at DEST" },
    { name: "days", value: "N", text: "agree on N distinct UTC days, as policy.days" },
    { name: "lock", value: "FILE", text: "hold REFERENCE to its digest in this tofu3.lock" },
    {
      name: "keep-evidence",
      value: "DIR",
      text: "on a disagreement, keep what each worker was given in DIR, and look into the layers",
    },
    {
      name: "report",
      value: "FILE",
      repeatable: true,
      text: `write a report too; its kind follows the ending: ${REPORT_KINDS.join(" ")} (repeatable)`,
    },
    { name: "redact", text: "for others to read: hashes for addresses and machines, days for times, in every report" },
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
  ],
  exits: EXITS.filter(({ code }) => code !== 20 && code !== 21),
};

const INSPECT: Command = {
  name: "inspect",
  positionals: ["REFERENCE"],
  summary: "what this machine alone sees: index, platforms, manifests, layers; no verdict",
  description: [
    "Shows the tree of REFERENCE as one vantage, this machine, sees it, and what --platform,",
    "--os-version and --bottle would select in it. It compares nothing, so it is no verdict.",
    "No configuration is needed.",
  ],
  flags: [
    ...SELECTION_FLAGS,
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
};

const TAGS: Command = {
  name: "tags",
  positionals: ["REPOSITORY"],
  summary: "the tags of a repository as this machine alone sees them",
  description: [
    "Lists every tag, all pages, one a line. One vantage looked; it is no verdict. No configuration is needed.",
  ],
  flags: [],
  examples: [
    ["tofu3 tags ghcr.io/homebrew/core/vim", "one tag a line"],
    ["tofu3 tags docker.io/library/alpine --json", "one JSON object"],
  ],
  exits: [
    exit(0, "all tags are printed"),
    BROKEN,
    MISTAKEN,
    exit(12, "the tags, or some of them, could not be fetched"),
    exit(16, "the registry says that the repository does not exist"),
    INTERRUPTED,
  ],
};

const HISTORY: Command = {
  name: "history",
  positionals: [],
  optional: "SUBJECT",
  summary: "the ledger: which digest was seen when, and from where",
  description: [
    "Lists the verifications of the ledger, the newest last; with SUBJECT only those of that tag or digest.",
    "A digest that differs from the one before is marked: moved, or rolled back to one that was seen earlier.",
    "The ledger is policy.ledger of the configuration, if there is one, or $XDG_STATE_HOME/tofu3/ledger.jsonl.",
    "",
    "--check says how many entries hold, and the hash of the last one. Keep that hash elsewhere: whoever can",
    "write to the ledger can cut off its end, and only a note that lies elsewhere shows it.",
  ],
  flags: [{ name: "check", text: "verify the chain from the first entry to the last, instead of listing" }],
  examples: [
    ["tofu3 history", "everything, oldest first"],
    ["tofu3 history alpine:3.20", "what that tag was, day by day"],
    ["tofu3 history --check", "does the chain hold, and what is the hash of its end?"],
  ],
  exits: [
    exit(0, "it is printed; with --check, the chain holds"),
    BROKEN,
    exit(2, "usage or configuration is wrong, or the file cannot be read as a ledger"),
    exit(10, "an entry does not hold; those before it are printed"),
    INTERRUPTED,
  ],
};

const WORKERS_CHECK: Command = {
  name: "workers check",
  positionals: [],
  summary: "reach every worker, say what it is and what it lacks",
  description: [
    "Reaches all workers at once and shows host key, round trip, system, curl, hash tool and clock, with one",
    "line on what to do about each thing that is lacking. Also says whether the workers are as distinct as",
    "policy.distinct requires. With --registry, every worker asks that registry for /v2/ through its proxy.",
    "Without it no registry is asked, and of a proxy only a TCP connection. With policy.echo or policy.geo, also",
    "shows where each worker leaves for the internet, and asks the services that are named there.",
  ],
  flags: [{ name: "registry", value: "HOST", text: "ask this registry from every worker, without credentials" }],
  examples: [
    ["tofu3 workers check", "a table of all workers"],
    ["tofu3 workers check --registry ghcr.io", "whether every worker gets an answer from there"],
    ["tofu3 workers check --config lab.yaml --json", "the same for a program"],
  ],
  exits: [
    exit(0, "every worker is usable, and verify could agree"),
    BROKEN,
    MISTAKEN,
    exit(12, "a worker is not usable"),
    exit(13, "every worker is usable, but they are not the distinct ones that the policy asks for"),
    INTERRUPTED,
  ],
};

const WORKERS_SCRIPT: Command = {
  name: "workers script",
  positionals: [],
  summary: "print the constant script that a VM runs",
  description: [
    "The script is the same for every request. On a VM it can be installed as a file and made the",
    "forced command of tofu3's key in authorized_keys, so that the key can do nothing else.",
  ],
  flags: [],
  examples: [
    ["tofu3 workers script > tofu3-worker.sh", "a file to copy to the VM"],
    ["tofu3 workers script | sha256sum", "compare an installed copy with this version's"],
  ],
  exits: [exit(0, "the script is printed"), BROKEN, exit(2, "usage is wrong")],
};

const DEMO: Command = {
  name: "demo",
  positionals: [],
  summary: "the whole thing on an embedded registry and two embedded VMs, offline",
  description: [
    "Starts a registry and two SSH servers on loopback, runs the same code as verify on them with the",
    "real sh and curl, and says what to write in tofu3.yaml for VMs of your own.",
  ],
  flags: [{ name: "tamper", text: "one of the VMs is shown other bytes: see a disagreement, exit code 10" }],
  examples: [
    ["tofu3 demo", "three vantages agree"],
    ["tofu3 demo --tamper", "one of them is lied to"],
  ],
  exits: [
    exit(0, "all workers saw the same bytes"),
    BROKEN,
    exit(2, "usage is wrong"),
    exit(10, "two workers saw different bytes, as --tamper makes them"),
    exit(12, "some worker has no valid observation: curl may be missing"),
    INTERRUPTED,
  ],
};

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  VERIFY,
  AUDIT,
  PIN,
  HISTORY,
  INSPECT,
  TAGS,
  WORKERS_CHECK,
  WORKERS_SCRIPT,
  DEMO,
];
