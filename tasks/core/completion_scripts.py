"""What the shells are to be told, so that they ask us: one script each."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from tasks.core.errors import UsageError
from tasks.core.nearest import one_of

_BASH = """\
# Completion of fab's tasks, options, clusters, members, nodes and runs for bash. In ~/.bashrc:
#   source <(fab completion bash)
_fab_amlen() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(@ASK@ value "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _fab_amlen fab
"""

_ZSH = """\
#compdef fab
# Completion of fab's tasks, options, clusters, members, nodes and runs for zsh. In ~/.zshrc, after compinit:
#   source <(fab completion zsh)
_fab_amlen() {
    local -a found
    found=("${(@f)$(@ASK@ whole "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[1]}" ]]; then
        compadd -- "${found[@]}"
    else
        _files
    fi
}
compdef _fab_amlen fab
"""

_FISH = """\
# Completion of fab's tasks, options, clusters, members, nodes and runs for fish:
#   fab completion fish > ~/.config/fish/completions/fab.fish
function __fab_amlen
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l found (@ASK@ whole $words[2..-1] (commandline --current-token --cut-at-cursor) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline --current-token --cut-at-cursor)
    end
end
complete --command fab --erase
complete --command fab --no-files --arguments '(__fab_amlen)'
"""

SCRIPTS: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
_CODE = "import sys; sys.path.insert(0, sys.argv.pop(1)); from tasks.effects.completing import main; main()"


def script(shell: str, *, python: str, home: str) -> str:
    """The shell's script, which asks this Python and this tool directly: Fabric would take a second to start.

    Args:
        shell: Its name, or the path of its program.
        python: The interpreter.
        home: The directory that holds `tasks`.

    Raises:
        UsageError: No shell, or one that has no script.
    """
    name = shell.rpartition("/")[2]
    if name not in SCRIPTS:
        what = f"there is no completion for the shell {name}" if name else "which shell is it?"
        raise UsageError(what, remedy=f"fab completion SHELL, {one_of(name, SCRIPTS)}")
    return SCRIPTS[name].replace("@ASK@", shlex.join((python, "-I", "-c", _CODE, home)))
