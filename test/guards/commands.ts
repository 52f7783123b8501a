import { guard, type Guard } from "./guard.ts";

const EXEC = "test/e2e/exec.test.ts";
const INIT = "test/setup/init.test.ts";
const SETUP = "test/setup/setup.test.ts";
const COMPLETE = "test/cli/complete/complete.test.ts";

/** Commands that do more than look: `exec`, `init`, `workers setup`; and completion, which types into a shell. */
export const COMMAND_GUARDS: readonly Guard[] = [
  ...guard(
    "`exec` runs its command only once every reference is agreed",
    {
      file: "src/cli/commands/exec.ts",
      from: "if (own !== EXIT_OK) return",
      to: "if (own < EXIT_OK) return",
      test: `${EXEC} › nothing runs, the gravest code answers, nothing is left, and the report says so`,
    },
    {
      file: "src/cli/commands/exec.ts",
      from: "gravestOf(seen.map(exitOfEvidence))",
      to: "gravestOf(seen.slice(0, 1).map(exitOfEvidence))",
      test: `${EXEC} › nothing runs, the gravest code answers, nothing is left, and the report says so`,
    },
  ),
  ...guard(
    "what `exec` released is in a folder of this user",
    {
      file: "src/cli/commands/exec.ts",
      from: "await folder.remove()",
      to: "await Promise.resolve(null)",
      test: `${EXEC} › skopeo copies the very digest, from a layout that is gone afterwards`,
    },
    {
      file: "src/release/quarantine/privatefolder.ts",
      from: "mkdir(path, { mode: 0o700 })",
      to: "mkdir(path, { mode: 0o755 })",
      test: `${EXEC} › streams, environment and directory are those of the caller; only the user may enter the folder`,
    },
    {
      file: "src/release/quarantine/privatefolder.ts",
      from: "await sweep(above);",
      to: "",
      test: `${EXEC} › SIGKILL to tofu3 leaves the folder, and the next run sweeps it`,
    },
  ),
  ...guard(
    "a name that a registry chose is neither code nor an option",
    {
      file: "src/release/release.ts",
      from: "name !== null && PLAIN_NAME.test(name)",
      to: "name !== null",
      test: `${EXEC} › a file name that the registry chose is no shell's and no option`,
    },
    {
      file: "src/cli/child.ts",
      from: '{ stdio: "inherit", env',
      to: '{ shell: true, stdio: "inherit", env',
      test: `${EXEC} › several subjects: {} is all paths in their order, {2} the second, and no shell looks at anything`,
    },
  ),
  ...guard(
    "the exit code of `exec` is that of its command",
    {
      file: "src/cli/commands/exec.ts",
      from: "command: endOf(ended), code: ended.code",
      to: "command: endOf(ended), code: EXIT_OK",
      test: `${EXEC} › is passed on: %i`,
    },
    {
      file: "src/cli/child.ts",
      from: "128 + constants.signals[signal]",
      to: "NOT_RUNNABLE",
      test: `${EXEC} › is passed on: %i`,
    },
    {
      file: "src/cli/child.ts",
      from: "for (const each of earlier) process.off(name, each);",
      to: "",
      test: `${EXEC} › Ctrl-C on a terminal reaches it once, each time, and tofu3 goes on to its end`,
    },
  ),
  ...guard(
    "`init` takes a host key only from",
    {
      file: "src/cli/commands/init.ts",
      from: "if (key.known) {",
      to: 'if (key.fingerprint !== "") {',
      test: `${INIT} › the same with --yes: 12, and nothing is written`,
    },
    {
      file: "src/cli/commands/initask.ts",
      from: 'if (answer === "yes" || answer === key.fingerprint) return true;',
      to: 'if (answer === "yes" || answer.startsWith("SHA256:")) return true;',
      test: `${INIT} › only what no flag says is asked; a key that is not taken: 12, nothing written`,
    },
    {
      file: "src/cli/commands/initask.ts",
      from: 'or the fingerprint from there", "no")',
      to: 'or the fingerprint from there", "yes")',
      test: `${INIT} › only what no flag says is asked; a key that is not taken: 12, nothing written`,
    },
  ),
  ...guard(
    "`init` replaces no file without `--force`",
    {
      file: "src/cli/commands/init.ts",
      from: "placeSmallFile(path, text, 0o600, wanted.force)",
      to: "placeSmallFile(path, text, 0o600, true)",
      test: `${INIT} › a file that appears while it asks is not replaced`,
    },
    {
      file: "src/cli/commands/dialog.ts",
      from: "signal.throwIfAborted();",
      to: "if (signal.aborted) return otherwise;",
      test: `${INIT} › Ctrl-C at a question: 130; the end of the input: 2; neither writes`,
    },
    {
      file: "src/cli/commands/dialog.ts",
      from: "if (closed)",
      to: "if (closed) return otherwise;\n        if (signal.aborted)",
      test: `${INIT} › Ctrl-C at a question: 130; the end of the input: 2; neither writes`,
    },
  ),
  ...guard(
    "`workers setup` changes and removes only users that it made",
    {
      file: "src/setup/account.ts",
      from: 'cut -d: -f5)" = "$made" ||',
      to: 'cut -d: -f5)" = "$made" || true ||',
      test: `${SETUP} › a user, a home or a file of somebody else is left alone`,
    },
    {
      file: "src/setup/account.ts",
      from: 'if test -e "$home"; then die',
      to: "if false; then die",
      test: `${SETUP} › a user, a home or a file of somebody else is left alone`,
    },
    {
      file: "src/setup/account.ts",
      from: 'test -z "$(cut -d: -f5 /etc/passwd | grep -x "$made")"',
      to: "true",
      test: `${SETUP} › two accounts: the script stays for the one that is left, and each has its key`,
    },
  ),
  ...guard(
    "of HOST, `--user` and the key nothing but",
    {
      file: "src/setup/account.ts",
      from: "/^[a-z_][a-z0-9_-]{0,30}$/.test(name)",
      to: "/^[^-]/.test(name)",
      test: `${SETUP} › HOST %j %j is refused`,
    },
    {
      file: "src/setup/publickey.ts",
      from: "/^[A-Za-z0-9@._+-]{1,64}$/.test(word)",
      to: 'word !== ""',
      test: `${SETUP} › what is in the script is a type, a key and words`,
    },
    {
      file: "src/setup/destination.ts",
      from: "isHost(host) &&",
      to: "",
      test: `${SETUP} › HOST %j %j is refused`,
    },
  ),
  ...guard(
    "what completion offers is data",
    {
      file: "src/cli/complete/complete.ts",
      from: "&& HARMLESS.test(word)",
      to: "",
      test: `${COMPLETE} › what no reference can be is not offered`,
    },
    {
      file: "src/cli/complete/complete.ts",
      from: 'says.replaceAll(/[\\p{C}\\s]+/gu, " ")',
      to: "says",
      test: `${COMPLETE} › a worker's host with anything but the letters of a host is not offered, and its name is one line`,
    },
    {
      file: "src/cli/complete/complete.ts",
      from: '!word.startsWith("-")',
      to: 'word !== "-"',
      test: `${COMPLETE} › what no reference can be is not offered`,
    },
  ),
];
