import { BROKEN, exit, type Command } from "../command.ts";
import { texts } from "../values.ts";
import { DAYS_FLAG, daysOf } from "./days.ts";
import { FORMAT_FLAG, formatOf } from "./format.ts";

export interface JudgeArguments {
  readonly command: "judge";
  /** At least one; `-` is standard input. */
  readonly files: readonly string[];
  /** Public keys, or files of them. */
  readonly trust: readonly string[];
  /** The same of VMs. */
  readonly trustVm: readonly string[];
  /** Files of authorities that VMs may have been given. */
  readonly trustCa: readonly string[];
  /** Null unless given. */
  readonly days: number | null;
  readonly format: string | null;
}

export const JUDGE: Command<JudgeArguments> = {
  name: "judge",
  positionals: ["FILE"],
  rest: "FILE",
  summary: "outcome and diagnosis again, from saved reports, offline",
  description: [
    "Reads reports that verify wrote (--json, or --report FILE.json) and judges what the workers saw once more,",
    "by the same rules: no network, no configuration, no ledger. A report that says something else than what",
    "follows from it contradicts itself, and the place is named.",
    "",
    "A report shows that it is whole, not who wrote it: whoever can write a file can write one that holds.",
    "Signed statements (FILE.intoto.jsonl) show both, by the keys that --trust or policy.trust names; nothing",
    "else counts then. A VM with a key of its own signs what it sees: with --trust-vm or policy.trustVms the word",
    "of whoever ran tofu3 is not enough for what workers on VMs saw.",
    "Reports about the same reference are also judged together: they must agree on one digest, and with --days N",
    "on so many distinct UTC days. FILE may hold one report a line; - is standard input.",
  ],
  flags: [
    {
      name: "trust",
      value: "KEY",
      repeatable: true,
      text: "whose signatures count: FILE.pub, or ssh-ed25519 AAAA… itself (repeatable)",
    },
    {
      name: "trust-vm",
      value: "KEY",
      repeatable: true,
      text: "the VMs whose own signatures count: what other workers on VMs saw does not (repeatable)",
    },
    {
      name: "trust-ca",
      value: "FILE",
      repeatable: true,
      text: "with --trust-vm, the caFile of a private registry that VMs may have been given (repeatable)",
    },
    { ...DAYS_FLAG, text: "what the reports agree on must be the same on N distinct UTC days" },
    FORMAT_FLAG,
  ],
  examples: [
    ["tofu3 judge vim.json", "does it hold, and what does it say?"],
    ["tofu3 judge --days 3 monday.json tuesday.json friday.json", "one digest on three days?"],
    ["tofu3 judge --trust laptop.pub vim.intoto.jsonl", "is it signed, and does it hold?"],
    ["tofu3 judge --trust-vm fra.pub --trust-vm sgp.pub vim.json", "did these two VMs sign what they saw?"],
    ["tofu3 verify alpine:3.20 --json | tofu3 judge -", "judge what another one saw"],
  ],
  exits: [
    exit(0, "the workers agree, and every report holds"),
    BROKEN,
    exit(2, "usage is wrong, or a file cannot be read as a report"),
    exit(10, "a report contradicts itself or is not signed as it has to be, or the workers disagreed"),
    exit(11, "the tag moved while the workers looked"),
    exit(12, "some worker has no valid observation"),
    exit(13, "the workers are not as distinct as the policy in the report asks for"),
    exit(14, "the workers agree, but not on enough distinct days"),
    exit(15, "the workers agree on something else than they were asked for, or the reports on several digests"),
    exit(16, "every worker was told that it does not exist"),
    exit(130, "interrupted"),
  ],
  read: (words, flags) => ({
    command: "judge",
    files: words,
    trust: texts(flags, "trust"),
    trustVm: texts(flags, "trust-vm"),
    trustCa: texts(flags, "trust-ca"),
    days: daysOf(flags),
    format: formatOf(flags),
  }),
};
