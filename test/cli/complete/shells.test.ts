import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROGRAM } from "../../lab/cli.ts";
import { makeFolder, runTool, until } from "../../lab/processes.ts";

/** How each shell is started without anybody's settings, and what loads the completion in it. */
const SHELLS = {
  "bash alone": { start: "bash --noprofile --norc -i", init: "PS1='$ '; source <(tofu3 completion bash)" },
  "bash with bash-completion": {
    start: "bash --noprofile --norc -i",
    init: "PS1='$ '; source /usr/share/bash-completion/bash_completion; source <(tofu3 completion bash)",
  },
  zsh: {
    start: "zsh -f -i",
    // its TAB expands $(…) that is typed, whatever is completed; this one completes only
    init: "PS1='$ '; bindkey '^I' complete-word; autoload -U compinit; compinit -u -D; source <(tofu3 completion zsh)",
  },
  fish: {
    start: "fish --no-config -i",
    init: "function fish_prompt; echo '$ '; end; set -g fish_greeting; tofu3 completion fish | source",
  },
} as const;

const EVIL = "$(touch pwned)`touch pwned`;touch pwned";

let folder = "";
let cwd = "";
const tmux = (...args: string[]): Promise<string> =>
  runTool("tmux", ["-S", join(folder, "tmux"), "-f", "/dev/null", ...args]);

beforeAll(async () => {
  folder = (await makeFolder("shells")).path;
  cwd = join(folder, "cwd");
  mkdirSync(cwd);
  mkdirSync(join(folder, "bin"));
  symlinkSync(PROGRAM, join(folder, "bin/tofu3"));
  mkdirSync(join(folder, ".local/state/tofu3"), { recursive: true });
  const entry = (registry: string, repository: string, tag: string): string =>
    `${JSON.stringify({ subject: { registry, repository, tag, pin: null } })}\n`;
  const lines = [
    entry("docker.io", "library/alpine", "3.20"),
    entry("localhost:5000", "app", "1.0"),
    entry("docker.io", `library/evil${EVIL}`, "1"),
    entry("docker.io", "library/evil", `1${EVIL}\n'"`),
  ];
  writeFileSync(join(folder, ".local/state/tofu3/ledger.jsonl"), lines.join(""));
  const evil = JSON.stringify(`evil${EVIL}`);
  writeFileSync(
    join(cwd, "tofu3.yaml"),
    `workers: [{ name: ${evil}, host: ${evil} }, { name: ${evil}, host: fra.example }]\n`,
  );
  writeFileSync(join(cwd, "my lock.lock"), "");
  writeFileSync(join(cwd, "z$(touch pwned).lock"), "");
});

afterAll(async () => {
  await tmux("kill-server").catch(() => undefined);
});

/**
 * Presses TAB after what is typed; answers with the line at the prompt once it matches, or as it is after a while. Types
 * it again if a shell threw it away, as they do with what comes while they still end an earlier completion.
 */
async function pressTab(session: string, typed: string, wanted: RegExp, seconds = 3): Promise<string> {
  let last = "";
  for (let attempt = 0; attempt < 4 && !last.startsWith("$ tofu3"); attempt++) {
    await tmux("send-keys", "-t", session, "C-c");
    await new Promise((resolve) => setTimeout(resolve, 100 + 400 * attempt));
    await tmux("send-keys", "-t", session, "C-l");
    await tmux("send-keys", "-t", session, "-l", typed);
    await tmux("send-keys", "-t", session, "Tab");
    const matches = async (): Promise<true | undefined> => {
      last = await line(session);
      return wanted.test(last) ? true : undefined;
    };
    await until(wanted.source, matches, seconds).catch(() => undefined);
  }
  return last;
}

/** The line at the last prompt, without what a shell shows in grey after it. */
async function line(session: string): Promise<string> {
  const screen = await tmux("capture-pane", "-p", "-J", "-t", session);
  return (
    screen
      .split("\n")
      .filter((each) => each.startsWith("$ "))
      .at(-1)
      ?.trimEnd() ?? ""
  );
}

