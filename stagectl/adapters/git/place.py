"""Where git is at work: the repository around a folder, and the project in it, whose paths are translated here.

A project is a prefix: all else speaks of paths in the project's folder, and git of paths from the top folder.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence

from stagectl.adapters.git import project
from stagectl.adapters.git.names import Names
from stagectl.adapters.git.prefetch import PLACES, Prefetch, below
from stagectl.adapters.git.process import Ended, GitError
from stagectl.adapters.git.project import words_of
from stagectl.core.errors import StagectlError
from stagectl.core.model import APPLIED, INDEX, STAGED, Oid

_STATE = (INDEX, APPLIED)


def _way_in(folder: Path, is_bare: Ended) -> str:
    """Return what to do where there is no working tree: in none, in a bare repository, in a repository's own folder."""
    code, out, _ = is_bare
    elsewhere = [key for key in ("GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY") if key in os.environ]
    if code and elsewhere:
        return f"{', '.join(elsewhere)} is set, and says where git looks: unset {' '.join(elsewhere)}"
    if code:
        return "make one here: git init && stagectl init"
    if out.strip() == b"true":
        return f"this repository is bare: git clone {shlex.quote(str(folder))} has a working tree"
    return "this is git's own folder: go up to the working tree"


class Meant(NamedTuple):
    """Which project of a repository is meant; that around the folder, if nothing else is said.

    head: the revision asked about, for which a repository without a working tree will do; within: the folder in such a
    one; is_project: whether the folder itself is the project, come what may.
    """

    head: Optional[str] = None
    within: str = ""
    is_project: bool = False


