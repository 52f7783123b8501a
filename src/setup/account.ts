import { Tofu3Error, visible } from "../errors.ts";
import { SCRIPT_FILE } from "../ssh/script/script.ts";
import type { PublicKey } from "./publickey.ts";

/** Where the worker script lies on a VM. */
export const WORKER_FILE = "/usr/local/lib/tofu3-worker.sh";

/** A name that `useradd` takes, and that neither a shell nor sshd_config has to quote. Throws E_USAGE. */
export function accountName(name: string): string {
  if (/^[a-z_][a-z0-9_-]{0,30}$/.test(name) && name !== "root") return name;
  throw new Tofu3Error("E_USAGE", `--user cannot be ${JSON.stringify(visible(name, 100))}`, {
    hint: "an account of its own: a small letter or _, then up to 30 small letters, digits, _ and -, such as tofu",
  });
}

/**
 * What both scripts need. Like the worker script they have no apostrophe and no exclamation mark, so that they can be
 * one word of a command; nothing but a checked user name and a checked key is ever put into them.
 */
function head(user: string): string {
  return `set -eu
umask 022
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
user=${user}
home=/home/$user
worker=${WORKER_FILE}
main=/etc/ssh/sshd_config
part=/etc/ssh/sshd_config.d/tofu3-$user.conf
# in the comment field of a user that this script made; no other user is ever changed or removed
made="tofu3 worker"
say() { printf "tofu3: %s\\n" "$*"; }
die() { printf "tofu3: error: %s\\n" "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
reload() {
  for name in ssh sshd; do
    if has systemctl && systemctl reload "$name" 2>/dev/null; then return; fi
    if has rc-service && rc-service "$name" reload >/dev/null 2>&1; then return; fi
  done
  if test -s /run/sshd.pid && kill -HUP "$(cat /run/sshd.pid)" 2>/dev/null; then return; fi
  say "reload sshd, so that it reads its configuration again"
}
test "$(id -u)" = 0 || die "this needs root: run it with sudo sh"
entry=$(grep "^$user:" /etc/passwd) || entry=
test -z "$entry" || test "$(printf "%s\\n" "$entry" | cut -d: -f5)" = "$made" ||
  die "there is a user $user that tofu3 did not make, and nothing was changed; choose another name with --user"
`;
}

const MAKE_USER = `test -d /etc/ssh || die "there is no /etc/ssh: install an SSH server first"
if test -z "$entry"; then
  if test -e "$home"; then die "there is a folder $home without a user $user, and nothing was changed"; fi
  if has useradd; then
    useradd -M -U -d "$home" -s /bin/sh -c "$made" "$user"
  elif has adduser; then
    adduser -D -H -h "$home" -s /bin/sh -g "$made" "$user"
  else
    die "there is neither useradd nor adduser"
  fi
fi
# no password fits; a locked one would keep keys out, too, where sshd does without PAM
printf "%s:*\\n" "$user" | chpasswd -e >/dev/null || die "chpasswd cannot take the password of $user away"
`;

const WRITE_FILES = `# home and keys belong to root, so whoever gets into the account cannot let anybody else in
mkdir -p "$home/.ssh" "\${worker%/*}"
chown 0:0 "$home" "$home/.ssh"
chmod 755 "$home" "$home/.ssh"
touch "$home/.ssh/authorized_keys"
forced="restrict,command=\\"/bin/sh $worker\\" $key"
# a line that lets this key do more, as of cloud-init, is replaced
if grep -qF "$forced" "$home/.ssh/authorized_keys"; then :; else
  others=$(grep -vF "$key" "$home/.ssh/authorized_keys") || others=
  {
    if test -n "$others"; then printf "%s\\n" "$others"; fi
    printf "%s %s\\n" "$forced" "$comment"
  } >"$home/.ssh/authorized_keys"
fi
chown 0:0 "$home/.ssh/authorized_keys"
chmod 644 "$home/.ssh/authorized_keys"
# with this the machine signs what it sees; the account may use it, and not replace it
signer=$home/.ssh/tofu3_sign
if has ssh-keygen && has awk; then
  test -e "$signer" || ssh-keygen -q -t ed25519 -N "" -C "$user" -f "$signer"
  chown "0:$(id -g "$user")" "$signer"
  chown 0:0 "$signer.pub"
  chmod 640 "$signer"
  chmod 644 "$signer.pub"
fi
if test -e "$worker" && test -z "$(grep "^# The tofu3 worker script" "$worker")"; then
  die "there is a $worker that is not the worker script of tofu3: move it away"
fi
cat >"$worker.new" <<"TOFU3_WORKER"
${SCRIPT_FILE}TOFU3_WORKER
chmod 644 "$worker.new"
mv -f "$worker.new" "$worker"
if has restorecon; then restorecon -R "$home" "$worker"; fi
`;

