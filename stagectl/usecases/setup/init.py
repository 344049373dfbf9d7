"""`init`: set a repository up."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import List, Optional

from stagectl import version
from stagectl.adapters.files import write_all
from stagectl.core.errors import StagectlError
from stagectl.core.model import CONFIG, DEFINITIONS, KINDS
from stagectl.core.standing import from_here
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.setup.git_setup import merge_by_value
from stagectl.usecases.setup.place import check_place
from stagectl.usecases.setup.schemas import FOLDER, modeline, write_schemas

_FIRST_KIND = f"{KINDS}/service.yaml"
_CONFIG = f"""\
{modeline(CONFIG, "config.json")}
# Everything here has a default; see docs/file-format.md of stagectl.
# roots: [resources]                 # folders of definitions
# applied_branch: stagectl/applied   # where the applied state is kept
# remote: origin
# parallelism: 8                     # changes that may run at once
# tags:                              # tags by path, added when staging
#   prod/**: [prod]
"""
_KIND = f"""\
{modeline(_FIRST_KIND, "kind.json")}
# A kind says what its resources have in common. Without an entry under `actions` nothing runs and success is recorded.
handler: shell
actions:
  run: [sh, -c, 'echo "created $STAGECTL_RESOURCE"']
  update: [sh, -c, 'echo "updated $STAGECTL_RESOURCE"']
  remove: [sh, -c, 'echo "removed $STAGECTL_RESOURCE"']
  restart: [sh, -c, 'echo "restarted $STAGECTL_RESOURCE"']
"""


def init(workspace: Workspace, *, example: bool = False, git: bool = False) -> List[str]:
    """Make what is missing and return what was done, in words; what is there already stays as it is.

    Where the workspace is a folder, that becomes a project of its own; raises StagectlError where it cannot be one.

    git: have git merge and compare by value here (the settings are this clone's, the attributes every clone's).
    example: set up the small multi-environment shop instead of an empty repository; raises StagectlError if there are
    resources already.
    """
    is_new = not os.path.lexists(workspace.root / CONFIG)
    named = check_place(workspace, is_new=is_new) if workspace.git.folder else None
    done = _copy_example(workspace) if example else []
    files = {CONFIG: _config(named)}
    if not (workspace.root / KINDS).exists():
        files[_FIRST_KIND] = _KIND
    for path, text in files.items():
        if not os.path.lexists(workspace.root / path):
            write_all(workspace.root, {path: text.encode()})
            done.append(f"wrote {from_here(path)}")
    if not (workspace.root / DEFINITIONS).exists():
        write_all(workspace.root, {f"{DEFINITIONS}/.gitkeep": b""})
        done.append(f"made {from_here(f'{DEFINITIONS}/')}")
    if not (workspace.root / FOLDER).exists():
        write_schemas(workspace)
        done.append(f"wrote {from_here(f'{FOLDER}/')}, for editors")
    done += _fetch_rule(workspace) + (merge_by_value(workspace) if git else [])
    lead = f"{workspace.git.folder} is a project now; its applied branch: {named}"
    return [lead, *done] if named and is_new else done


def _config(branch: Optional[str]) -> str:
    """Return the config of a new project; branch: its applied branch, where that is not the one of the top folder."""
    if branch is None:
        return _CONFIG
    return re.sub("^# applied_branch: [^ ]+ +(.*)$", f"applied_branch: {branch}   \\1", _CONFIG, flags=re.MULTILINE)


def _copy_example(workspace: Workspace) -> List[str]:
    if any(os.path.lexists(workspace.root / path) for path in (DEFINITIONS, KINDS)):
        raise StagectlError("there are resources or kinds here already", "make the example in an empty repository")
    source = example_folder()
    copied = [path for path in sorted(source.rglob("*")) if path.is_file()]
    for path in copied:
        name = path.relative_to(source).as_posix()
        write_all(workspace.root, {name: path.read_bytes()})
        (workspace.root / name).chmod(path.stat().st_mode & 0o777)
    return [f"wrote the example shop: {len(copied)} files"]


def example_folder() -> Path:
    """Return where the example shop is: in the installed package, or in the source tree beside it."""
    package = Path(version.__file__).resolve().parent  # not counted from this file, which may move
    installed = package / "example"
    return installed if installed.exists() else package.parent / "fixtures" / "shop"


def _fetch_rule(workspace: Workspace) -> List[str]:
    """Have git fetch the applied branch, where the remote's rules would leave it out."""
    config, git = workspace.config, workspace.git
    if config.remote not in git.remotes():
        return []
    key = f"remote.{config.remote}.fetch"
    rule = f"+refs/heads/{config.applied_branch}:refs/remotes/{config.remote}/{config.applied_branch}"
    everything = f"+refs/heads/*:refs/remotes/{config.remote}/*"
    if {rule, everything} & set(git.config(key)):
        return []
    git.run("config", "--add", key, rule)
    return [f"added the fetch rule {rule}"]
