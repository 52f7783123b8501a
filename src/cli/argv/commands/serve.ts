import { BROKEN, exit, INTERRUPTED, type Command, type Flag } from "../command.ts";
import { text, texts } from "../values.ts";

export interface ServeArguments {
  readonly command: "serve";
  /** None of them read yet. */
  readonly listen: readonly string[];
  readonly admin: string | null;
  readonly store: string | null;
  readonly upstreams: readonly string[];
}

export interface ServeClearArguments {
  readonly command: "serve clear";
  readonly reference: string;
  readonly store: string | null;
}

const STORE: Flag = {
  name: "store",
  value: "DIR",
  text: "the store; otherwise serve.store, or $XDG_STATE_HOME/tofu3/store",
};

export const SERVE: Command<ServeArguments> = {
  name: "serve",
  positionals: [],
  summary: "a registry that answers only what all workers agreed on",
  description: [
    "Runs until it is told to stop. docker, podman, containerd, skopeo and brew pull from it; what they ask for is",
    "asked from all workers, and answered when all of them saw the same bytes. A disagreement is refused with 403,",
    "and on hold until tofu3 serve clear. The upstream is the first part of the name, 127.0.0.1:5005/docker.io/…,",
    "or, for IP:PORT=REGISTRY, that of the address. Clients go around a registry that refuses, unless they are told",
    "not to: tofu3 serve config prints how, and tofu3 serve check tries it.",
    "",
    "Everything else is in the section serve of the configuration. Without --log-level only warnings are logged;",
    "with --log-level info every request is a line.",
  ],
  flags: [
    {
      name: "listen",
      value: "ADDRESS",
      repeatable: true,
      text: "IP:PORT, or IP:PORT=REGISTRY for clients that name none; otherwise serve.listen, or 127.0.0.1:5005",
    },
    { name: "upstream", value: "REGISTRY", repeatable: true, text: "one that may be asked; otherwise serve.upstreams" },
    STORE,
    { name: "admin", value: "ADDRESS", text: "IP:PORT for health, metrics and verdicts; otherwise serve.admin" },
  ],
  examples: [
    ["tofu3 serve --upstream docker.io", "then: podman pull 127.0.0.1:5005/docker.io/library/alpine:3.20"],
    ["tofu3 serve --upstream ghcr.io --listen 127.0.0.1:5006=ghcr.io", "for clients that cannot name the upstream"],
    ["tofu3 serve --config gate.yaml --admin 127.0.0.1:5007 --log-level info", "with a page, metrics and a log"],
  ],
  exits: [
    exit(0, "it was told to stop (SIGTERM, SIGINT, SIGHUP), and has ended what was under way"),
    BROKEN,
    exit(2, "usage or configuration is wrong: nobody to ask, an address or a store that somebody else has"),
    exit(130, "it was told to stop a second time, and ended at once"),
  ],
  read: (_words, flags) => ({
    command: "serve",
    listen: texts(flags, "listen"),
    admin: text(flags, "admin"),
    store: text(flags, "store"),
    upstreams: texts(flags, "upstream"),
  }),
};

export const SERVE_CLEAR: Command<ServeClearArguments> = {
  name: "serve clear",
  positionals: ["REFERENCE"],
  summary: "let the gate ask again for something that is on hold",
  description: [
    "After a disagreement the gate refuses a tag, or a digest, until this was run. It accepts nothing: the next",
    "request is asked from all workers again, and refused again if they still disagree. Look at the verdict first.",
    "It works while the gate runs. The ledger keeps the disagreement.",
  ],
  flags: [STORE],
  examples: [
    ["tofu3 serve clear docker.io/library/alpine:3.20", "what was on hold, and since when"],
    ["tofu3 serve clear alpine@sha256:… --store /var/cache/tofu3/store", "a digest, of a gate with another store"],
  ],
  exits: [
    exit(0, "it is not on hold any more"),
    BROKEN,
    exit(2, "it was not on hold (what is, is listed), or usage or configuration is wrong"),
    INTERRUPTED,
  ],
  read: ([reference = ""], flags) => ({ command: "serve clear", reference, store: text(flags, "store") }),
};
