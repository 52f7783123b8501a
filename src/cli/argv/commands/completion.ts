import { Tofu3Error, visible } from "../../../errors.ts";
import { BROKEN, exit, type Command } from "../command.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export interface CompletionArguments {
  readonly command: "completion";
  readonly shell: Shell;
}

export const COMPLETION: Command<CompletionArguments> = {
  name: "completion",
  positionals: ["SHELL"],
  summary: "print what makes TAB complete tofu3 in bash, zsh or fish",
  description: [
    "Completes commands, flags and their values, files, hosts of the workers, and references that the ledger has seen,",
    "newest first. Nothing is asked over the network, and nothing that a ledger or a configuration holds is executed.",
    "",
    "    source <(tofu3 completion bash)      in ~/.bashrc",
    "    source <(tofu3 completion zsh)       in ~/.zshrc, after compinit",
    "    tofu3 completion fish | source       in ~/.config/fish/config.fish",
  ],
  flags: [],
  examples: [
    ["tofu3 completion bash > ~/.local/share/bash-completion/completions/tofu3", "once, for bash-completion"],
    ["tofu3 completion fish > ~/.config/fish/completions/tofu3.fish", "once, for fish"],
  ],
  exits: [exit(0, "the script is printed"), BROKEN, exit(2, "usage is wrong")],
  read: (words) => ({ command: "completion", shell: shellNamed(words[0] ?? "") }),
};

function shellNamed(name: string): Shell {
  const shell = SHELLS.find((each) => each === name);
  if (shell !== undefined) return shell;
  throw new Tofu3Error("E_USAGE", `there is no completion for ${JSON.stringify(visible(name, 100))}`, {
    hint: `one of: ${SHELLS.join(", ")}`,
  });
}