class Placed(Names):
    """Git in one working tree, and in the folder of a project there.

    top: the top folder, where git runs; folder: the project's below it, "" or ending in `/`; root: the two together.
    Every path given and returned is relative to root, with `/`; one on its way to git goes through `path`, `at` or
    `only`, one that git says through `ours`.
    """

    def __init__(self, folder: Path, meant: Meant = Meant(), prefetch: Optional[Prefetch] = None) -> None:
        """Open the repository around a folder; prefetch: what was asked in the folder before, if anything was."""
        super().__init__(folder, prefetch)
        self.is_bare = False
        self.is_out_of_step = False  # whether the index could not be put back after a commit that failed
        if "GIT_WORK_TREE" in os.environ and "GIT_DIR" not in os.environ:
            raise StagectlError(
                "GIT_WORK_TREE is set, and GIT_DIR is not: which repository is meant is not clear",
                "set GIT_DIR, too, or: unset GIT_WORK_TREE",
            )
        code, out, err = self.try_run(*PLACES)
        is_allowed = code and meant.head is not None
        if is_allowed and self.run("rev-parse", "--is-bare-repository", check=False).strip() == b"true":
            self.is_bare = True
            code, out, err = self.try_run(*("--absolute-git-dir" if "top" in word else word for word in PLACES))
        top = out.decode().splitlines()
        if code and b"safe.directory" in err:
            command = err.decode(errors="replace").strip().splitlines()[-1].strip()
            raise GitError(f"git does not trust the repository at {folder}: it is not yours", f"if you do: {command}")
        if code and b"GIT_CONFIG_" in err:
            raise self.refusal("git cannot start", code, err)
        if code or len(top) != 3:
            raise StagectlError(
                f"{folder} is not inside the working tree of a git repository",
                _way_in(folder, self.try_run("rev-parse", "--is-bare-repository")),
            )
        self.top = Path(top[0])
        if top[0] != self.prefetch.folder:  # the files of another folder were looked at
            self.prefetch.drop()
        self.common = (folder / top[1]).resolve()
        self.index = folder / top[2]
        self.folder = self._project(folder.resolve(), meant)
        self.root = self.top / self.folder
        self.formers: List[str] = []  # folders in which applied commits have it, as far as these were looked at
        self._places: Dict[str, str] = {}

    def _project(self, folder: Path, meant: Meant) -> str:
        if self.is_bare:
            there = f"{meant.head}:"
            return project.nearest_in(meant.within, lambda path: self.look_up([there + path]) != [None])
        if meant.is_project and self.top in folder.parents:
            return f"{folder.relative_to(self.top).as_posix()}/"
        if meant.is_project or self.top not in folder.parents:
            return ""
        below = folder.relative_to(self.top).as_posix()
        left_out = self._configs_left_out(below) if self.is_on("core.sparseCheckout") else []
        return project.nearest_in(below, lambda path: path in left_out or os.path.lexists(self.top / path))

    def _configs_left_out(self, below: str) -> List[str]:
        """Return the configs in a folder and those above it that a sparse checkout leaves out."""
        parents = [Path(below), *Path(below).parents]
        marks = [(folder / project.MARK).as_posix() for folder in parents]
        out = self.run("ls-files", "-t", "-z", *self.only(marks))
        return [line[2:] for line in words_of(out) if line.startswith("S ")]

    # --- a folder that was renamed

    def learn(self, commits: Sequence[Oid]) -> None:
        """Find out in which other folders applied commits have the project: it may have been in one of these before."""
        left = list(commits)
        while left:
            there = iter(self.look_up([self.at(each, name) for each in left for name in _STATE]))
            left = [each for each, *found in zip(left, there, there) if not any(found)]
            former = self._search(left[0]) if left else None
            if former is not None and former not in (self.folder, *self.formers):
                self.formers.append(former)
                self._places.clear()
            else:
                left = left[1:]

    def learn_past(self, tip: Oid) -> None:
        """Find out in which other folders the project was when an applied commit, or one before it, was made."""
        known = [self.folder, *self.formers]
        for folder in known:  # it grows
            options = ("-c", "log.diffMerges=first-parent", "log", "-m", "--first-parent", "--no-show-signature")
            shown = ("--format=%P", "--no-patch", "--no-renames", "--diff-filter=A")
            out = self.run(*options, *shown, tip, "--", f":(top,literal){folder}{project.MARK}")
            # Where the config came, the state may have come from elsewhere.
            self.learn([Oid(line.split()[0]) for line in out.decode().splitlines() if line])
            known += [former for former in self.formers if former not in known]

    def _search(self, commit: Oid) -> Optional[str]:
        """Return the folder in which a commit has an applied state, None if it has none."""
        out = self.run("ls-tree", "-r", "-d", "-z", "--name-only", "--full-tree", commit)
        places = ((name, name.rpartition("/")[2]) for name in words_of(out))
        return next((name[: -len(last)] for name, last in places if last in _STATE), None)

    def folder_in(self, revision: str) -> str:
        """Return where the project is in a commit."""
        if not self.formers:
            return self.folder
        if revision not in self._places:
            tried = [self.folder, *self.formers]
            names = [below(revision, folder + name) for folder in tried for name in (INDEX, STAGED, project.MARK)]
            there = iter(self.look_up(names))
            found = [folder for folder, *oids in zip(tried, there, there, there) if any(oids)]
            self._places[revision] = found[0] if found else self.folder
        return self._places[revision]

    # --- paths

    def path(self, path: str) -> str:
        """Return a path as git says it, from the top folder."""
        return f"{self.folder}{path}"

    def at(self, revision: str, path: str) -> str:
        """Return the name of what is at a path in a revision."""
        return below(revision, self.folder_in(revision) + path)

    def only(self, specs: Iterable[str] = (), *, ever: bool = False) -> List[str]:
        """Return the end of a command line: what is meant are these paths or pathspecs, without any the project.

        ever: in the folders that it was in before, too.
        """
        folders = [self.folder, *(self.formers if ever else ())]
        found = [project.pathspec(folder, spec) for folder in folders for spec in specs]
        return ["--", *(found or [f":(literal){folder}" for folder in folders if folder])]

    def ours(self, out: bytes) -> List[str]:
        """Return the paths, of those that git says with a NUL after each, that are in the project."""
        return [path[len(self.folder) :] for path in words_of(out) if path.startswith(self.folder)]

    def inner(self, path: str) -> str:
        """Return a path of the project as it says it; one that is not in it stays as git says it."""
        folder = next((folder for folder in (self.folder, *self.formers) if path.startswith(folder)), "")
        return path[len(folder) :]

    def list_paths(self, paths: Iterable[str]) -> bytes:
        """Return paths as git reads them from its input: from the top folder, each with a NUL after it."""
        return "".join(f"{self.path(path)}\0" for path in paths).encode("utf-8", "surrogateescape")

    # --- our own files

    def scratch(self) -> Path:
        """Return the folder under the git folder that stagectl keeps its own files in, shared by linked worktrees."""
        folder = self.common / "stagectl"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def own_place(self) -> Path:
        """Where the project's own files are in that folder: its runs and its locks, apart from those of others."""
        return self.common / "stagectl" / (f"projects/{self.folder}@" if self.folder else "")

    def own_scratch(self) -> Path:
        """Return that folder, made if it is not there."""
        self.own_place.mkdir(parents=True, exist_ok=True)
        return self.own_place

    @property
    def staging_note(self) -> Path:
        """The file that says what a command is about to stage, in this working tree's own part of git's folder."""
        return self.index.parent / "stagectl" / "staging"

    def cache(self) -> Optional[Path]:
        """Return the folder of what can be made again at any time; None when STAGECTL_CACHE=off."""
        return None if os.environ.get("STAGECTL_CACHE") == "off" else self.scratch() / "cache"

    def memo(self, what: str, root: Path, *paths: str) -> Optional[Path]:
        """Return the file in it that has something about paths below a folder."""
        about, cache = hashlib.sha256(os.fsencode("\0".join([str(root), *paths]))).hexdigest(), self.cache()
        return None if cache is None else cache / f"{what}-{about[:24]}.json"