const COMPLETED: readonly (readonly [typed: string, wanted: RegExp])[] = [
  ["tofu3 hist", /^\$ tofu3 history$/],
  ["tofu3 workers che", /^\$ tofu3 workers check$/],
  ["tofu3 verify --plat", /^\$ tofu3 verify --platform$/],
  ["tofu3 tags --log-level deb", /--log-level debug$/],
  ["tofu3 tags --log-level=deb", /--log-level=debug$/],
  ["tofu3 verify alpine:3", /^\$ tofu3 verify alpine:3\.20$/],
  ["tofu3 verify localhost:5", /^\$ tofu3 verify localhost:5000\/app:1\.0$/],
  ["tofu3 workers setup fra", /^\$ tofu3 workers setup fra\.example$/],
  ["tofu3 verify alpine --lock m", /--lock (?:my\\ lock\.lock|'my lock\.lock')$/],
  ["tofu3 verify alpine --lock=m", /--lock=(?:my\\ lock\.lock|'my lock\.lock'?)$/],
  ["tofu3 verify alpine -o oci:m", /-o (?:oci:my\\ lock\.lock|'oci:my lock\.lock')$/],
  ["tofu3 help env", /^\$ tofu3 help environment$/],
];

/** A reference, a host and a file that somebody else named, and what is typed: none of it may be executed. */
const HOSTILE = [
  "tofu3 verify evil",
  "tofu3 workers setup evil",
  "tofu3 verify a --lock z",
  "tofu3 verify '$(touch pwned)",
  "tofu3 verify $(touch pwned)al",
];

/** What was typed last may still be completed, and must never be run: waits until it is gone and the shell runs a command. */
async function regainPrompt(session: string): Promise<void> {
  const isBack = async (): Promise<true | undefined> => {
    await tmux("send-keys", "-t", session, "C-c");
    await new Promise((resolve) => setTimeout(resolve, 500));
    await tmux("send-keys", "-t", session, "C-e", "C-u");
    await new Promise((resolve) => setTimeout(resolve, 500));
    if ((await line(session)) !== "$") return undefined;
    await tmux("send-keys", "-t", session, "-l", "clear; echo ba''ck");
    await tmux("send-keys", "-t", session, "Enter");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return (await tmux("capture-pane", "-p", "-t", session)).includes("back\n") ? true : undefined;
  };
  await until(`${session} takes commands`, isBack, 90);
}

/** A terminal with the shell and the completion in it. */
async function openShell(
  session: string,
  { start, init }: { readonly start: string; readonly init: string },
): Promise<void> {
  const env = ["env", "-i", `PATH=${join(folder, "bin")}:${process.env["PATH"] ?? ""}`, `HOME=${folder}`];
  const script = join(folder, `${session}.sh`);
  const words = [...env, "TERM=screen", "LANG=C.UTF-8", ...start.split(" ")].map((word) => `'${word}'`).join(" ");
  writeFileSync(script, `#!/bin/sh\ncd '${cwd}'\nexec ${words}\n`);
  chmodSync(script, 0o755);
  await tmux("new-session", "-d", "-s", session, "-x", "120", "-y", "30", script);
  await tmux("send-keys", "-t", session, "-l", `${init}; echo lo''aded`);
  await tmux("send-keys", "-t", session, "Enter");
  const isReady = async (): Promise<true | undefined> =>
    (await tmux("capture-pane", "-p", "-t", session)).includes("\nloaded") ? true : undefined;
  await until(`${session} is ready`, isReady, 20);
}

test.concurrent.each(Object.entries(SHELLS))("TAB in %s", { timeout: 300_000 }, async (name, shell) => {
  const session = name.replaceAll(" ", "-");
  await openShell(session, shell);
  const wrong: string[] = [];
  for (const [typed, wanted] of COMPLETED) {
    const seen = await pressTab(session, typed, wanted);
    if (!wanted.test(seen)) wrong.push(`${typed} became ${seen}`);
  }
  expect(wrong).toEqual([]);
  for (const typed of HOSTILE) {
    await pressTab(session, typed, /never/, 0.6);
    expect(readdirSync(cwd), typed).not.toContain("pwned");
  }
  await regainPrompt(session);
  expect(await pressTab(session, "tofu3 hist", /history$/, 20)).toMatch(/history$/);
});

test("the completion files that bash-completion, zsh and fish load by themselves are the same text", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const text = await runTool(process.execPath, [PROGRAM, "completion", shell]);
    writeFileSync(join(folder, shell), text);
    await runTool(shell, ["-n", join(folder, shell)]);
    expect(text).not.toMatch(/\beval\b/);
  }
  expect(existsSync(join(cwd, "pwned"))).toBe(false);
});
