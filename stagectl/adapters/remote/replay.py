"""Commits of the applied branch put onto another one: files are carried over as they are, nothing is parsed."""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterable, Mapping, Tuple

from stagectl.adapters.git.git import Entry, Git
from stagectl.adapters.git.objects import write_commit, write_tree
from stagectl.adapters.remote.remote import author_of
from stagectl.core.model import APPLIED, STAGED, Name, Oid

Files = Dict[str, Entry]


def state_of(git: Git, commit: Oid) -> Dict[Name, FrozenSet[Tuple[str, Oid]]]:
    """Return, per resource of the applied state, its files."""
    found: Dict[Name, FrozenSet[Tuple[str, Oid]]] = {}
    for entry in git.entries(commit, [STAGED, APPLIED]):
        name = _name(entry.path)
        found[name] = found.get(name, frozenset()) | {(entry.path, entry.oid)}
    return found


def touched(git: Git, commits: Iterable[Oid]) -> FrozenSet[Name]:
    """Return the resources whose state differs between any of these commits and its first parent."""
    found = set()
    for commit in commits:
        now, before = state_of(git, commit), state_of(git, git.parents(commit)[0])
        found |= {name for name in now.keys() | before.keys() if now.get(name) != before.get(name)}
    return frozenset(found)


def replay(git: Git, commit: Oid, tip: Oid) -> Oid:
    """Store what an applied commit did as a child of *tip*: message, trailers, author and source stay its own.

    One that was signed is signed again, by whoever does this.
    """
    names = touched(git, [commit])
    files = {entry.path: entry for entry in git.entries(tip, [STAGED, APPLIED]) if _name(entry.path) not in names}
    files.update({entry.path: entry for entry in git.entries(commit, [STAGED, APPLIED]) if _name(entry.path) in names})
    sources = git.parents(commit)[1:]
    tree = write_tree(git, sources[0] if sources else tip, [STAGED, APPLIED], files.values())
    header, _, message = git.run("cat-file", "commit", commit).decode("utf-8", "replace").partition("\n\n")
    name, mail, date = author_of(git, commit)
    author = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": date}
    signed = any(line.startswith("gpgsig") for line in header.splitlines())
    return write_commit(git, tree, [tip, *sources], message, env=author, sign=signed)


def note_replayed(git: Git, replayed: Mapping[Oid, Oid]) -> None:
    """Note on this machine which commits became which, before the branch leaves the old ones."""
    with open(git.scratch() / "replayed", "a", encoding="ascii") as file:
        file.writelines(f"{old} {new}\n" for old, new in replayed.items())


def replayed_commits(git: Git) -> Dict[Oid, Oid]:
    """Return which commits became which when `sync` put them onto others, on this machine."""
    path = git.scratch() / "replayed"
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return {Oid(old): Oid(new) for old, _, new in (line.partition(" ") for line in lines)}


def _name(path: str) -> Name:
    return Name(path.partition("/")[2].rpartition(".")[0])
