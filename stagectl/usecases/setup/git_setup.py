"""`init --git`: git merges definitions and staged files value by value, and shows the values of staged files."""

from __future__ import annotations

from typing import List

from stagectl.adapters.files import content_of, write_all
from stagectl.core.model import STAGED
from stagectl.core.standing import from_here
from stagectl.usecases.repository.workspace import Workspace

_ATTRIBUTES = ".gitattributes"
# Whatever else happens (no stagectl on the PATH, no YAML, a bug), git merges by lines, as it would without us.
_DRIVER = (
    "stagectl merge-file --marker-size %L -- %O %A %B %P; "
    "case $? in 0) exit 0;; 3) exit 1;; esac; "
    "git merge-file -q --marker-size=%L -L ours -L base -L theirs %A %O %B"
)
_TEXTCONV = 'f() { stagectl textconv -- "$1" 2>/dev/null || cat -- "$1"; }; f'
_SETTINGS = (
    ("merge.stagectl.name", "stagectl: value by value"),
    ("merge.stagectl.driver", _DRIVER),
    ("diff.stagectl.textconv", _TEXTCONV),
)


def merge_by_value(workspace: Workspace) -> List[str]:
    """Set git up and return what was done, in words; what is so already stays."""
    done = []
    for key, value in _SETTINGS:
        if workspace.git.config(key) != [value]:
            workspace.git.run("config", "--replace-all", key, value)
            done.append(f"set {key} in this clone")
    path = workspace.root / _ATTRIBUTES
    before = (content_of(path) or b"").decode("utf-8", "surrogateescape")
    lines = [f"/{STAGED}/**/*.yaml diff=stagectl merge=stagectl"]
    lines += [f"/{root}/**/*.yaml merge=stagectl" for root in workspace.config.roots]
    missing = [line for line in lines if line not in before.splitlines()]
    if missing:
        lead = before if before.endswith("\n") or not before else f"{before}\n"
        text = "".join([lead, *(f"{line}\n" for line in missing)])
        write_all(workspace.root, {_ATTRIBUTES: text.encode("utf-8", "surrogateescape")})
        done.append(f"wrote {from_here(_ATTRIBUTES)}: commit it")
    return done
