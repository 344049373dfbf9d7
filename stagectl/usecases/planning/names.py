"""Which resources words mean: found in the index, and in all files only where that is not certain."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Dict, FrozenSet, Iterable, List, Optional, Sequence, Tuple

from stagectl.adapters.applied.store import state_path
from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.tree import changed_files
from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.model import NAME, STAGED, Applied, Name, Oid, name_of, split_change, staged_path
from stagectl.core.planning.scoping import world_of
from stagectl.core.plans.globs import glob_test
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import NoResource, Selection, World, match_one, select
from stagectl.usecases.planning.incremental import IncrementalRead, index_of, quickest, read_incrementally, with_bytes
from stagectl.usecases.planning.rollback import contains, forks
from stagectl.usecases.repository.workspace import Workspace


def choose(workspace: Workspace, selection: Selection) -> FrozenSet[Name]:
    """Return the resources that words mean, staged or applied; raises StagectlError for what nothing has."""
    return quickest(
        "the selection",
        lambda: choose_from(read_incrementally(workspace), selection),
        lambda: select(selection, _world(workspace)) or frozenset(),
    )


def choose_from(found: IncrementalRead, selection: Selection) -> FrozenSet[Name]:
    """Return the resources that words mean, staged or applied; raises ReadInFull where all files have to explain it."""
    names = frozenset(map(Name, selection.names))
    if names and not selection.tags and all(map(NAME.fullmatch, names)) and not found.has_moves():
        known = {name for name, line in found.index.lines(names).items() if line.oid is not None}
        if names <= known | found.edited.keys():
            return names  # and no other is looked at
    world = found.world(selection)
    if world is None:
        raise ReadInFull("it is about everything")
    return choose_in(selection, world)


def choose_live(workspace: Workspace, selection: Selection) -> Dict[Name, Applied]:
    """Return the live resources that words mean, with the bytes of their files; raises ReadInFull."""
    if not (selection.names or selection.tags):
        raise ReadInFull("it is about everything")
    index = index_of(workspace, workspace.branch.tip)
    parents = index.parents() if any("+" in name for name in selection.names) else {}
    words = frozenset(workspace.config.vocabulary)
    chosen = choose_in(selection, World(index.tags(live_only=True), parents, index.claims(), words))
    return with_bytes(workspace, dict(sorted(index.states(chosen).items())))


def choose_in(selection: Selection, world: World) -> FrozenSet[Name]:
    """Return the resources of a world that words mean; raises ReadInFull where all files have to explain it."""
    try:
        return select(selection, world) or frozenset()
    except StagectlError as error:
        raise ReadInFull(error.message) from None


def name_now(workspace: Workspace, name: str) -> Name:
    """Return what a resource is called now, staged or applied; a name that none ever had stays as it is."""
    if not NAME.fullmatch(name) or (workspace.root / staged_path(name)).is_file():
        return Name(name)

    def incremental_way() -> Name:
        world = read_incrementally(workspace).world(Selection((name,)))
        return world.now(name) if world is not None else Name(name)

    return quickest("names", incremental_way, lambda: _world(workspace).now(name))


def resolve_name(workspace: Workspace, plan: Plan, text: str, head: Optional[str], base: Optional[str]) -> Name:
    """Return the resource that a name or a change id means; raises StagectlError for one that does not exist."""
    name = Name(split_change(text)[0] if "." in text else text)
    return dict(plan.moved).get(name) or check_name(workspace, plan, name, head, base)


def is_known(workspace: Workspace, name: str, head: Optional[str] = None, base: Optional[str] = None) -> bool:
    """Return whether there certainly is a resource, staged or applied; False where that takes reading everything."""
    if workspace.git.cache() is None or not NAME.fullmatch(name):
        return False
    with suppress(ReadInFull):
        index = index_of(workspace, workspace.branch.tip if base is None else workspace.applied_commit(base))
        if any(line.oid is not None for line in index.lines([Name(name)]).values()):
            return True
    if head is None:
        return (workspace.root / staged_path(name)).is_file()
    return workspace.git.look_up([workspace.git.at(workspace.git.resolve(head), staged_path(name))]) != [None]


def check_name(
    workspace: Workspace, plan: Plan, name: str, head: Optional[str] = None, base: Optional[str] = None
) -> Name:
    """Return what a name means; raises StagectlError for none; where nothing seems to have it, everything is read."""
    if any(change.resource == name for change in plan.changes) or is_known(workspace, name, head, base):
        return Name(name)
    return match_one(name, _world(workspace, head, base), "named")


def _world(workspace: Workspace, head: Optional[str] = None, base: Optional[str] = None) -> World:
    return world_of(workspace.situation(workspace.snapshot(head), workspace.applied_state(base)[1]))


# --- names that nothing has any more: a job that is run again is done, not wrong


def without_gone(workspace: Workspace, selection: Selection, error: NoResource) -> Tuple[Selection, str]:
    """Return a selection without the name that does not exist, and what became of that.

    Raises *error* where no apply removed anything of that name, and where the name is more than a name or a glob.
    """
    found = find_removal(workspace, error.glob)
    if found is None or error.glob not in selection.names:
        raise explain_unstaged(workspace, error) or error
    commit, run = found
    new = _later_name(workspace.git, Name(error.glob), commit)
    if new is not None:
        raise StagectlError(f"there is no resource '{error.glob}': run {run} moved it to {new}", f"name it: {new}")
    left = replace(selection, names=tuple(name for name in selection.names if name != error.glob))
    return left, f"{error.glob} was removed by run {run}: there is nothing of it to apply"


def explain_unstaged(workspace: Workspace, error: NoResource) -> Optional[StagectlError]:
    """Return the error for a name that has a definition alone, None where it has not even that."""
    if error.glob not in workspace.snapshot(definitions=True).definition_paths:
        return None
    return StagectlError(f"'{error.glob}' is defined and not staged", f"stage it: stagectl stage {error.glob}")


def find_removal(workspace: Workspace, glob: str) -> Optional[Tuple[Oid, str]]:
    """Return the newest applied commit that removed what a name or a glob means, and its run."""
    git, tip, test = workspace.git, workspace.branch.tip, glob_test(glob)
    where = STAGED if "*" in glob or "?" in glob else staged_path(glob)
    options = ("--first-parent", "-m", "--diff-filter=D", "--no-renames", "--name-only", "--no-show-signature")
    shown = "--format=%x01%H %(trailers:key=Run,valueonly)%x01"
    out = git.run("log", *options, shown, tip, *git.only([where], ever=True)) if tip is not None else b""
    parts = out.decode("utf-8", "surrogateescape").split("\x01")
    for said, paths in zip(parts[1::2], parts[2::2]):
        if any(test(name_of(git.inner(path))) for path in paths.split()):
            commit, _, run = said.strip().partition(" ")
            return Oid(commit), run
    return None


# --- claims that were spent once, and would count again


def claimed_again(workspace: Workspace, plan: Plan, head: Optional[Oid], *, is_older: bool) -> List[StagectlError]:
    """Return an error for each move whose claim was spent once, where what has the old name may be another resource.

    That is known of claims of what was removed, or taken back, since. The applied state does not remember what is gone,
    so the history of the applied branch says it. is_older: whether the commit may be older than what is applied.
    """
    git, tip = workspace.git, workspace.branch.tip
    if tip is None or head is None or not _last_removal(git, tip, [new for _, new in plan.moved]):
        return []
    found = (_claimed_again(git, tip, head, move, is_older=is_older) for move in plan.moved)
    return [error for error in found if error is not None]


def _last_removal(git: Git, tip: Oid, names: Sequence[Name]) -> List[str]:
    """Return the parents of the newest applied commit that removed one of some resources, none where there is none."""
    paths = git.only([state_path(name) for name in names], ever=True)
    found = git.log(["-1", "--first-parent", "--diff-filter=D", tip, *paths], ["%P"]) if names else []
    return found[0][0].split() if found else []


def _claimed_again(
    git: Git, tip: Oid, head: Oid, move: Tuple[Name, Name], *, is_older: bool
) -> Optional[StagectlError]:
    old, new = move
    before, source = (_last_removal(git, tip, [new]) + ["", ""])[:2]
    blob = git.look_up([git.at(Oid(before), staged_path(new))])[0] if source else None
    from stagectl.adapters.yamlfile.edit import claims_in

    if blob is None or old not in claims_in(git.blobs([blob])[blob]):
        return None
    had = f"{new} claims {old} again (moved_from): it had what was {old}, and was removed since, which"
    drop = f"drop the claim from {new}"
    if not _knows(git, head, Oid(source), new):
        why = f"{had} this commit does not contain; what is {old} now may be another resource"
        hint = f"{drop} on top of this commit, and stage: then {new} is run anew"
        hint += f"; or move {old} in a commit that contains the removal"
        return StagectlError(why, hint) if is_older else None
    made = git.find(f"{before}^2")
    is_rolled_back = made is not None and not _knows(git, Oid(source), made, new)
    gone = _removals(git, head, [source], old) if is_rolled_back else []
    if not gone or _later_name(git, old, gone[-1]) is not None:
        return None
    why = f"{had} an older commit did that was applied again: there {old} was another resource, and is now"
    return StagectlError(why, f"{drop}, and stage: then {new} is run anew, and {old} removed")


def _later_name(git: Git, name: Name, commit: Oid) -> Optional[Name]:
    """Return the name that a commit gave to what had another one, None where it removed it."""
    from stagectl.adapters.yamlfile.edit import claims_in

    for path, (before, after) in sorted(changed_files(git, git.parents(commit)[0], commit, STAGED).items()):
        if name in claims_in(after or b"") and name not in claims_in(before or b""):
            return name_of(git.inner(path))
    return None


def _knows(git: Git, head: Oid, source: Oid, name: Name) -> bool:
    """Return whether a commit may contain the one from which a resource was removed, or has removed it since."""
    return contains(git, head, source) is not False or bool(_removals(git, head, forks(git, head, source), name))


def _removals(git: Git, head: Oid, since: Iterable[str], name: Name) -> List[Oid]:
    """Return the commits, the newest first, that a commit contains and others do not, and that removed a resource."""
    paths = git.only([staged_path(name)], ever=True)
    found = git.log(["--full-history", "--diff-filter=D", head, *(f"^{one}" for one in since), *paths], ["%H"])
    return [Oid(commit) for (commit,) in found]
