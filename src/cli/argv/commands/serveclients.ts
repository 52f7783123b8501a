import { Tofu3Error } from "../../../errors.ts";
import { CLIENT_NAMES, clientNamed, type ClientName } from "../../../serve/clients/clients.ts";
import { CHECKED, type Checked } from "../../../serve/clients/plan.ts";
import { BROKEN, exit, INTERRUPTED, MISTAKEN, type Command, type Flag } from "../command.ts";
import { text, type Flags } from "../values.ts";

export interface ServeConfigArguments {
  readonly command: "serve config";
  readonly client: ClientName;
  /** Not yet read; null for what the configuration says. */
  readonly registry: string | null;
  readonly gate: string | null;
}

export interface ServeCheckArguments {
  readonly command: "serve check";
  readonly client: Checked;
  /** Not yet read; null for one that everybody may pull. */
  readonly image: string | null;
  readonly gate: string | null;
  readonly store: string | null;
  /** Null for the usual place. */
  readonly hosts: string | null;
  readonly timeoutSeconds: number;
}

const GATE: Flag = {
  name: "gate",
  value: "ADDRESS",
  text: "HOST:PORT under which clients reach the gate; otherwise the first of serve.listen",
};

export const SERVE_CONFIG: Command<ServeConfigArguments> = {
  name: "serve config",
  positionals: ["CLIENT"],
  summary: "print the file that makes a client ask the gate, and nobody else when it refuses",
  description: [
    "Most clients go around a registry that refuses, and say nothing: whatever the answer, they try the original",
    "next. This prints what stops each of them there, from serve.listen and serve.upstreams of the configuration.",
    `Its first lines say where it goes. CLIENT is one of ${CLIENT_NAMES.slice(0, 4).join(", ")} (one file for all four),`,
    "containerd, nerdctl, docker (29 and later), docker-28 (and earlier), k3s (a script for sh) and brew.",
  ],
  flags: [
    { name: "registry", value: "HOST", text: "only this one; otherwise all of serve.upstreams, or every registry" },
    GATE,
  ],
  examples: [
    ["tofu3 serve config podman > /etc/containers/registries.conf.d/50-tofu3.conf", "podman, buildah, skopeo, CRI-O"],
    ["tofu3 serve config containerd > /etc/containerd/certs.d/_default/hosts.toml", "containerd, for every registry"],
    ["tofu3 serve config brew >> ~/.homebrew/brew.env", "bottles"],
  ],
  exits: [exit(0, "it is printed"), BROKEN, MISTAKEN],
  read: ([client = ""], flags) => ({
    command: "serve config",
    client: clientNamed(client, CLIENT_NAMES),
    registry: text(flags, "registry"),
    gate: text(flags, "gate"),
  }),
};

/** What the gate keeps up at most, less the time to begin. */
const LONGEST_SECONDS = 110;

export const SERVE_CHECK: Command<ServeCheckArguments> = {
  name: "serve check",
  positionals: ["CLIENT"],
  summary: "whether a client really stops at the gate's refusal",
  description: [
    "Has the running gate refuse one image for a moment, runs the client's own pull of it, and looks what it does.",
    "It fails closed if it tells the refusal and asks nobody else. It fails open if the pull succeeds, or if it fails",
    "at the registry itself: on another day it would have succeeded. Run it where the gate runs, as whoever uses the",
    `client. CLIENT is ${CHECKED.slice(0, -1).join(", ")} or ${CHECKED.at(-1) ?? ""}. Nothing that it pulls stays.`,
  ],
  flags: [
    {
      name: "image",
      value: "REFERENCE",
      text: "one that is there; otherwise a small one that everybody may pull. A formula for brew",
    },
    GATE,
    { name: "store", value: "DIR", text: "the store of the gate; otherwise that of the configuration" },
    { name: "hosts-dir", value: "DIR", text: "containerd's; /etc/containerd/certs.d if not given" },
    { name: "timeout", value: "N", text: `seconds for the pull, at most ${LONGEST_SECONDS}; 60 if not given` },
  ],
  examples: [
    ["tofu3 serve check podman", "whether podman fails closed"],
    ["tofu3 serve check docker --image 127.0.0.1:5005/docker.io/library/hello-world", "docker before 29"],
    ["tofu3 serve check containerd --json", "the same for a program"],
  ],
  exits: [
    exit(0, "the client fails closed"),
    BROKEN,
    exit(2, "usage or configuration is wrong, or the client is not installed"),
    exit(10, "the client fails open: it goes around the gate"),
    exit(12, "it could not be told: no gate runs, or the client did not ask anybody"),
    INTERRUPTED,
  ],
  read: ([client = ""], flags) => ({
    command: "serve check",
    client: checkedNamed(client),
    image: text(flags, "image"),
    gate: text(flags, "gate"),
    store: text(flags, "store"),
    hosts: text(flags, "hosts-dir"),
    timeoutSeconds: timeoutOf(flags),
  }),
};

/** Others are run by one of these, or read the same file as one. */
const INSTEAD: Readonly<Record<string, string>> = {
  "cri-o": "check podman: it reads the same files",
  nerdctl: "check containerd: it reads the same files",
  "docker-28": "check docker",
  ctr: "check containerd",
  k3s: "check containerd, with k3s's ctr, CONTAINERD_ADDRESS=/run/k3s/containerd/containerd.sock and --hosts-dir /var/lib/rancher/k3s/agent/etc/containerd/certs.d",
};

function checkedNamed(name: string): Checked {
  const instead = INSTEAD[name];
  if (instead === undefined) return clientNamed(name, CHECKED);
  throw new Tofu3Error("E_USAGE", `tofu3 cannot run a pull of ${name} itself`, { hint: instead });
}

function timeoutOf(flags: Flags): number {
  const given = text(flags, "timeout") ?? "60";
  const seconds = /^[0-9]{1,3}$/.test(given) ? Number(given) : 0;
  if (seconds >= 1 && seconds <= LONGEST_SECONDS) return seconds;
  throw new Tofu3Error("E_USAGE", `--timeout must be from 1 to ${LONGEST_SECONDS} seconds`, { hint: "--timeout 60" });
}
