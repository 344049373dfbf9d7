"""Projects: folders with a `stagectl.yaml`. One around a folder is the nearest upwards, else the top folder.

What git is asked ahead depends on it, so this loads nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers know the name; loading `typing` would keep git waiting
    from typing import Callable, List

    from stagectl.adapters.git.git import Git
    from stagectl.core.model import Oid

MARK = "stagectl.yaml"
_LITERALLY = {ord(character): f"\\{character}" for character in "*?[\\"}  # in patterns


def nearest_project(here: str, top: str) -> str:
    """Return the folder of the project around a folder, from the top folder: "" or ending in `/`."""
    below = os.path.relpath(here, top)
    if below == os.curdir or below.split(os.sep)[0] == os.pardir:
        return ""
    return nearest_in(below, lambda path: os.path.lexists(os.path.join(top, path)))


def nearest_in(below: str, is_there: Callable[[str], bool]) -> str:
    """Return the same of a folder below the top one; is_there: whether there is something at a path."""
    while below:
        if is_there(f"{below}/{MARK}"):
            return f"{below}/"
        below = os.path.dirname(below)
    return ""


def pathspec(folder: str, spec: str) -> str:
    """Return a pathspec of a project as git takes it in the top folder; one without magic is a path, and no pattern."""
    if not spec.startswith(":("):
        return f":(literal){folder}{spec}"
    magic, _, rest = spec.partition(")")
    literally = folder if "literal" in magic else folder.translate(_LITERALLY)
    return f"{magic}){literally}{rest}"


def words_of(out: bytes) -> List[str]:
    """Return what git says with a NUL after each: paths, and what it says of them."""
    return out.decode("utf-8", "surrogateescape").split("\0")[:-1]


def folders(git: Git) -> List[str]:
    """Return the folders of projects in the working tree, ignored ones left out, sorted, "" or ending in `/`."""
    is_sparse = git.is_on("core.sparseCheckout")
    specs = (MARK, f":(glob)**/{MARK}")
    out = git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", *specs)
    paths = [path for path in words_of(out) if path.rpartition("/")[2] == MARK]  # nothing in a folder of that name
    return sorted({path[: -len(MARK)] for path in paths if is_sparse or os.path.lexists(git.top / path)})


def changed_paths(git: Git, commit: Oid) -> List[str]:
    """Return the files, from the top folder, that the working tree has otherwise than a commit, untracked ones too."""
    options = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-color", "--ignore-submodules=dirty")
    known = git.run("diff", *options, commit, "--")
    fresh = git.run("ls-files", "-z", "--others", "--exclude-standard")
    return sorted({*words_of(known), *words_of(fresh)})
