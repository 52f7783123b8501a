import { DEPTHS } from "../../model/audit.ts";
import { FINDING_KINDS } from "../../model/findingkind.ts";
import { AUDIT_ENDINGS, AUDIT_FORMATS } from "../../report/audit/kinds.ts";
import { BROKEN, exit, INTERRUPTED, MISTAKEN, type Command, type Flag } from "./command.ts";

const DEPTH: Flag = {
  name: "depth",
  value: "DEPTH",
  choices: DEPTHS,
  text: "root (default): what each tag or digest leads to, and that its entries exist; everything: all bytes",
};

const PRIVATE: Flag = {
  name: "allow-private",
  text: "ask registries on loopback and private addresses too; only for trees that you trust",
};

const FRESH: Flag = {
  name: "fresh",
  text: "ask everything anew, also what a run that was interrupted has asked already",
};

/** What is searched; the same for both commands. */
const SEARCHED = [
  "Reads Dockerfiles, Compose, CI pipelines, Kubernetes, Kustomize, Helm values, dev containers, Bazel, Homebrew",
  "formulae and lists below each PATH (the current folder if there is none; - is a list on standard input).",
  "Nothing in them is executed.",
];

export const AUDIT: Command = {
  name: "audit",
  positionals: [],
  rest: "PATH",
  summary: "what a repository's references lead to, as all workers see them",
  description: [
    ...SEARCHED,
    "",
    "Every distinct reference is asked for once at every worker, and compared. Says which are not pinned, which",
    "pins are gone, stale or contradicted, and where vantages disagree: each finding with all of its places.",
    "",
    `KIND is one of ${FINDING_KINDS.slice(0, 7).join(", ")},`,
    `${FINDING_KINDS.slice(7).join(", ")}.`,
    "A comment `# tofu3: ignore KIND REASON` beside a reference or above it leaves a finding out; disagreed stays.",
  ],
  flags: [
    DEPTH,
    {
      name: "fail-on",
      value: "KIND,…",
      text: "which kinds make the exit code 20, instead of every error and warning; disagreed always does",
    },
    { name: "baseline", value: "FILE", text: "leave out what an earlier audit's --json has, disagreed excepted" },
    { name: "no-ignore", text: "heed no ignore comment in the tree: for trees of strangers" },
    PRIVATE,
    FRESH,
    { name: "details", text: "every finding with all places, what it means and what to do" },
    {
      name: "format",
      value: "FORMAT",
      choices: AUDIT_FORMATS,
      conflict: { with: "json", hint: "--format json is --json" },
      text: "what is printed on stdout; github: annotations of a workflow",
    },
    {
      name: "report",
      value: "FILE",
      repeatable: true,
      text: `write a report too; its kind follows the ending: ${Object.keys(AUDIT_ENDINGS).join(" ")} (repeatable)`,
    },
  ],
  examples: [
    ["tofu3 audit", "the current folder"],
    ["tofu3 audit deploy/ Dockerfile --fail-on disagreed,pin-gone,hollow-index", "begin with the gravest"],
    ["tofu3 audit --config ~/tofu3.yaml --no-ignore --report audit.sarif pr/", "a pull request of a stranger"],
    ["kubectl get pods -A -o jsonpath='{..image}' | tr ' ' '\\n' | tofu3 audit -", "what a cluster runs"],
  ],
  exits: [
    exit(0, "nothing to find, or only what informs"),
    BROKEN,
    MISTAKEN,
    exit(20, "findings"),
    exit(21, "no finding, but some references or files could not be checked"),
    INTERRUPTED,
  ],
};

export const PIN: Command = {
  name: "pin",
  positionals: [],
  rest: "PATH",
  summary: "pin a repository's references to digests that all workers agree on",
  description: [
    ...SEARCHED,
    "",
    "Writes NAME:TAG@sha256:… in each file's own way, and nothing else in it changes; tofu3.lock records reference,",
    "digest, time and workers. A file is written only if all workers agree on every reference that is to be pinned",
    "in it, and no file at all if they disagree on one.",
  ],
  flags: [
    DEPTH,
    { name: "update", text: "move pins that are there to what their tag leads to now, and say what changed" },
    { name: "dry-run", short: "n", text: "print a unified diff and write nothing" },
    { name: "lock", value: "FILE", text: "the lock file; otherwise tofu3.lock in the first PATH that is a folder" },
    { name: "buildkit-policy", value: "FILE", text: "also write the lock as a source policy of BuildKit" },
    PRIVATE,
  ],
  examples: [
    ["tofu3 pin --dry-run", "what would change"],
    ["tofu3 pin Dockerfile compose.yaml", "these files only"],
    ["tofu3 pin --update", "move all pins forward"],
  ],
  exits: [
    exit(0, "everything that can be pinned is pinned"),
    exit(1, "a bug in tofu3, or a file could not be written"),
    MISTAKEN,
    exit(10, "the workers disagree about a reference; no file was changed"),
    exit(11, "a tag moved while the workers looked; no file was changed"),
    exit(12, "some references could not be checked; files with one of them were not changed"),
    exit(13, "the workers agree, but are not the distinct vantages that the policy asks for"),
    exit(14, "the workers agree, but not yet on enough distinct days"),
    exit(15, "a tag leads to something else than the ledger says, or to another version"),
    exit(16, "every worker was told that a reference does not exist"),
    INTERRUPTED,
  ],
};
