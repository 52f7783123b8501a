import { BROKEN, exit, INTERRUPTED, MISTAKEN, type Command } from "../command.ts";
import { isOn, text } from "../values.ts";
import { FORMAT_FLAG, formatOf } from "./format.ts";

export interface WorkersCheckArguments {
  readonly command: "workers check";
  /** The registry that every worker tries; null for none. */
  readonly registry: string | null;
  readonly format: string | null;
}

export interface WorkersScriptArguments {
  readonly command: "workers script";
}

export interface WorkersSetupArguments {
  readonly command: "workers setup";
  /** `[USER@]HOST[:PORT]`, not yet read. */
  readonly host: string;
  /** The account, not yet checked. */
  readonly user: string;
  /** A file with the public key, `-` for stdin; null to look for one. */
  readonly key: string | null;
  readonly apply: boolean;
  readonly remove: boolean;
}

export const WORKERS_CHECK: Command<WorkersCheckArguments> = {
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
  flags: [
    { name: "registry", value: "HOST", text: "ask this registry from every worker, without credentials" },
    FORMAT_FLAG,
  ],
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
  read: (_words, flags) => ({
    command: "workers check",
    registry: text(flags, "registry"),
    format: formatOf(flags),
  }),
};

export const WORKERS_SCRIPT: Command<WorkersScriptArguments> = {
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
  read: () => ({ command: "workers script" }),
};

export const WORKERS_SETUP: Command<WorkersSetupArguments> = {
  name: "workers setup",
  positionals: ["HOST"],
  summary: "make the account on a VM that tofu3 logs in to, or take it away",
  description: [
    "Prints a script for sh that makes a user of its own on a VM: no password, nothing that it owns, and a key",
    "that can only run the worker script, which is installed with it. sshd looks every 15 seconds whether tofu3 is",
    "still there, for this user alone. The script may be run again: it changes only what is missing.",
    "",
    "With --apply it runs over your own ssh, with your ~/.ssh/config, agent, jump hosts and passwords, as root or",
    "with sudo, and prints the worker's line for tofu3.yaml. HOST is [USER@]HOST[:PORT] or an alias, where USER is",
    "who may become root there. --remove prints or runs the reverse, and takes away only a user that it made.",
  ],
  flags: [
    { name: "user", value: "NAME", text: "the account; tofu if not given" },
    {
      name: "key",
      value: "FILE",
      conflict: { with: "remove", hint: "--remove needs no key" },
      text: "the public key to let in, - for stdin; else that of identityFile, ~/.ssh/id_ed25519.pub, or the agent's",
    },
    { name: "apply", text: "run it on HOST, over ssh" },
    { name: "remove", text: "the account, its files and its settings of sshd go away" },
  ],
  examples: [
    ["tofu3 workers setup root@203.0.113.7 --apply", "makes the account, prints its host key and its worker"],
    ["tofu3 workers setup fra | less", "the script, to read first"],
    ["tofu3 workers setup fra | ssh fra sudo sh", "the same by hand"],
    ["tofu3 workers setup fra --remove --apply", "nothing of it is left"],
  ],
  exits: [
    exit(0, "the script is printed, or has run to its end"),
    BROKEN,
    MISTAKEN,
    exit(12, "the VM could not be reached, or the script did not finish there"),
    INTERRUPTED,
  ],
  read: ([host = ""], flags) => ({
    command: "workers setup",
    host,
    user: text(flags, "user") ?? "tofu",
    key: text(flags, "key"),
    apply: isOn(flags, "apply"),
    remove: isOn(flags, "remove"),
  }),
};
