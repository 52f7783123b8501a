/**
 * One command for sshd that runs the script as root, with sudo if the login is not root's. The script has no apostrophe
 * (`account.ts`), so any login shell with single quotes passes it on; standard input stays free for sudo's
 * question. Unless it `asks`, it reads nothing: what was typed ahead is for the next command.
 */
export function asRoot(script: string, asks: boolean): string {
  const text = script.replace(/^#!.*\n/, "");
  const quiet = asks ? "" : `sudo -n true 2>/dev/null || exit ${NEEDS_PASSWORD}; `;
  return `sh -c 'if test "$(id -u)" = 0; then exec sh -c "$1"; else ${quiet}exec sudo sh -c "$1"; fi' tofu3 '${text}'`;
}

/** Status of the command that may not ask, if sudo would have to. */
export const NEEDS_PASSWORD = 77;

/** One host key, as `ssh-keygen -l` prints it. */
export interface ShownKey {
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** `ED25519` */
  readonly type: string;
}

const ORDER = ["ED25519", "ECDSA", "RSA"];

/** The host keys that the script printed at its end, the one to use first. */
export function shownKeys(output: string): readonly ShownKey[] {
  const keys = output.split(/\r?\n/).flatMap((line): ShownKey[] => {
    const [, fingerprint, type] = /^\d{3,5} (SHA256:[A-Za-z0-9+/]{43}) .{0,300}\(([A-Z0-9-]{1,20})\)$/.exec(line) ?? [];
    return fingerprint === undefined || type === undefined ? [] : [{ fingerprint, type }];
  });
  return keys.toSorted((one, other) => ORDER.indexOf(one.type) - ORDER.indexOf(other.type));
}
