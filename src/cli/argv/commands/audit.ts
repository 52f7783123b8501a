import { FINDING_KINDS, type FindingKind } from "../../../model/findingkind.ts";
import { parseFailOn } from "../../../pins/findings/failon.ts";
import { AUDIT_FORMATS, AUDIT_REPORTS, type AuditFormat } from "../../../report/audit/kinds.ts";
import { BROKEN, exit, INTERRUPTED, MISTAKEN, type Command, type Flag } from "../command.ts";
import { isOn, text, texts, type Flags } from "../values.ts";
import { reportFlag } from "./reports.ts";
import { DEPTH, PRIVATE, SEARCHED, searchOf, type SearchArguments } from "./search.ts";

export interface AuditArguments extends SearchArguments {
  readonly command: "audit";
  readonly fresh: boolean;
  /** Null: the default. */
  readonly failOn: ReadonlySet<FindingKind> | null;
  readonly baseline: string | null;
  readonly honourComments: boolean;
  readonly details: boolean;
  readonly format: AuditFormat;
  readonly reports: readonly string[];
}

const FRESH: Flag = {
  name: "fresh",
  text: "ask everything anew, also what a run that was interrupted has asked already",
};

export const AUDIT: Command<AuditArguments> = {
  name: "audit",
  positionals: [],
  rest: "PATH",
  summary: "what a repository's references lead to, as all workers see them",
  description: [
    ...SEARCHED,
    "",
    "Every distinct reference is asked for once at every worker, and compared; so is every URL that has a sha256",
    "beside it (ADD --checksum, a formula's url, a requirement), every action (uses:) as Git names it, and every",
    "checksum of a requirement at its index. Says which are not pinned, which pins are gone, stale or contradicted,",
    "and where workers disagree: each finding with all of its places.",
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
    reportFlag(AUDIT_REPORTS),
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
  read: (words, flags) => ({
    command: "audit",
    ...searchOf(words, flags),
    fresh: isOn(flags, "fresh"),
    failOn: failOnOf(flags),
    baseline: text(flags, "baseline"),
    honourComments: !isOn(flags, "no-ignore"),
    details: isOn(flags, "details"),
    format: AUDIT_FORMATS.find((each) => each === text(flags, "format")) ?? (isOn(flags, "json") ? "json" : "table"),
    reports: texts(flags, "report"),
  }),
};

function failOnOf(flags: Flags): ReadonlySet<FindingKind> | null {
  const given = text(flags, "fail-on");
  return given === null ? null : parseFailOn(given);
}
