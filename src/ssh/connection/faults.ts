import { messageOf, Tofu3Error, visible, type ErrorCode } from "../../errors.ts";
import type { Unusable } from "./identity.ts";
import type { SshTarget } from "./target.ts";

/** E_SSH: the network path to the VM, or its sshd. */
export function unreachable(target: SshTarget, what: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_SSH", `cannot reach worker "${target.worker}" at ${target.host}:${target.port}: ${what}`, {
    stage: "ssh",
    hint: `try it by hand: ssh -p ${target.port} ${target.user}@${target.host} true`,
    cause,
  });
}

const SOCKET_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "its name cannot be resolved",
  EAI_AGAIN: "its name cannot be resolved at the moment",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to its network",
  ETIMEDOUT: "it does not answer",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed",
};

/** An error of a socket or of ssh2, in words. */
export function wordsFor(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return SOCKET_WORDS[code] ?? visible(messageOf(error), 200);
}

/**
 * Why the handshake or the authentication failed, from ssh2's error; host key refusals are handled elsewhere. `missing`
 * are the configured identity files that are not there.
 */
export function handshakeFault(target: SshTarget, error: unknown, missing: readonly Unusable[]): Tofu3Error {
  const message = messageOf(error);
  if (/authentication methods failed|Too many authentication/i.test(message) || levelOf(error) === "agent") {
    const agent = levelOf(error) === "agent" ? `: ${visible(message, 200)}` : "";
    const [lost] = missing;
    const left = lost === undefined ? agent : `${agent || " with any key of the agent"}, and ${lost.why}`;
    return new Tofu3Error(
      "E_SSH_AUTH",
      `worker "${target.worker}" does not let user "${target.user}" in at ${target.host}:${target.port}${left}`,
      {
        stage: "ssh",
        hint: `add the public key to ~${target.user}/.ssh/authorized_keys on the VM, or name the right identityFile`,
        cause: error,
      },
    );
  }
  if (/no matching/i.test(message))
    return unreachable(target, `its sshd and tofu3 have no algorithm in common (${visible(message, 200)})`, error);
  if (/Timed out while waiting for handshake/i.test(message))
    return unreachable(target, "it did not answer in SSH in time", error);
  return unreachable(target, wordsFor(error), error);
}

function levelOf(error: unknown): string | null {
  return error instanceof Error && "level" in error && typeof error.level === "string" ? error.level : null;
}

const EXITS: Readonly<Record<number, readonly [words: string, hint: string]>> = {
  90: ["its script got no input", "the account may have a forced command that does not pass standard input on"],
  93: [
    "its /bin/sh has no built-in printf, so a secret would show in the process list",
    "make /bin/sh dash, bash or busybox",
  ],
  94: ["it has no folder for temporary files", "make /tmp writable and free some space"],
  126: ["its shell cannot run", "check the login shell of that account"],
  127: ["it has no /bin/sh", "check the login shell of that account"],
};

/** For an account that accepts the login but runs something else. */
export const NOT_A_WORKER =
  "check the login shell of that account, and what its authorized_keys and sshd force it to run";

/** How a remote shell ended on its own. */
export interface ShellEnd {
  readonly exit: number | null;
  /** Why the connection was lost; null while it is up. */
  readonly lost: string | null;
  /** Whether the script had started. */
  readonly begun: boolean;
}

export function wordsForExit({ exit, lost, begun }: ShellEnd): {
  code: ErrorCode;
  what: string;
  hint: string | undefined;
} {
  const known = exit === null ? undefined : EXITS[exit];
  if (known !== undefined) return { code: "E_VM_TOOL", what: known[0], hint: known[1] };
  if (exit === null && lost !== null)
    return { code: "E_SSH", what: `the connection to it was lost (${lost})`, hint: undefined };
  const what = exit === null ? "its shell was ended" : `its shell ended with status ${exit}`;
  return begun ? { code: "E_SSH", what, hint: undefined } : { code: "E_VM_REPLY", what, hint: NOT_A_WORKER };
}
