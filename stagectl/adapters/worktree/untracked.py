"""The files that git does not know, and whether its word can be taken for all others.

Git looks at no file that it was asked to leave alone (`--assume-unchanged`), does not look into other repositories and
does not see special files. Who reads every file sees all of that.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import List, Sequence, Tuple

from stagectl.adapters.files import open_file, recall, remember
from stagectl.adapters.git.git import Git, words_of
from stagectl.adapters.git.prefetch import ATTRIBUTES, WATCHED, above, known_words
from stagectl.adapters.worktree.folders import FolderStats, Listed, Walked, are_as_before, is_settled, stat_of, walk
from stagectl.core.errors import ReadInFull
from stagectl.core.model import STAGED
from stagectl.core.once import pattern

_LISTED = pattern(rb"\0H ((?:[^\0]*/)?\.gitattributes)(?=\0)")
_LEFT_ALONE = pattern(rb"\0[^H\0]")
_LEFT_ALONE_OR_OUT = pattern(rb"\0[^HS\0]")
_CONVERTING = pattern(rb"\b(?:filter|ident|working-tree-encoding)\b")
_LINE_ENDS = pattern(rb"\b(?:text|eol|crlf)\b")
_LARGEST = 1 << 20  # bytes of one file of attributes


def see(git: Git, roots: Sequence[str]) -> Tuple[List[str], bool, FolderStats]:
    """Look at what a plan is made from, and at roots; raises ReadInFull if unsure.

    Returns the files that git's index does not know, ignored ones included; whether git takes line ends for the same;
    and all folders that were looked into, as they were, by their paths from the top folder.
    """
    tops = tuple(map(git.path, (*WATCHED, *roots)))  # from the top folder, as all paths here
    # For other folders git was asked at another time: what is noted of them is noted elsewhere.
    memo = git.memo("folders", git.top, *tops)
    if memo is None:
        raise ReadInFull("STAGECTL_CACHE=off")
    if git.submodules((*WATCHED, *roots)):
        raise ReadInFull("there are submodules")
    on_the_way = {str(above) for top in tops for above in PurePosixPath(top).parents} - {"."}
    noted = recall(memo)
    index, began = stat_of(git.index), git.prefetch.began()
    if noted is not None and noted["index"] == index and are_as_before(git.top, noted["folders"]):
        return [], _changes_line_ends(git, tops, noted["attributes"]), noted["folders"]
    listed = b"\0" + git.run(*known_words(git.folder, roots))
    digest = hashlib.sha256(listed).hexdigest()
    # Where git knows the same files as before, what is unknown to it is in a folder that changed.
    before: FolderStats = noted["folders"] if noted is not None and noted["listed"] == digest else {}
    seen = walk(git.top, tops, {**before, **{path: stat_of(git.top / path) for path in on_the_way}}, Listed(listed))
    _refuse_left_alone(git, listed, seen)
    # Git takes longer to find what it does not know than it takes to see that there is nothing.
    paths = _unknown(git, roots) if seen.files else []
    known = map(os.fsdecode, _LISTED.findall(listed) if b".gitattributes\0" in listed else ())
    attributes = [*known, *(path for path in paths if path.endswith(f"/{ATTRIBUTES}"))]
    changes_line_ends = _changes_line_ends(git, tops, attributes)
    stats = [index, *(stat for stat in seen.stats.values() if stat is not None)]
    if not paths and all(stat is not None and is_settled(stat, began) for stat in stats):
        remember(memo, {"index": index, "folders": seen.stats, "listed": digest, "attributes": attributes})
    return [path[len(git.folder) :] for path in paths], changes_line_ends, seen.stats


def _refuse_left_alone(git: Git, listed: bytes, seen: Walked) -> None:
    """Raise ReadInFull where git's word does not do. listed: the files that it knows.

    Each of these is behind a NUL, the letter that says whether git looks at it, and a space.
    """
    if not seen.is_regular:
        raise ReadInFull("a folder has a link, a special file or another repository in it, or is closed")
    # A sparse checkout may leave files out of the working tree, which are nowhere in it then.
    is_sparse = git.is_on("core.sparseCheckout") and not git.is_on("sparse.expectfilesoutsideofpatterns")
    if (_LEFT_ALONE_OR_OUT if is_sparse else _LEFT_ALONE).search(listed):
        raise ReadInFull("git was asked to leave a file alone")


def _unknown(git: Git, roots: Sequence[str]) -> List[str]:
    """Return the files that git does not know, from the top folder; raises ReadInFull if unsure."""
    words = ("ls-files", "--others", "-z", *git.only((*WATCHED, *roots)))
    listed = git.run("-c", "core.ignoreCase=false", *words)
    if git.is_on("core.ignorecase") and listed != git.run(*words):
        raise ReadInFull("two names are one file to git")
    paths = words_of(listed)
    if any(path.endswith("/") for path in paths):
        raise ReadInFull("another repository is in a folder")
    return paths


def _changes_line_ends(git: Git, tops: Sequence[str], known: Sequence[str]) -> bool:
    """Return whether files may have other line ends than what git has of them; raises ReadInFull if they may be more.

    known: files of attributes, which have to be there.
    """
    if "GIT_ATTR_SOURCE" in os.environ or git.config("attr.tree"):
        raise ReadInFull("GIT_ATTR_SOURCE or attr.tree is set")
    if not all((git.top / path).is_file() for path in known):  # then git goes by the index
        raise ReadInFull("a file of attributes is not there")
    places = [git.top / path for path in {*known, *above(tops), git.path(f"{STAGED}/{ATTRIBUTES}")}]
    if any(path.is_symlink() for path in places):
        raise ReadInFull("a file of attributes is a link")
    texts = [_read(path) for path in (*places, git.common / "info" / "attributes", *_attributes_of_all(git))]
    if any(_CONVERTING.search(text) for text in texts):
        raise ReadInFull("attributes have git convert files")
    return git.is_on("core.autocrlf") or any(_LINE_ENDS.search(text) for text in texts)


def _attributes_of_all(git: Git) -> List[Path]:
    """Return where a user and a machine keep the attributes of all their repositories."""
    own = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    chosen = git.config("core.attributesFile")[-1:] or [f"{own}/git/attributes"]
    return [git.top / os.path.expanduser(chosen[0]), Path("/etc/gitattributes")]


def _read(path: Path) -> bytes:
    try:
        with open_file(path, links=0) as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise ReadInFull("a file of attributes is too large")
        return text
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError:
        raise ReadInFull("a file of attributes cannot be read") from None
