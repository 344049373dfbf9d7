"""What a commit that is reverted calls otherwise than it is called now: names are followed commit by commit."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from stagectl.adapters.applied.store import state_path
from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.tree import Content, changed_files, folder_trees, read_both_sides
from stagectl.adapters.yamlfile.edit import Edit, claims_in, edit, rename_resource
from stagectl.core.model import STAGED, Applied, Name, Oid, Resource, names_of
from stagectl.core.planning.moves import Resources, counting_claims
from stagectl.core.schemas.schema import FRONT
from stagectl.usecases.staging.merge import documents_of

StagedChanges = Mapping[Name, Tuple[Content, Content]]  # by name, before and after


class Renaming(NamedTuple):
    """What one commit did to names. moved: old name -> new one; ended: names whose resources went."""

    moved: Mapping[Name, Name]
    ended: FrozenSet[Name]


class Since(NamedTuple):
    """What was done to names since a commit.

    is_applied: whether the commit is one of the applied branch. gone: the names of what was removed, and that applied;
    what is only staged as removed may come back, and is the same then.
    """

    steps: Sequence[Renaming]
    is_applied: bool = False
    gone: FrozenSet[Name] = frozenset()

    def now(self, name: Name) -> Optional[Name]:
        """Return what a resource of the commit is called now, None if it went."""
        for step in self.steps:
            if name in step.moved:
                name = step.moved[name]
            elif name in step.ended and (self.is_applied or name in self.gone):
                return None
        return name

    def with_step(self, step: Renaming) -> Since:
        """Return the same with one more step at its end."""
        return self._replace(steps=(*self.steps, step))

    def with_removed(self, git: Git, commit: Oid, tip: Oid) -> Since:
        """Return the same with what was removed since by an apply of what contains a commit."""
        found = set()
        for name in sorted({name for step in self.steps for name in step.ended}):
            options = ["-1", "--first-parent", "--diff-filter=D", tip, *git.only([state_path(name)], ever=True)]
            sources = [fields[0].split()[1:] for fields in git.log(options, ["%P"])]
            if any(git.is_ancestor(commit, Oid(one)) for parents in sources for one in parents):
                found.add(name)
        return self._replace(gone=frozenset(found))

    def names(self) -> Dict[Name, Name]:
        """Return what has another name now, by the name that it had."""
        olds = {old for step in self.steps for old in step.moved}
        now = {old: self.now(old) for old in sorted(olds)}
        return {old: new for old, new in now.items() if new is not None and new != old}


def changes_in(git: Git, before: Optional[Oid], commit: Oid) -> StagedChanges:
    """Return the staged files that differ between two commits."""
    return _by_name(changed_files(git, before, commit, STAGED))


def _by_name(changed: Mapping[str, Tuple[Content, Content]]) -> StagedChanges:
    return {name: both for path, both in changed.items() for name in names_of(path)}


def moves_in(changed: StagedChanges) -> Dict[Name, Name]:
    """Return what a commit moved, new name -> old one, as its files say."""
    before = {name: _claiming(name, back) for name, (back, _) in changed.items() if back is not None}
    after = {name: _claiming(name, then) for name, (_, then) in changed.items() if then is not None}
    # What claims the same before and after is the same resource: a move that is taken back is no chain.
    same = {name for name in before.keys() & after.keys() if before[name].moved_from == after[name].moved_from}
    found = _moved_on(*({name: one for name, one in side.items() if name not in same} for side in (before, after)))
    claiming = {name: resource for name, resource in after.items() if name not in same and name not in found}
    left = {name: Applied(resource) for name, resource in before.items() if name not in found.values()}
    found.update({new: old for new, old in counting_claims(claiming, left).items() if old not in same})
    gone = [name for name in sorted(before) if name not in found.values() and (name not in after or name in found)]
    for name in sorted(after.keys() - (before.keys() - set(found.values())) - found.keys()):
        steps = [old for old in gone if set(before[old].moved_from) & set(after[name].moved_from)]
        found.update({name: steps[0]} if steps else {})
    return {new: old for new, old in found.items() if old not in after or old in found or old not in before}


def _moved_on(before: Resources, after: Resources) -> Dict[Name, Name]:
    """Return what was moved twice before it was applied, new name -> old one: both files name what is live.

    That is no move of what has the name which they claim, if that was moved on itself: of a chain, say.
    """
    found: Dict[Name, Name] = {}
    while True:
        left = {name: one.moved_from for name, one in sorted(before.items()) if name not in found.values()}
        carried = {claims: name for name, claims in left.items() if claims and left.keys().isdisjoint(claims)}
        new = next((name for name in sorted(after.keys() - found.keys()) if after[name].moved_from in carried), None)
        if new is None:
            return found
        found[new] = carried[after[new].moved_from]


def undone_in(changed: StagedChanges) -> Dict[Name, Name]:
    """Return what a commit gave an old name back, as the files before it say: that name -> the one that it had."""
    inverse = {name: (then, back) for name, (back, then) in changed.items()}
    return {old: new for new, old in moves_in(inverse).items()}


def _claiming(name: Name, content: bytes) -> Resource:
    return Resource(name, "", moved_from=claims_in(content))


def names_since(git: Git, commit: Oid, end: Oid, *, is_applied: bool) -> Since:
    """Return what was done to names between a commit and one that contains it; is_applied: on the applied branch."""
    path = git.first_parents(end) if is_applied else _way(git, commit, end)
    path = path[: path.index(commit) + 1] if commit in path else path
    trees = folder_trees(git, path[::-1], STAGED)
    return Since(_steps(git, [pair for pair in zip(trees, trees[1:]) if pair[0] != pair[1]]), is_applied)


def _steps(git: Git, pairs: Sequence[Tuple[Oid, Oid]]) -> List[Renaming]:
    """Return what was done to names from tree to tree; git is asked about all of them at once."""
    changes = git.tree_changes(pairs)
    claiming = git.tree_changes(pairs, "-Gmoved_from", "--pickaxe-all")
    # Else nothing went, and nothing has another name.
    naming = [changed for changed, claims in zip(changes, claiming) if claims or any(not one.oid for one in changed)]
    return [_step(_by_name(files)) for files in read_both_sides(git, naming, STAGED)]


def _way(git: Git, commit: Oid, end: Oid) -> List[Oid]:
    """Return the commits from *end* back to *commit*, by one of the ways that lead there."""
    lines = git.run("rev-list", "--ancestry-path", "--parents", f"{commit}..{end}").decode().splitlines()
    parents = {words[0]: words[1:] for words in map(str.split, lines)}
    found = [str(end)]
    while found[-1] != commit and found[-1] in parents:
        found.append(next(one for one in parents[found[-1]] if one == commit or one in parents))
    return list(map(Oid, found))


def _step(changed: StagedChanges) -> Renaming:
    moved = {old: new for new, old in moves_in(changed).items()}
    gone = {name for name, (_, then) in changed.items() if then is None or name in moved.values()}
    return Renaming(moved, frozenset(gone - moved.keys()))


def _front(content: Content) -> Mapping[str, Any]:
    documents = documents_of(content)
    return (documents[FRONT] or {}) if documents else {}


def as_called_now(old: Name, content: Content, names: Mapping[Name, Name], now: Content) -> Content:
    """Return a file of a resource as it would be today, where it, or what it names, has other names now.

    now: what is staged of it.
    """
    if content is None or not names:
        return content
    new = names.get(old, old)
    found = rename_resource(content, old, new, names)
    front, today = (_front(content), _front(now)) if new != old else ({}, {})
    # Where it comes from, and that it was moved, is no part of what the commit changed.
    kept = [key for key in ("moved_from", "source") if key in today and today[key] != front.get(key)]
    return edit(found, [Edit(FRONT, (key,), today[key]) for key in kept])
