"""A repository as the use cases see it: what is defined, staged and applied, and where the applied branch stands."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from stagectl.adapters.applied import store
from stagectl.adapters.git.git import Git, GitError, Meant
from stagectl.adapters.git.prefetch import Prefetch
from stagectl.adapters.worktree import tree
from stagectl.core.config import Config
from stagectl.core.errors import InvalidFiles, Problem, StagectlError
from stagectl.core.model import APPLIED, CONFIG, INDEX, KINDS, STAGED, Applied, Kind, Name, Oid, Resource
from stagectl.core.planning.moves import follow_moves
from stagectl.core.planning.situation import Situation

if TYPE_CHECKING:  # what reads YAML is loaded when there is something to read
    from stagectl.adapters.worktree.snapshot import Snapshot

Writes = Mapping[str, Optional[bytes]]  # path -> content about to be written, None for a file that goes


class AppliedBranch(NamedTuple):
    """Where the applied branch stands. ref: the local branch, which applies move; tip: None when nothing is applied.

    is_known: False when a remote may have the branch though this clone has not.
    """

    ref: str
    tip: Optional[Oid]
    local: Optional[Oid]
    is_known: bool = True


class Workspace:
    """One repository. Reads files on demand; what it keeps, the config and where the applied branch stood, is named."""

    def __init__(self, folder: Path, meant: Meant = Meant(), prefetch: Optional[Prefetch] = None) -> None:
        """Open the project around a folder; prefetch: what git was asked about the folder already."""
        self.git = Git(folder, meant, prefetch)
        self.root = self.git.root
        self._head = meant.head

    @cached_property
    def config(self) -> Config:
        """The config of the working tree, in a bare repository of the revision asked about; raises InvalidFiles."""
        commit = self.git.resolve(self._head) if self.git.is_bare and self._head else None
        files, problems = self.files(commit, [CONFIG])
        if not files and not problems and not self.git.folder:
            return Config()
        from stagectl.adapters.worktree.snapshot import parse_config

        found = parse_config(files, problems, self.git.folder)
        if problems:
            raise InvalidFiles(problems)
        return found

    # --- what is defined and staged

    def snapshot(
        self, revision: Optional[str] = None, *, definitions: bool = False, writes: Optional[Writes] = None
    ) -> Snapshot:
        """Return what the working tree (or a commit) says; raises InvalidFiles with every problem.

        definitions: whether the definitions are read, too; writes: files about to be written, None for one that goes.
        """
        found = self.read(revision, definitions=definitions, writes=writes)
        if found.problems:
            from stagectl.usecases.repository.troubles import more_problems, way_out

            hint = way_out(found, self.root) if revision is None else ""
            raise InvalidFiles([*found.problems, *more_problems(found)], hint)
        return found

    def read(
        self, revision: Optional[str] = None, *, definitions: bool = False, writes: Optional[Writes] = None
    ) -> Snapshot:
        """Return what the working tree (or a commit) says, with its problems."""
        from stagectl.adapters.worktree.snapshot import parse_config, parse_snapshot

        commit = None if revision is None else self.git.resolve(revision)
        paths = [CONFIG, KINDS, STAGED]
        files, problems = self.files(commit, paths)
        self._refuse_applied(commit)
        if definitions:
            roots = parse_config(files, []).roots
            more, more_problems = self.files(commit, roots)
            files, problems = {**files, **more}, problems + more_problems
        for path, content in (writes or {}).items():
            files.pop(path, None)
            files.update({} if content is None else {path: content})
        config = parse_config(files, problems, self.git.folder)
        return parse_snapshot(files, problems, config=config)._replace(commit=commit)

    def kinds(self) -> Mapping[str, Kind]:
        """Return the kinds of the working tree; raises InvalidFiles with every problem of theirs."""
        from stagectl.adapters.worktree.snapshot import parse_config, parse_snapshot

        self._refuse_applied(None)
        files, problems = self.files(None, [CONFIG, KINDS])
        found = parse_snapshot(files, problems, config=parse_config(files, problems, self.git.folder))
        if found.problems:
            raise InvalidFiles(found.problems)
        return found.kinds

    def files(self, commit: Optional[Oid], paths: Sequence[str]) -> Tuple[tree.Files, List[Problem]]:
        """Return the files under some paths, of a commit or of the working tree (None), and what may not be read."""
        if commit is None:
            files, problems = tree.read_working_tree(self.root, paths)
            others = self.git.submodules(paths)
            if others:
                inside = tuple(f"{path}/" for path in others)
                problems = [each for each in problems if not each.path.startswith(inside)]
                files = {path: text for path, text in files.items() if not path.startswith(inside)}
                problems += map(tree.submodule, others)
            left_out = tree.read_entries(self.git, self.git.index_entries(paths, left_out=True), paths, problems)
            return {**left_out, **files}, problems
        return tree.read_commit(self.git, commit, paths)

    def _refuse_applied(self, commit: Optional[Oid]) -> None:
        strays = [
            folder
            for folder in (APPLIED, INDEX)
            if ((self.root / folder).exists() if commit is None else self.git.entries(commit, [folder]))
        ]
        if strays:
            branch = self.config.applied_branch
            raise StagectlError(
                f"{strays[0]}/ is here, which only belongs on the branch {branch}: "
                "that branch was checked out, or merged into this one",
                f"go back to your own branch, or undo the merge; {branch} is never merged",
            )

    def dirty(self) -> List[str]:
        """Return the uncommitted paths among those a plan is made from."""
        return self.git.dirty([STAGED, KINDS, CONFIG])

    # --- what is applied

    def look_again(self) -> None:
        """Have the config and the applied branch read again: they may have been edited, fetched or moved."""
        for read in ("config", "branch"):
            self.__dict__.pop(read, None)

    @cached_property
    def branch(self) -> AppliedBranch:
        """Where the applied branch stands: of the local and the remote one, that which contains the other.

        Raises StagectlError where it is another project's.
        """
        found = self._standing()
        if found.tip is not None:
            self.git.learn([found.tip])
            for folder in self.git.formers:
                self._refuse_shared(folder)
        return found

    def _refuse_shared(self, folder: str) -> None:
        """Refuse a branch that has the state of a project in another folder, where that is there, too."""
        if self.git.look_up([f"HEAD:{folder}{CONFIG}", f"HEAD:{folder}{STAGED}"]) != [None, None]:
            where = folder[:-1] or "the top folder"
            raise StagectlError(
                f"the branch {self.config.applied_branch} has the state of the project in {where}, which is there, too",
                f"give one of the two another applied_branch in its {CONFIG}",
            )

    def _standing(self) -> AppliedBranch:
        config = self.config
        ref = f"refs/heads/{config.applied_branch}"
        local = self.git.find(ref)
        remote = self.git.find(f"refs/remotes/{config.remote}/{config.applied_branch}")
        if local is None:
            from stagectl.adapters.git.branches import (
                check_readable,  # a plan of what is applied waits for nothing else
            )

            check_readable(self.git, ref)
        if local is None and remote is None:
            return AppliedBranch(ref, None, None, is_known=config.remote not in self.git.remotes())
        if local is None or remote is None or local == remote:
            return AppliedBranch(ref, local or remote, local)
        if self.git.is_ancestor(remote, local):
            return AppliedBranch(ref, local, local)
        if self.git.is_ancestor(local, remote):
            return AppliedBranch(ref, remote, local)
        raise StagectlError(
            f"the applied branch {config.applied_branch} and its copy from {config.remote} have diverged: "
            f"{local[:12]} and {remote[:12]}",
            "another clone applied meanwhile; put yours on top: stagectl sync; see both: "
            f"git log --first-parent {ref} refs/remotes/{config.remote}/{config.applied_branch}",
        )

    def doubts(self) -> List[str]:
        """Return what makes the applied state doubtful: a clone that may merely not have fetched it."""
        if self.branch.is_known:
            return []
        branch, remote = self.config.applied_branch, self.config.remote
        return [
            f"this clone has no branch {branch}: as far as it knows nothing is applied; "
            f"if {remote} has it: {self.git.fetch_command(remote, branch)}"
        ]

    def refuse_unfetched(self) -> None:
        """Raise StagectlError if the remote has the applied branch and this clone has not, or if that is not known."""
        from stagectl.adapters.remote.remote import Remote

        remote, branch = self.config.remote, self.config.applied_branch
        try:
            there = Remote(self.git, remote).read(f"refs/heads/{branch}")
        except GitError as error:
            raise GitError(
                f"whether {remote} has the branch {branch} is not known: {error.message}",
                "without it everything would be run again; --offline applies all the same",
            ) from None
        if there:
            raise StagectlError(
                f"{remote} has the branch {branch}, and this clone has not: everything would be run again",
                f"fetch it: {self.git.fetch_command(remote, branch)}",
            )

    def applied_state(self, base: Optional[str] = None) -> Tuple[Optional[Oid], Dict[Name, Applied]]:
        """Return a commit and the applied state it stands for: the newest applied one, or that of `--base`."""
        if base is None:
            tip = self.branch.tip
            return tip, store.load_states(self.git, tip) if tip else {}
        commit = self.applied_commit(base)
        if commit is not None:
            return commit, store.load_states(self.git, commit)
        commit = self.git.resolve(base)
        found = self.snapshot(commit)
        digests = self.digests(found.staged.values(), commit)
        from stagectl.usecases.repository.bases import fully_applied  # few plans are made against another commit

        return commit, fully_applied(found, self.applied_state_at(self.branch.tip), digests)

    def applied_commit(self, revision: str) -> Optional[Oid]:
        """Return the commit of the applied branch that a revision names, None if it names another commit."""
        commit, tip = self.git.resolve(revision), self.branch.tip
        return commit if tip is not None and commit in self.git.first_parents(tip) else None

    def applied_state_at(self, commit: Optional[Oid]) -> Dict[Name, Applied]:
        """Return the applied state of a commit of the applied branch; the empty one of None."""
        return store.load_states(self.git, commit) if commit else {}

    def state_seen_from(self, source: Oid, commit: Optional[Oid]) -> Mapping[Name, Applied]:
        """Return the applied state of a commit as an apply of *source* sees it: under the names that it moves it to."""
        return self.situation(self.snapshot(source), self.applied_state_at(commit)).applied

    def newest_source(self) -> Optional[Oid]:
        """Return the newest commit that was applied, None if nothing is."""
        tip = self.branch.tip
        if tip is None:
            return None
        newest = self.git.find(f"{tip}^2")  # nearly always; a shallow clone may know a parent that it does not have
        if newest is not None:
            return newest
        for commit in self.git.first_parents(tip):
            parents = self.git.parents(commit)
            if len(parents) > 1:
                return parents[1]
        return None

    def situation(self, snapshot: Snapshot, applied: Mapping[Name, Applied]) -> Situation:
        """Return what a plan is made from; raises InvalidFiles when a kind is missing that a live resource needs."""
        lacking = {
            (one.kind, name)
            for name, state in applied.items()
            for one in (state.resource, state.unfinished)
            if one is not None and one.kind not in snapshot.kinds
        }
        if lacking:
            from stagectl.usecases.repository.troubles import missing_kinds

            raise missing_kinds(sorted(lacking))
        words = frozenset(snapshot.config.vocabulary)
        made = follow_moves(Situation(applied, snapshot.staged, snapshot.kinds, snapshot.defined, vocabulary=words))
        return self.with_digests(made, snapshot.commit)

    def with_digests(self, situation: Situation, commit: Optional[Oid]) -> Situation:
        """Return a situation with the digests of the files that its inputs name; commit: None for the working tree."""
        live = (state.resource for state in situation.applied.values() if state.resource is not None)
        digests, uncommitted = self._look_at_files([*situation.staged.values(), *live], commit)
        return replace(situation, digests=digests, uncommitted=uncommitted)

    def digests(self, resources: Iterable[Resource], commit: Optional[Oid]) -> Dict[str, str]:
        """Return the digests of the files that inputs of some resources name; commit: None for the working tree."""
        return self._look_at_files(resources, commit)[0]

    def _look_at_files(
        self, resources: Iterable[Resource], commit: Optional[Oid]
    ) -> Tuple[Dict[str, str], FrozenSet[str]]:
        paths = {path for resource in resources for named in resource.files.values() for path in named}
        if not paths:
            return {}, frozenset()
        from stagectl.adapters.worktree.file_digests import look_at_files

        return look_at_files(self.git, paths, commit)
