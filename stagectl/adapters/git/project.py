"""Where a project is in a repository: the nearest folder upwards that has a `stagectl.yaml`, else the top folder.

What git is asked ahead depends on it, so this loads nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers know the name; loading `typing` would keep git waiting
    from typing import Callable

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
