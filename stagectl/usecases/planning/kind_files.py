"""The files of kinds that a plan is made with, parsed as far as they are asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Dict, FrozenSet, Iterable, Optional

from stagectl.adapters.applied.index import Index
from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree import tree
from stagectl.core.errors import ReadInFull
from stagectl.core.indexing.usage import Usage
from stagectl.core.model import KINDS, Kind, Name, Oid
from stagectl.core.schemas import settings
from stagectl.usecases.repository.workspace import Workspace


@dataclass(frozen=True, repr=False, eq=False)
class KindFiles:
    """Kinds. are_good: whether their schemas were found right before; looking at them takes longer than planning."""

    files: tree.Files
    are_good: bool = False
    _parsed: Dict[str, Kind] = field(default_factory=dict, init=False)

    @property
    def digest(self) -> str:
        """What differs if one of these kinds does."""
        return hashlib.sha256(repr(sorted(self.files.items())).encode()).hexdigest()

    def every(self) -> Dict[str, Kind]:
        """Return all kinds; raises ReadInFull where something is wrong with one."""
        return self.some(path[len(KINDS) + 1 : -len(".yaml")] for path in self.files)

    def some(self, names: Iterable[str]) -> Dict[str, Kind]:
        """Return some kinds; raises ReadInFull where one is missing, or something is wrong with it."""
        wanted = set(names)
        files = {f"{KINDS}/{name}.yaml" for name in wanted - self._parsed.keys()}
        if files - self.files.keys():
            raise ReadInFull(f"{min(files - self.files.keys())} is missing")
        if files and self.are_good:
            from stagectl.adapters.yamlfile import load

            for name in wanted - self._parsed.keys():
                self._parsed[name] = settings.kind(name, load(self.files[f"{KINDS}/{name}.yaml"]), is_checked=True)
        elif files:
            from stagectl.adapters.worktree.snapshot import parse_snapshot

            snapshot = parse_snapshot({path: self.files[path] for path in files})
            if snapshot.problems:
                raise ReadInFull(f"something is wrong with {snapshot.problems[0].path}")
            self._parsed.update(snapshot.kinds)
        return {name: self._parsed[name] for name in wanted}

    def find_contradicted(self, index: Index, usage: Usage) -> FrozenSet[Name]:
        """Return the resources that need something else of the kinds than these have; raises ReadInFull."""
        every = self.every()
        if usage.kinds - every.keys():
            raise ReadInFull(f"the kind {min(usage.kinds - every.keys())} is missing, and something applied needs it")
        return index.find_contradicted(every, usage)

    def refuse_new_outputs(self, git: Git, tip: Oid, usage: Usage) -> None:
        """Raise ReadInFull where a kind reports what it did not when it was applied: an input may have that name."""
        reporting = [kind for _, kind in sorted(self.some(usage.kinds).items()) if kind.output_names]
        if not reporting:
            return
        from stagectl.adapters.applied.write import kinds_of

        before = kinds_of(git, tip) or {}
        for kind in reporting:
            if kind.name not in before or kind.output_names - before[kind.name].output_names:
                raise ReadInFull(f"the kind {kind.name} reports more than it did")


def kind_files(workspace: Workspace, commit: Optional[Oid] = None) -> KindFiles:
    """Return the kinds of the working tree or a commit; raises ReadInFull where something is wrong with a file."""
    files, problems = workspace.files(commit, [KINDS])
    if problems:
        raise ReadInFull(f"something is wrong with {problems[0].path}")
    return KindFiles(files)
