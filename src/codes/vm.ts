import type { WORKER_CODES } from "../errors.ts";
import type { Explanation } from "./explanation.ts";

type VmCode = Extract<(typeof WORKER_CODES)[number], `E_SSH${string}` | `E_VM_${string}` | "E_HOST_KEY">;

/** The way to a VM, and the VM itself. */
export const VM: Readonly<Record<VmCode, Explanation>> = {
  E_HOST_KEY: {
    title: "the machine that answers does not prove the known host key of the VM",
    where:
      "While the connection to a VM is made (stage `ssh`). Nothing is sent to a machine without the right key. If another key was known, the worker's row says `HOST KEY`, and the verdict ends with it.",
    cause:
      "Somebody on the way answers in place of the VM, or the VM was reinstalled or got new keys. Or no key is known: neither `hostKey:` nor a line in `known_hosts`.",
    cure: "Look at the key on the VM's own console (the provider's web console, not SSH): `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`. Only if that is the key that was offered, write it to `hostKey:`. If it is the key that was expected, somebody is on the way to the VM: use another network and find out who.",
  },
  E_SSH: {
    title: "the VM cannot be reached over SSH",
    where: "On the way to a VM (stage `ssh`).",
    cause: "The VM is off, its address or port is wrong, a firewall is in between, or the connection broke.",
    cure: "Try it by hand with the command of the hint, then run `tofu3 workers check`.",
  },
  E_SSH_AUTH: {
    title: "the VM does not let tofu3 in",
    where: "While logging in to a VM (stage `ssh`).",
    cause:
      "None of the keys is in the account's `authorized_keys`, the user is wrong, or the key cannot be used: wrong passphrase, wrong file, no agent.",
    cure: "Add the public key to `~USER/.ssh/authorized_keys` on the VM, or set `user:` and `identityFile:` of that worker. `tofu3 workers check` tries again.",
  },
  E_VM_TOOL: {
    title: "the VM lacks a program, or it does not work",
    where: "When the worker script starts on a VM, or during an exchange.",
    cause:
      "curl or a hash tool is missing, too old or killed, `/bin/sh` is unusual, or there is no folder for temporary files.",
    cure: "Install what the hint names, for example `apt-get install curl openssl`. `tofu3 workers check` lists everything that is missing.",
  },
  E_VM_SCRIPT: {
    title: "the VM runs another version of the worker script",
    where: "When the worker script starts on a VM with a forced command.",
    cause: "The script that was installed on the VM belongs to another version of tofu3.",
    cure: "Install the present one: `tofu3 workers script > tofu3-worker.sh`, and copy it to the VM.",
  },
  E_VM_REPLY: {
    title: "what the VM sent is not an answer of the worker script",
    where: "On the way from a VM (stage `ssh`).",
    cause:
      "The account runs something else (a login shell, another forced command), or somebody changed what the VM sends.",
    cure: "Check the account's login shell and `authorized_keys`. If they are right, look for a reason on the VM before you trust it again.",
  },
  E_VM_DISK: {
    title: "the VM cannot keep what it received",
    where: "During an exchange on a VM (stage `body`).",
    cause:
      "The temporary folder of the VM is full. Documents are kept there until they are sent; layers are only hashed.",
    cure: "Free some space in `/tmp` on the VM.",
  },
};
