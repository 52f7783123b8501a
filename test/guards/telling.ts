import { guard, type Guard } from "./guard.ts";

const DEBUG = "test/e2e/debug.test.ts";
const CONNECT = "test/ssh/connection/connect.test.ts";
const STDIN = "test/cli/configstdin.test.ts";
const TEMPLATE = "test/report/template.test.ts";
const PAGE = "test/report/html/page.test.ts";
const ODD = "test/report/odd.test.ts";
const ACTION = "test/pipelines/run.test.ts";
const PROGRAM = "test/cli/program.test.ts";
const PROGRESS = "test/cli/progress/json.test.ts";
const JSON_TEST = "test/cli/json.test.ts";

/** What people, programs and pipelines are told, and what pipelines and configurations hand in. */
export const TELLING_GUARDS: readonly Guard[] = [
  ...guard(
    "an input of the action is one argument",
    {
      file: "config/ci/gate.mjs",
      from: '...files, "--", subject',
      to: "...files, subject",
      test: `${ACTION} › an input is one argument, whatever is in it: no flag, no code, no command to the runner`,
    },
    {
      file: "config/ci/gate.mjs",
      from: "stdout.write(`::stop-commands::${token}\\n`);",
      to: "",
      test: `${ACTION} › an input is one argument, whatever is in it: no flag, no code, no command to the runner`,
    },
    {
      file: "config/ci/action.yml",
      from: 'if [ "$TOFU3_PACKAGE" = none ]',
      to: 'if [ "${{ inputs.package }}" = none ]',
      test: "test/pipelines/templates.test.ts › no script has an expression in it, and bash runs them all",
    },
    {
      file: "config/ci/gitlab.yml",
      from: "          -*)",
      to: "          --never)",
      test: `${ACTION} › no subject, and a flag among them, are mistakes`,
    },
  ),
  ...guard(
    "the action's SSH key is in an agent only",
    {
      file: "config/ci/action.yml",
      from: "if: always()",
      to: "if: success()",
      test: `${ACTION} › a lie: the job fails with 10, the annotation says who was told what, and the key is removed all the same`,
    },
    {
      file: "config/ci/action.yml",
      from: "ssh-add -q -",
      to: 'tee "$folder/key" | ssh-add -q -',
      test: `${ACTION} › agreed: the job goes on, with outputs, a summary and a notice; the key is gone, and was in no file`,
    },
  ),
  ...guard(
    "neither `--debug` nor `--progress json` tells a secret",
    {
      file: "src/http/exchanges.ts",
      from: "visible(origin + pathname, 500)",
      to: "visible(text, 500)",
      test: `${DEBUG} › --debug tells where a redirect leads, and which hop the next exchange is, without the query that signs it`,
    },
    {
      file: "src/http/exchanges.ts",
      from: "const url = plainUrl(query.url);",
      to: 'const url = `${query.url}#${query.headers.map(([, value]) => (typeof value === "string" ? "" : value.reveal())).join("")}`;',
      test: `${DEBUG} › has every request of the registry's access log, for each worker, and no secret`,
    },
  ),
  ...guard(
    "`--progress plain` moves no cursor",
    {
      file: "src/cli/progress/progress.ts",
      from: 'if (settings.progress !== "auto") return settings.progress;',
      to: 'if (settings.progress !== "auto" && settings.progress !== "plain") return settings.progress;',
      test: `${PROGRAM} › with --progress plain gets lines that stay, as for a screen reader: no cursor is moved`,
    },
    {
      file: "src/cli/progress/json.ts",
      from: "workedSeconds: tenths(now - since)",
      to: "worked: tenths(now - since)",
      test: `${PROGRESS} › tells everything that happens, and all workers at most twice a second`,
    },
    {
      file: "src/cli/progress/json.ts",
      from: "const EVERY_MS = 500;",
      to: "const EVERY_MS = 50;",
      test: `${PROGRESS} › tells everything that happens, and all workers at most twice a second`,
    },
    {
      file: "src/cli/progress/audit.ts",
      from: "paused = true;",
      to: "",
      test: "test/cli/passphrase.test.ts › the line of an audit stands still while a question is asked, and goes on after it",
    },
  ),
  ...guard(
    "an `identityFile` that is missing",
    {
      file: "src/ssh/connection/keys.ts",
      from: "if (proofs.length > 0 && locked.length === 0) return",
      to: "if (proofs.length > 0 && locked.length === 0 && missing.length === 0) return",
      test: `${CONNECT} › the key, and a named file that is missing: a warning names it`,
    },
    {
      file: "src/ssh/connection/connection.ts",
      from: "of proofs.missing)",
      to: "of proofs.missing.slice(1))",
      test: `${CONNECT} › the key, and a named file that is missing: a warning names it`,
    },
    {
      file: "src/ssh/connection/connection.ts",
      from: "handshakeFault(target, error, attempt.proofs.missing)",
      to: "handshakeFault(target, error, [])",
      test: `${CONNECT} › no key that is let in, and a named file that is missing: the error names both`,
    },
  ),
  ...guard(
    "`--config -` is the configuration of standard input",
    {
      file: "src/config/load.ts",
      from: "folder: surroundings.cwd",
      to: 'folder: "/"',
      test: `${STDIN} › relative paths in it are relative to the current folder`,
    },
    {
      file: "src/stdin.ts",
      from: "{ fatal: true }",
      to: "{ fatal: false }",
      test: `${STDIN} › not UTF-8`,
    },
  ),
  ...guard(
    "`--format` prints no escape sequence",
    {
      file: "src/report/template.ts",
      from: 'return visible(typeof value === "string" ? value : JSON.stringify(value), Infinity);',
      to: 'return typeof value === "string" ? value : JSON.stringify(value);',
      test: `${TEMPLATE} › %s of a hostile report moves no cursor`,
    },
    {
      file: "src/report/template.ts",
      from: "if (found !== undefined) return found;",
      to: 'return found ?? "";',
      test: `${TEMPLATE} › %s is a mistake, and never an empty word`,
    },
    {
      file: "src/report/template.ts",
      from: "Object.hasOwn(value, name)",
      to: "name in value",
      test: `${TEMPLATE} › %s is a mistake, and never an empty word`,
    },
  ),
  ...guard(
    "a report in HTML has no element, no handler and no address",
    {
      file: "src/report/html/markup.ts",
      from: 'return Array.isArray(part) ? part.map(partText).join("") : escaped(String(part));',
      to: 'return Array.isArray(part) ? part.map(partText).join("") : String(part);',
      test: "test/report/html/hostile.test.ts › in Chromium › no text becomes an element, a handler or an address, and nothing is loaded or run",
    },
    {
      file: "src/report/html/markup.ts",
      from: "part.map(partText)",
      to: "part.map(String)",
      test: `${PAGE} › what is interpolated › is markup only where the template made it`,
    },
    {
      file: "src/report/html/markup.ts",
      from: `/[&<>"']/g`,
      to: `/[&<>]/g`,
      test: `${PAGE} › what is interpolated › is text, in an element as well as in an attribute`,
    },
    {
      file: "src/report/html/document.ts",
      from: "default-src 'none'; style-src",
      to: "default-src *; style-src",
      test: `${PAGE} › the page › lets nothing be loaded or run, and no style but its own`,
    },
    {
      file: "src/report/html/tree.ts",
      from: "byState(family.places).slice(0, room)",
      to: "family.places.slice(0, room)",
      test: `${PAGE} › the tree › of 10,001 objects has what differs first, and says how much it leaves out`,
    },
  ),
  ...guard(
    "the table marks whoever stands alone",
    {
      file: "src/report/odd.ts",
      from: "workers.length * 2 > of",
      to: "workers.length > 0",
      test: `${ODD} › whoever stands alone is marked in the table › three roots`,
    },
    {
      file: "src/report/odd.ts",
      from: "expected === null || digest === expected)",
      to: "expected === null || digest !== expected)",
      test: `${ODD} › whoever stands alone is marked in the table › the same false layer at two`,
    },
  ),
  ...guard("`--json` prints one object", {
    file: "src/cli/main.ts",
    from: "if (json) io.stdout.write(",
    to: "if (!json) io.stdout.write(",
    test: `${JSON_TEST} › an error that leaves no result`,
  }),
];
