"""The command that prints what completes commands in a shell."""

from __future__ import annotations

from enum import Enum

import typer

from stagectl.cli.common import out

_BASH = """\
_stagectl() {
    local IFS=$'\\n'
    local -x _STAGECTL_COMPLETE=complete_bash
    COMPREPLY=($(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD "$1" 2> /dev/null))
    case "${COMPREPLY[0]}" in *=) compopt -o nospace ;; esac
}
complete -o default -F _stagectl stagectl
"""
_ZSH = """\
#compdef stagectl
_stagectl() {
    local -a found plain
    local -x _STAGECTL_COMPLETE=complete_bash
    found=("${(@f)$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT - 1)) ${words[1]} 2> /dev/null)}")
    plain=(${found:#*=})
    (( $#plain )) && compadd -- $plain
    found=(${(M)found:#*=})
    (( $#found )) && compadd -S '' -- $found
    (( $#plain + $#found )) || _files
}
if [ "$funcstack[1]" = _stagectl ]; then _stagectl "$@"; else compdef _stagectl stagectl; fi
"""
_FISH = """\
function __stagectl
    set -lx COMP_WORDS (commandline -cp | string collect)
    set -lx COMP_CWORD (count (commandline -opc))
    set -g __stagectl_found (_STAGECTL_COMPLETE=complete_bash stagectl 2> /dev/null)
    string length -q -- $__stagectl_found
end
complete -c stagectl -f -n __stagectl -a '$__stagectl_found'
"""


class Shell(str, Enum):
    """The shells that complete."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def completion(shell: Shell = typer.Argument(..., metavar="SHELL", help="bash, zsh or fish.")) -> None:
    """Print what completes commands, options, names, tags, actions, keys and runs in a shell."""
    out({Shell.bash: _BASH, Shell.zsh: _ZSH, Shell.fish: _FISH}[shell])
