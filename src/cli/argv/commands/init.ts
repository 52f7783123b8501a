import { BROKEN, exit, INTERRUPTED, type Command } from "../command.ts";
import { isOn, text, texts } from "../values.ts";

export interface InitArguments {
  readonly command: "init";
  /** Each `NAME=…`, not yet read. */
  readonly workers: readonly string[];
  readonly hostKeys: readonly string[];
  readonly identities: readonly string[];
  readonly proxies: readonly string[];
  readonly echo: readonly string[];
  /** Null: what the workers are found to meet. */
  readonly distinct: string | null;
  /** `-` for stdout. */
  readonly output: string;
  readonly yes: boolean;
  readonly check: boolean;
  readonly force: boolean;
}

export const INIT: Command<InitArguments> = {
  name: "init",
  positionals: [],
  summary: "set up three workers and write tofu3.yaml",
  description: [
    "Asks on a terminal for three workers (this machine and two that you reach over SSH; aliases of ~/.ssh/config",
    "are offered), shows the host key that each proves, checks what each lacks, measures in what they differ,",
    "proposes a policy that they meet, shows the file and writes it. It asks only for what no flag says.",
    "",
    "Without a terminal, or with --yes, everything comes from flags, and a host key has to be in --host-key or in",
    "known_hosts: it is never accepted blindly. The file is for you alone (mode 0600), since a proxy may have a password.",
  ],
  flags: [
    {
      name: "worker",
      value: "NAME=HOST",
      repeatable: true,
      text: "[USER@]HOST[:PORT], an alias of ~/.ssh/config, or local for this machine; three or more",
    },
    {
      name: "host-key",
      value: "NAME=SHA256:…",
      repeatable: true,
      text: "the only host key to accept from that worker",
    },
    {
      name: "identity",
      value: "[NAME=]FILE",
      repeatable: true,
      text: "private key for that worker, or for all of them",
    },
    {
      name: "proxy",
      value: "NAME=URL",
      repeatable: true,
      text: "socks5h://127.0.0.1:9050 for Tor; on a VM it is the VM's",
    },
    { name: "echo", value: "URL", repeatable: true, text: "a service that tells an address, to measure networks with" },
    {
      name: "distinct",
      value: "WHAT,…",
      text: "what has to differ: machine, network, or none; if not given, what is found to differ",
    },
    { name: "output", short: "o", value: "FILE", text: "where to write; ./tofu3.yaml if not given, - for stdout" },
    { name: "force", text: "replace an existing file" },
    { name: "yes", short: "y", text: "ask nothing" },
    { name: "no-check", text: "reach nobody and write what the flags say" },
  ],
  examples: [
    ["tofu3 init", "asks for everything"],
    [
      "tofu3 init --worker here=local --worker fra=tofu@203.0.113.7 --worker sgp=sgp --yes",
      "host keys from known_hosts",
    ],
    ["tofu3 init --worker tor=local --proxy tor=socks5h://127.0.0.1:9050", "asks for the other two"],
  ],
  exits: [
    exit(0, "the configuration is written"),
    BROKEN,
    exit(2, "usage is wrong, or the file exists; nothing was written"),
    exit(12, "a worker is not usable, or its host key is not known; nothing was written"),
    exit(13, "the workers do not differ in what --distinct says; nothing was written"),
    INTERRUPTED,
  ],
  read: (_words, flags) => ({
    command: "init",
    workers: texts(flags, "worker"),
    hostKeys: texts(flags, "host-key"),
    identities: texts(flags, "identity"),
    proxies: texts(flags, "proxy"),
    echo: texts(flags, "echo"),
    distinct: text(flags, "distinct"),
    output: text(flags, "output") ?? "tofu3.yaml",
    yes: isOn(flags, "yes"),
    check: !isOn(flags, "no-check"),
    force: isOn(flags, "force"),
  }),
};
