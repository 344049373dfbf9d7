"""Commits that are in no applied branch: each is put onto a newer state, or kept.

Put onto another one: what they did to each resource is done to the newer state. Kept: by a ref of their own, since git
throws away what has no name.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterable, Mapping, Set

from stagectl.adapters.applied.store import load_some
from stagectl.adapters.applied.write import Lineage, write_tree
from stagectl.adapters.git.git import Git, GitError, words_of
from stagectl.adapters.git.objects import NewCommit, write_commit
from stagectl.core.indexing.advance import States
from stagectl.core.model import APPLIED, STAGED, Name, Oid

KEPT = "refs/stagectl/kept"  # of this clone; nothing fetches or pushes it


def touched_resources(git: Git, commits: Iterable[Oid]) -> FrozenSet[Name]:
    """Return the resources whose state differs between any of these commits and its first parent."""
    found: Set[Name] = set()
    for commit in commits:
        words = ("diff-tree", "-r", "-z", "--name-only", "--no-renames")
        out = git.run(*words, git.parents(commit)[0], commit, *git.only([STAGED, APPLIED], ever=True))
        paths = map(git.inner, words_of(out))
        found.update(Name(path.partition("/")[2].rpartition(".")[0]) for path in paths)
    return frozenset(found)


def replay(git: Git, commit: Oid, tip: Oid) -> Oid:
    """Store what an applied commit did as a child of *tip*: message, trailers, author and source stay its own.

    One that was signed is signed again, by the user of this clone.
    """
    sources = git.parents(commit)[1:]
    states: States = load_some(git, commit, touched_resources(git, [commit]))
    if is_look(git, commit):  # what was seen holds of what is still applied as it was then
        states = _still_applied(git, commit, tip, states)
    tree = write_tree(git, Lineage(tip, *sources[:1]), states)
    header, message = git.commit_text(commit)
    person = next(line for line in header.splitlines() if line.startswith("author "))[len("author ") :]
    (name, _, rest), signed = person.rpartition(" <"), "\ngpgsig" in header
    mail, _, date = rest.partition("> ")
    author = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": f"@{date}"}
    return write_commit(git, NewCommit(tree, [tip, *sources], message, signed), author)


def is_look(git: Git, commit: Oid) -> bool:
    """Return whether an applied commit is one of `check`, which changes nothing of what was applied."""
    (fields,) = git.log(["-1", commit], ("%P", "%(trailers:key=Checked,valueonly)"))
    return len(fields[0].split()) == 1 and bool(fields[1].strip())


def _still_applied(git: Git, commit: Oid, tip: Oid, states: States) -> States:
    before, there = (
        {name: state and state.as_applied for name, state in load_some(git, one, states).items()}
        for one in (git.parents(commit)[0], tip)
    )
    return {name: state for name, state in states.items() if before[name] == there[name]}


def note_replayed(git: Git, replayed: Mapping[Oid, Oid]) -> None:
    """Note on this machine which commits became which, before the branch leaves the old ones."""
    with open(git.scratch() / "replayed", "a", encoding="ascii") as file:
        file.writelines(f"{old} {new}\n" for old, new in replayed.items())


def replayed_commits(git: Git) -> Dict[Oid, Oid]:
    """Return which commits became which when `sync` put them onto others, on this machine."""
    path = git.scratch() / "replayed"
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return {Oid(old): Oid(new) for old, _, new in (line.partition(" ") for line in lines)}


def keep(git: Git, commit: Oid, run: str) -> str:
    """Give a commit a ref, named by its run, and return that; a later commit of the same run takes its place."""
    ref = f"{KEPT}/{run or commit[:12]}"
    if not git.move_ref(ref, commit, git.find(ref), "kept: it is in no applied branch"):
        raise GitError(f"{ref} keeps moving", "try again")
    return ref


def kept_commits(git: Git) -> FrozenSet[Oid]:
    """Return the commits that were kept, with those before them."""
    tips = git.run("for-each-ref", "--format=%(objectname)", KEPT).decode().split()
    return frozenset(commit for tip in tips for commit in git.first_parents(Oid(tip)))
