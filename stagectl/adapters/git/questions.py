"""The questions to git about files and names that are asked ahead: each is always put in these words.

Loads hardly anything.
"""

from __future__ import annotations

from stagectl.adapters.git.project import pathspec

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers know the name; loading `typing` would keep git waiting
    from typing import List, Sequence, Tuple

DEFINED = ("resources",)  # where definitions usually are; a plan says what is edited there, and git looks once for both
WATCHED = (".staged", "kinds", "stagectl.yaml")  # what a plan is made from
RAW = ("--raw", "-z", "--no-renames", "--no-ext-diff", "--no-abbrev", "--ignore-submodules=dirty")
# A file is as git knows it if all that the disk says of it is, whatever the user has git leave out.
EXACTLY = ("-c", "core.trustctime=true", "-c", "core.checkStat=default")
ATTRIBUTES = ".gitattributes"
PLACES = ("rev-parse", "--show-toplevel", "--git-common-dir", "--git-path", "index")  # where this repository is
SETTINGS = ("config", "--list", "-z")
STANDS = ("cat-file", "--batch-check=%(objectname) %(objectsize)")  # where what has the names on its input stands


def changed_words(project: str, roots: Sequence[str] = (), watched: Sequence[str] = WATCHED) -> Tuple[str, ...]:
    """Return the question what a project's working tree has otherwise than HEAD, untracked files left out."""
    relative = (f"--relative={project}",) if project else ()
    specs = (pathspec(project, path) for path in (*watched, *roots))
    return (*EXACTLY, "diff-index", *RAW, *relative, "HEAD", "--", *specs)


def known_words(project: str, roots: Sequence[str]) -> Tuple[str, ...]:
    """Return the question which files of a project git knows, with those of attributes above."""
    tops = [f"{project}{path}" for path in (*WATCHED, *roots)]
    specs = (pathspec(project, path) for path in (*WATCHED, *roots))
    return ("ls-files", "-v", "--cached", "-z", "--", *specs, *above(tops))


def above(tops: Sequence[str]) -> List[str]:
    """Return where attributes may be that hold for some folders from above."""
    folders = {"", *(top[: end + 1] for top in tops for end, letter in enumerate(top) if letter == "/")}
    return sorted(f"{folder}{ATTRIBUTES}" for folder in folders)


def below(revision: str, path: str) -> str:
    """Return the name of what is at a path, from the top folder, in a revision.

    With its tree between, git reads the commit once for many paths, and not once for each: that of an apply is long.
    """
    return f"{revision}^{{tree}}:{path}"


COMMITS = 3  # names of commits that are asked first, and again at the end


def asked_names(project: str) -> Tuple[str, ...]:
    """Return what is asked where it stands: HEAD and the applied branch of a project, and its folders in them."""
    state = (".staged", ".applied", ".applied-index")
    branches = [f"refs/{where}/stagectl/{project}applied" for where in ("heads", "remotes/origin")]
    commits = [f"{ref}^{{commit}}" for ref in ("HEAD", *branches)]
    return (
        *commits,
        *(below("HEAD", project + folder) for folder in (*state, "kinds", *DEFINED)),
        *(below(ref, project + folder) for ref in branches for folder in state),
        *(f"{ref}^2^{{commit}}" for ref in branches),
        *commits,  # again: what is found between is theirs if they stand as they stood
    )