/** Of sshd_config(5), both may stand in Match: the other users of the machine keep their settings. */
const WRITE_SSHD = `# sshd notices within a minute that tofu3 has gone, and ends what it started; for this user alone
wanted="Match User $user
  ClientAliveInterval 15
  ClientAliveCountMax 3"
before=$(sshd -T -C "user=$user,host=localhost,addr=127.0.0.1" 2>/dev/null | grep -i "^clientalive") || before=
if grep -qi "^[[:space:]]*Include[[:space:]].*sshd_config\\.d/" "$main"; then
  printf "%s\\n" "$wanted" >"$part"
  sshd -t || { rm -f "$part"; die "sshd does not take its configuration; $part was removed again"; }
elif grep -q "^# tofu3 begin $user\\$" "$main"; then :; else
  cp -p "$main" "$main.tofu3"
  printf "\\n# tofu3 begin %s\\n%s\\nMatch all\\n# tofu3 end %s\\n" "$user" "$wanted" "$user" >>"$main"
  sshd -t || { mv -f "$main.tofu3" "$main"; die "sshd does not take its configuration; $main is as it was"; }
  rm -f "$main.tofu3"
fi
after=$(sshd -T -C "user=$user,host=localhost,addr=127.0.0.1" | grep -i "^clientalive")
test "$before" = "$after" || reload
`;

const TELL = `has curl || say "warning: there is no curl: install it"
has openssl || has sha256sum || has shasum || say "warning: there is no openssl, sha256sum or shasum: install one"
say "user $user is ready; the host keys of this machine:"
for file in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf "$file"; done
if test -e "$signer.pub"; then
  say "it signs what it sees with this key (tofu3 judge --trust-vm):"
  cat "$signer.pub"
fi
`;

/** Makes the account, or brings it up to date; adds the key to those that it has. POSIX sh, to be run as root. */
export function setupScript(user: string, { type, base64, comment }: PublicKey): string {
  return `#!/bin/sh
# Makes the account "${user}" for tofu3 on this machine. Run it as root; run again, it changes only what is missing.
# It is undone by: tofu3 workers setup HOST --user ${user} --remove
${head(user)}key="${type} ${base64}"
comment="${comment}"
${MAKE_USER}${WRITE_FILES}${WRITE_SSHD}${TELL}`;
}

const REMOVE = `if grep -qs "^# tofu3 begin $user\\$" "$main" && test -z "$(grep "^# tofu3 end $user\\$" "$main")"; then
  die "$main has the line: # tofu3 begin $user, and not its end; take that block out by hand, then run this again"
fi
if test -n "$entry"; then
  if has pkill; then pkill -KILL -u "$user" || :; fi
  if has userdel; then userdel -f "$user"; else deluser "$user"; fi
  if has groupdel && grep -q "^$user:" /etc/group; then groupdel "$user"; fi
  rm -rf "$home"
  rm -f "/var/mail/$user" "/var/spool/mail/$user"
fi
# another account of tofu3 may need it
if test -e "$worker" && test -z "$(cut -d: -f5 /etc/passwd | grep -x "$made")"; then
  if grep -q "^# The tofu3 worker script" "$worker"; then rm -f "$worker"; fi
fi
changed=
if test -e "$part"; then rm -f "$part"; changed=yes; fi
if grep -qs "^# tofu3 begin $user\\$" "$main"; then
  sed "/^# tofu3 begin $user\\$/,/^# tofu3 end $user\\$/d" "$main" | sed "\\$ { /^\\$/d; }" >"$main.tofu3"
  cat "$main.tofu3" >"$main"
  rm -f "$main.tofu3"
  changed=yes
fi
test -z "$changed" || reload
say "user $user and what belongs to it are not on this machine"
`;

/** Takes away what `setupScript` made, and refuses a user of another origin. POSIX sh, to be run as root. */
export function removeScript(user: string): string {
  return `#!/bin/sh
# Removes the account "${user}" that tofu3 made on this machine, with its keys, its sshd settings and the worker script.
# Run it as root; run again, it finds nothing to do.
${head(user)}${REMOVE}`;
}
