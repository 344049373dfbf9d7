"""Whether applying a commit would take back what others applied, or run all again because its branch is lost.

The rule is in docs/design.md, section 11: content counts, so a squash or a rebase that holds the same is fine. Git is
asked nothing where the plan touches nothing, and one question where every source ever applied is contained.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from stagectl.adapters.git.git import Git, GitError
from stagectl.adapters.git.objects import object_id
from stagectl.core.errors import StagectlError
from stagectl.core.graph import group_pairs
from stagectl.core.model import REMOVE, RENAME, STAGED, UPDATE, ChangeId, Name, Oid, split_change, staged_path
from stagectl.core.plans.plan import Plan
from stagectl.core.trailers import trailers_about
from stagectl.usecases.repository.workspace import Workspace

Blob = Optional[Oid]  # of a staged file; None where there is none
_OVERRIDE = "--allow-rollback applies it all the same"
_FEW = 50  # paths that git is asked about by name; of more it is asked about the whole folder


class _Doubt(NamedTuple):
    """A resource whose applied file a plan would change. applied: that file; paths: its names there and here.

    source: what it was last applied, or removed, from; None where this clone does not have that.
    """

    name: Name
    applied: Blob
    paths: Tuple[str, ...]
    source: Optional[Oid] = None


def rollback(
    workspace: Workspace, plan: Plan, head: Optional[Oid], left_out: Iterable[ChangeId] = ()
) -> Optional[StagectlError]:
    """Return the error for what applying a plan of a commit would take back of others' work, None for nothing.

    left_out: changes of the plan that do not run.
    """
    git, tip, skipped = workspace.git, workspace.branch.tip, frozenset(left_out)
    names = {change.resource for change in plan.changes if change.id not in skipped} | set(plan.recorded)
    if tip is None or head is None or not names:
        return None
    missing = None if git.is_shallow() else _not_contained(git, tip, head)
    if missing is not None and not missing:
        return None
    doubts = _with_sources(git, tip, _doubts(git, tip, plan, sorted(names)))
    if missing is None:
        undone = _never_held(git, head, [one for one in doubts if not contains(git, head, one.source)])
        return _unknown(workspace) if undone else None
    undone = _never_held(git, head, [one for one in doubts if one.source in missing])
    return _taken_back(git, head, sorted(undone)) if undone else None


def _taken_back(git: Git, head: Oid, undone: Sequence[_Doubt]) -> StagectlError:
    """Return the error for resources whose sources are known."""
    sources = sorted({str(doubt.source) for doubt in undone})
    subjects = dict(git.log(["--no-walk", *sources], ("%H", "%s")))
    listed = [f"{one.name} (applied from {str(one.source)[:12]}, {subjects[str(one.source)]})" for one in undone[:5]]
    more = f" and {len(undone) - 5} more" if len(undone) > 5 else ""
    which = "the commit it was" if len(undone) == 1 else "the commits they were"
    why = f"this would take back what is applied of {', '.join(listed)}{more}: this commit does not contain {which} "
    why += "last applied from, nor the same content"
    if all(contains(git, Oid(source), head) for source in sources):
        newer = "what is applied is newer, and contains this commit: take that"
        return StagectlError(why, f"{newer}; --allow-rollback goes back to this one")
    names = " ".join(doubt.name for doubt in undone) if len(undone) <= 5 else "NAME, for each"
    return StagectlError(why, f"keep what is applied: stagectl discard {names}; or take a newer commit; {_OVERRIDE}")


def _not_contained(git: Git, tip: Oid, head: Oid) -> Optional[FrozenSet[Oid]]:
    """Return the commits behind the applied ones that a commit does not contain; None where history is missing."""
    try:
        lines = git.run_once("rev-list", "--parents", tip, f"^{head}").decode().splitlines()
    except GitError:
        return None
    parents = {Oid(line[: len(tip)]): line.split()[1:2] for line in lines}
    applied: Optional[Oid] = tip
    while applied is not None:
        before = parents.pop(applied, [])
        applied = Oid(before[0]) if before else None
    return frozenset(parents)


def _doubts(git: Git, tip: Oid, plan: Plan, names: Sequence[Name]) -> List[_Doubt]:
    """Return the resources whose applied file would become another one, come, or go."""
    old = {new: before for before, new in plan.moved}
    there = [staged_path(old.get(name, name)) for name in names]
    applied = git.look_up([git.at(tip, path) for path in there])
    found = []
    for name, path, blob in zip(names, there, applied):
        target = plan.targets.get(name)
        content = target.resource.content if target else None
        if content == b"":  # as applied: it was read without its file's bytes
            continue
        texts = [content, content.replace(b"\r\n", b"\n")] if content is not None else []
        becomes: List[Blob] = [object_id("blob", text, tip) for text in texts] or [None]
        if blob not in becomes:
            found.append(_Doubt(name, blob, tuple(dict.fromkeys((path, staged_path(name))))))
    return found


def _where(git: Git, doubts: Sequence[_Doubt]) -> List[str]:
    """Return the end of a command line: the files meant, in the folders that the project was in before, too."""
    paths = sorted({path for doubt in doubts for path in doubt.paths})
    return git.only(paths if len(paths) <= _FEW else [STAGED], ever=True)


def _with_sources(git: Git, tip: Oid, doubts: Sequence[_Doubt]) -> List[_Doubt]:
    """Return those that an apply brought about, with their sources."""
    if not doubts:
        return []
    git.learn_past(tip)
    left = {doubt.paths[0]: doubt for doubt in doubts}
    found: List[_Doubt] = []
    out = _changes(git, "first-parent", "--first-parent", "--format=%x01%P%x01", tip, *_where(git, doubts))
    parts = out.split("\x01")
    for parents, changes in zip(parts[1::2], parts[2::2]):
        before, source = (parents.split() + ["", ""])[:2]
        paths = dict.fromkeys(git.inner(path) for path in changes.split("\0")[2::2])
        touched = [left[path] for path in paths if path in left]
        for doubt in _not_as_before(git, before, touched):
            del left[doubt.paths[0]]
            found.append(doubt._replace(source=Oid(source) if source else None))
    return found


def _not_as_before(git: Git, commit: str, doubts: Sequence[_Doubt]) -> Sequence[_Doubt]:
    """Return those of which the applied commit before has another file: one may have come by a renamed folder."""
    if not git.formers or not commit:
        return doubts
    there = git.look_up([git.at(commit, doubt.paths[0]) for doubt in doubts])
    return [doubt for doubt, blob in zip(doubts, there) if blob is None or blob != doubt.applied]


def _changes(git: Git, merges: str, *arguments: str) -> str:
    """Return what `git log` says of commits, merges too, and what they changed, whatever the user has set."""
    options = ("-m", "--no-show-signature", "--raw", "-r", "-z", "--no-renames", "--no-abbrev")
    out = git.run("-c", f"log.diffMerges={merges}", "log", *options, *arguments)
    return out.decode("utf-8", "surrogateescape")


def contains(git: Git, commit: Oid, earlier: Optional[Oid]) -> Optional[bool]:
    """Return whether a commit contains another one, None where this clone lacks history that says it."""
    with suppress(GitError):
        if earlier is not None and git.find(earlier) is not None:
            return git.is_ancestor(earlier, commit)
    return None


def _never_held(git: Git, head: Oid, doubts: Sequence[_Doubt]) -> List[_Doubt]:
    """Return those whose applied file no commit has held on the way to *head* since it parted from their source."""
    parted = {source: forks(git, head, source) for source in dict.fromkeys(one.source for one in doubts)}
    found: List[_Doubt] = []
    for bases, some in group_pairs((parted[doubt.source], doubt) for doubt in doubts).items():
        held = _held_files(git, head, bases, some)
        found += [doubt for doubt in some if not any((path, doubt.applied) in held for path in doubt.paths)]
    return found


def forks(git: Git, head: Oid, source: Optional[Oid]) -> Tuple[str, ...]:
    """Return where two commits parted; nothing where they have no history in common, as far as this clone knows."""
    if source is None or git.find(source) is None:
        return ()
    return tuple(git.run("merge-base", "--all", head, source, check=False).decode().split())


def _held_files(git: Git, head: Oid, bases: Sequence[str], doubts: Sequence[_Doubt]) -> Set[Tuple[str, Blob]]:
    """Return which file stood at which path in any commit from *bases* to *head*."""
    paths = sorted({path for doubt in doubts for path in doubt.paths})
    found: Set[Tuple[str, Blob]] = set()
    for base in bases:
        found |= set(zip(paths, git.look_up([git.at(base, path) for path in paths])))
    since = [f"^{base}" for base in bases]
    arguments = ("--full-history", "--format=", head, *since, *_where(git, doubts))
    words = _changes(git, "separate", *arguments).split("\0")
    for change, path in zip(words[::2], words[1::2]):
        oid = change.split()[3]
        found.add((git.inner(path), None if set(oid) == {"0"} else Oid(oid)))
    return found


def _unknown(workspace: Workspace) -> StagectlError:
    source = workspace.newest_source()
    named = f", {source[:12]}," if source else ""
    fetch = f"git fetch {'--unshallow ' if workspace.git.is_shallow() else ''}{workspace.config.remote}"
    why = f"whether this commit contains the newest applied one{named} is unknown: this clone lacks history"
    return StagectlError(f"{why}; get it: {fetch}", _OVERRIDE)


# --- an applied branch that is nowhere

_OF_LIVE = (UPDATE, REMOVE, RENAME)  # what is staged of nothing but what is applied
_SAID = rf"^[ {chr(9)}*-]*Staged: .*[.]({'|'.join(_OF_LIVE)})"
_MOST = 50  # commits of other projects of the repository before one of this


def lost_branch(workspace: Workspace, head: Optional[Oid]) -> Optional[StagectlError]:
    """Return the error for an applied branch that is nowhere, None where there is one, or nothing says there was."""
    if workspace.branch.tip is not None or head is None:
        return None
    branch = workspace.config.applied_branch
    run, commit = _recorded(workspace.git.own_place)
    why = f"run {run} recorded {commit[:12]} here" if commit is not None else _staged_of_live(workspace, head)
    if not why:
        return None
    is_here = commit is not None and workspace.git.find(commit) is not None
    back = f"git branch {branch} {commit}" if is_here else "stagectl sync, in a clone that has it"
    hint = f"have it back: {back}; or record what there is: stagectl apply --record-only; --allow-rollback runs it all"
    message = f"the branch {branch} is nowhere, and there was one: {why}; everything would be run again"
    return StagectlError(message, hint)


def _recorded(scratch: Path) -> Tuple[str, Optional[Oid]]:
    """Return a run of this clone with the applied commit that it recorded, None for none; scratch: of the project."""
    from stagectl.adapters.running.journal import commit_of
    from stagectl.adapters.running.run_folders import run_ids

    for run in run_ids(scratch):
        with suppress(StagectlError):  # of a journal that cannot be read another command says so
            commit = commit_of(scratch, run)
            if commit is not None:
                return run, commit
    return "", None


def _staged_of_live(workspace: Workspace, head: Oid) -> str:
    """Return which commit staged a change of what was applied then, "" for none."""
    git = workspace.git
    options = [f"-{_MOST}", "--extended-regexp", f"--grep={_SAID}", head]
    for commit, subject, message in git.log(options, ("%h", "%s", "%B")):
        said = (ChangeId(value) for key, value in trailers_about(message, {git.folder[:-1]}) if key == "Staged")
        if any(split_change(change)[1] in _OF_LIVE for change in said):
            return f"{commit} ({subject}) staged a change of what is applied"
    return ""
