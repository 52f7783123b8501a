import { createHash } from "node:crypto";

/**
 * The whole program that runs on a VM, one statement a line; docs/protocol.md explains each. It is a constant: nothing a registry or a
 * person said is ever part of it. It has no apostrophe, no newline, no `\\`, no `!` and no `[^`, so that any login shell passes it on unchanged.
 */
export const STATEMENTS: readonly string[] = [
  "LC_ALL=C; export LC_ALL; PATH=${PATH:+$PATH:}/usr/local/bin:/usr/bin:/bin; umask 077; ulimit -c 0; set -f; trap : PIPE",
  "unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY CURL_HOME CURL_CA_BUNDLE CURL_SSL_BACKEND SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE OPENSSL_CONF OPENSSL_MODULES",
  'N=$(printf "\\n."); N=${N%.}',
  "IFS= read -r n || exit 90",
  'printf "\\n%s begin 1\\n" "$n"',
  "case $(command -v printf) in */*) exit 93;; esac",
  "abc=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  'h() { a=$1; shift; openssl dgst -sha$a -r "$@"; }; k=openssl',
  'case $(printf abc | h 256 2>/dev/null) in $abc*) ;; *) h() { a=$1; shift; sha${a}sum "$@"; }; k=sha256sum; case $(printf abc | h 256 2>/dev/null) in $abc*) ;; *) h() { a=$1; shift; shasum -a $a "$@"; }; k=shasum; case $(printf abc | h 256 2>/dev/null) in $abc*) ;; *) k=none;; esac;; esac;; esac',
  'd=$(mktemp -d "${TMPDIR:-/tmp}/tofu3.XXXXXXXXXX" 2>/dev/null || mktemp -d /tmp/tofu3.XXXXXXXXXX 2>/dev/null || mktemp -d /dev/shm/tofu3.XXXXXXXXXX 2>/dev/null || mktemp -d "$HOME/.tofu3.XXXXXXXXXX" 2>/dev/null)',
  'test -n "$d" && cd "$d" && mkfifo p && exec 4<>p && rm p || { test -z "$d" || rm -rf "$d"; printf "%s lacks directory\\n%s end\\n" "$n" "$n"; exit 94; }',
  'say() { printf "%s info %s %s\\n" "$n" "$1" "$2"; }',
  'm=$(cat /etc/machine-id 2>/dev/null); test -z "$m" || m=$(printf "tofu3 machine\\n%s" "$m" | h 256)',
  'say hash "$k"; say machine "${m%% *}"; say os "$(uname -sr 2>/dev/null)"; say clock "$(date +%s)"; say curl "$(curl -q -V 2>/dev/null | head -n 1)"; printf "%s end\\n" "$n"',
  'tell() { set +f; wc -c h* $1 2>/dev/null | while read -r a b; do case $b in h*) test $a -le 65536 || { head -c 65536 $b >x && mv x $b && a=65536; } || { rm -f $b x; continue; };; esac; printf "%s l %s %s\\n" "$n" "$a" "$b"; done; printf "%s raw\\n" "$n"; cat h* $1 2>/dev/null; rm -f h* b*; printf "%s end\\n" "$n"; }',
  'item() { printf "%surl = %s\\noutput = b%s\\ndump-header = h%s\\n%s%s%s\\n" "$T" "$u" $i $i "$W" $i "$V"; }',
  "each() { i=0; IFS=$N; for u in $c; do i=$((i+1)); $1; done; }",
  'joined() { test $i = 1 || printf "next\\n"; item; }',
  'alone() { item | curl -q -K -; printf "%s rc %s %s\\n" "$n" $i $?; }',
  'batch() { trap "" XFSZ; ulimit -f $3; case $2 in z) each joined | curl -q -K -; printf "%s rc 0 %s\\n" "$n" $?;; s) each alone;; esac; unset IFS; case $1 in r) tell "b*";; *) set +f; h $1 b* 2>/dev/null | while read -r a b; do printf "%s d %s %s\\n" "$n" "$a" "$b"; done; tell;; esac; }',
  'part() { printf "%s" "$T" | curl -q -K - 5>&1 >&$o 2>&3; r=$?; printf "\\n%s rc 1 %s\\n" "$n" $r >&3; test $r = 0 || tell >&3; }',
  'parts() { part; while test $r -gt 0; do T=; while IFS= read -r l <&4; do case $l in .) break;; -) return;; *) T="$T$l$N";; esac; done; part; done; }',
  'stream() { o=$3; trap "" XFSZ; ulimit -f 1024; { s=$(parts | head -c $2 | h $1); } 3>&1; printf "%s d %s -\\n" "$n" "${s%% *}"; tell; }',
  'leash() { trap : TERM; kill -TERM 0; cd /; rm -rf "$d" || rm -rf "$d"; kill -KILL 0; }',
  "trap leash HUP TERM; T=; c=; W=; V=",
  'while IFS= read -r l; do case $l in bye) wait; cd /; rm -rf "$d"; printf "%s bye\\n" "$n"; exit 0;; t*) T="$T${l#t}$N";; u*) c="$c${l#u}$N";; w*) W=${l#w};; v*) V=${l#v};; b*) batch ${l#b} & T=; c=;; s*) stream ${l#s} & T=; c=;; m*) printf "%s\\n" "${l#m}" >&4;; A) : >ca;; a*) printf "%s\\n" "${l#a}" >>ca;; ping) printf "%s pong %s\\n%s end\\n" "$n" "$(date +%s)" "$n";; esac; done',
  "leash",
];

/** Version of the grammar; stands behind `begin`. */
export const PROTOCOL = "1";

/** The script as a forced command runs it: `/bin/sh -c SCRIPT`. */
export const SCRIPT = STATEMENTS.join("; ");

/** What is sent to sshd; any login shell hands it to /bin/sh. */
export const COMMAND = `exec /bin/sh -c '${SCRIPT}'`;

/** sha256 of the script, hex, so that a person can compare an installed copy. */
export function scriptDigest(): string {
  return createHash("sha256").update(SCRIPT).digest("hex");
}
