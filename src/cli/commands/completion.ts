import type { CompletionArguments, Shell } from "../argv/commands/completion.ts";
import { EXIT_OK } from "../exit.ts";
import type { Io } from "../io.ts";

/**
 * Each script hands the words to `tofu3 __complete` as they are and takes its lines as text: there is no eval in them.
 */
export function completionCommand({ shell }: CompletionArguments, io: Io): number {
  io.stdout.write(SCRIPTS[shell]);
  return EXIT_OK;
}

/** bash 3.2 and later, with and without bash-completion. */
const BASH = `# bash completion for tofu3: source <(tofu3 completion bash)
_tofu3() {
  local i word gap rest=\${COMP_LINE:0:COMP_POINT} tail=
  local -a words=()
  # readline splits at colons and equals signs; what no blank separates is one word
  for ((i = 0; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    gap=\${rest%%"$word"*}
    rest=\${rest:\${#gap}+\${#word}}
    if ((i > 0)) && [[ -n $gap || i -eq 1 ]]; then words+=("$word")
    elif ((i > 0)); then words[\${#words[@]}-1]+=$word; fi
  done
  tail=\${rest#"\${rest%%[![:space:]]*}"}
  if [[ $tail != "$rest" || \${#words[@]} -eq 0 ]]; then words+=("$tail")
  else words[\${#words[@]}-1]+=$tail; fi
  local current=\${words[\${#words[@]}-1]#[\\"\\']}
  words[\${#words[@]}-1]=$current
  # what stands before the last break stays on the line
  [[ $tail == [:=] || $tail == :: ]] && tail=
  local kept=\${current%"\${tail#[\\"\\']}"} line files=
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $files ]]; then files=$line; continue; fi
    line=\${line%%$'\\t'*}
    COMPREPLY+=("\${line#"$kept"}")
  done < <(command tofu3 __complete "\${words[@]}" 2>/dev/null)
  # no reply: readline goes on with file names
  [[ $files == none ]] && compopt +o default +o bashdefault 2>/dev/null
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[:=] ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o bashdefault -o default -o nosort -F _tofu3 tofu3 2>/dev/null ||
  complete -o bashdefault -o default -F _tofu3 tofu3
`;

const ZSH = `#compdef tofu3
# zsh completion for tofu3: source <(tofu3 completion zsh), or as the file _tofu3 in a folder of $fpath
_tofu3() {
  local line files=
  local -a lines found shown
  lines=("\${(@f)$(command tofu3 __complete "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  files=$lines[1]
  shift lines
  for line in "\${lines[@]}"; do
    [[ -n $line ]] || continue
    found+=("\${line%%$'\\t'*}")
    shown+=("\${line%%$'\\t'*}  \${line#*$'\\t'}")
  done
  local done=1
  if (( $#found )); then
    if [[ $#found -eq 1 && $found[1] == *[:=] ]]; then compadd -S '' -V tofu3 -l -d shown -a found && done=0
    else compadd -V tofu3 -l -d shown -a found && done=0; fi
  fi
  if [[ $files == files || $files == folders ]]; then
    compset -P '--[a-z-]#=' || compset -P '[a-z0-9-]#:'
    if [[ $files == folders ]]; then _files -/ && done=0; else _files && done=0; fi
  fi
  return done
}
if [[ $funcstack[1] == _tofu3 ]]; then _tofu3 "$@"; else compdef _tofu3 tofu3; fi
`;

const FISH = `# fish completion for tofu3: tofu3 completion fish > ~/.config/fish/completions/tofu3.fish
function __tofu3_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (command tofu3 __complete $words[2..] "$current" 2>/dev/null)
    set -q lines[2]; and printf '%s\\n' $lines[2..]
    switch "$lines[1]"
        case files folders
            set -l before (string match -r -- '^(?:--[a-z-]+=|[a-z0-9-]+:)' "$current")
            set -l rest (string sub -s (math (string length -- "$before") + 1) -- "$current")
            for path in (__fish_complete_path "$rest")
                printf '%s\\n' "$before$path"
            end
    end
end
complete -c tofu3 -f -k -a '(__tofu3_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
