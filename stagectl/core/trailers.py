"""What the message of a commit says was staged: its trailers, also where others' messages stand beside it."""

from __future__ import annotations

import json
import re
from typing import AbstractSet, Iterator, List, Sequence, Tuple

PROJECT = "Project"  # whose the trailers below it are, up to a line that is none
# Git indents what is squashed, sites make it the entries of a list; some keep the line ends of a form on a page.
_TRAILER = re.compile(r"[ \t*-]*([A-Z][A-Za-z-]*): (.*?)[ \t\r]*")


def staging_message(subject: str, trailers: Sequence[str], folder: str) -> str:
    """Return the message of a commit that stages in a project; folder: the project's, "" for the top one."""
    if folder:
        word = _written(folder)
        subject, trailers = f"{subject} in {word}", [f"{PROJECT}: {word}", *trailers]
    return subject + "\n\n" + "\n".join(trailers) + "\n"


def trailers_about(message: str, folders: AbstractSet[str]) -> List[Tuple[str, str]]:
    """Return the trailers of a message that are about a project, key and value, in order.

    folders: where the project is and where it was before. A trailer that stands below no `Project:` is the top
    folder's, or from before there was one; so it counts for each project that the message does not name.
    """
    said = list(_said(message))
    are_others = "" not in folders and any(folder in folders for folder, _, _ in said)
    return [(key, value) for folder, key, value in said if (folder in folders if folder else not are_others)]


def _said(message: str) -> Iterator[Tuple[str, str, str]]:
    """Yield each trailer with the folder that is named above it, "" for none."""
    folder = ""
    for line in message.split("\n"):
        found = _TRAILER.fullmatch(line)
        if found is None:  # one message may end here, and another one begin
            folder = ""
        elif found[1] == PROJECT:
            folder = _read(found[2])
        else:
            yield folder, found[1], found[2]


def _written(folder: str) -> str:
    """Return a folder as one line has it: quoted where it would not come back from there as it is."""
    is_plain = folder.isprintable() and folder == folder.strip() and not folder.startswith('"')
    return folder if is_plain else json.dumps(folder)


def _read(word: str) -> str:
    try:
        return str(json.loads(word)) if word.startswith('"') else word
    except ValueError:
        return word
