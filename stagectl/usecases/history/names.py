"""The names that a resource has and had, as the staged files of the commits that moved it say."""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from stagectl.adapters.git.branches import shallow_ends
from stagectl.adapters.git.git import Git
from stagectl.adapters.yamlfile.edit import claims_in
from stagectl.core.model import STAGED, Name, Oid, name_of, staged_path


class NamesHad(NamedTuple):
    """The names that a resource has and had, the newest first.

    staged, applied: the commits that gave the next name to what was called so, and the applied commits that did.
    """

    known: List[Name]
    staged: Mapping[Name, Oid]
    applied: Mapping[Name, Oid]


def names_had(git: Git, head: Optional[Oid], tip: Optional[Oid], name: Name) -> NamesHad:
    """Return the names a resource has and had. tip: of the applied branch."""
    known = [name]
    return NamesHad(known, _follow(git, head, known), _follow(git, tip, known, "--first-parent"))


def _follow(git: Git, start: Optional[Oid], known: List[Name], *options: str) -> Mapping[Name, Oid]:
    """Return where a history gives next names; names that were not known yet are added to those that are."""
    moved: Dict[Name, Oid] = {}
    for index, name in enumerate(known):  # which may get longer
        found = _earlier_name(git, start, name, options) if start is not None else None
        if found is None:
            continue
        before, moment = found
        if index + 1 == len(known) and before not in known:
            known.append(before)
        if known[index + 1 : index + 2] == [before]:  # else another resource is called so here
            moved[before] = moment
            start = next(iter(git.parents(moment)), None)
    return moved


def _earlier_name(git: Git, commit: Oid, name: Name, options: Sequence[str]) -> Optional[Tuple[Name, Oid]]:
    """Return what a resource was called before, and the newest commit whose staged file says so and none before it."""
    path = staged_path(name)
    touching = [Oid(fields[0]) for fields in git.log([*options, commit, *git.only([path], ever=True)], ["%H"])]
    files, olds = (
        git.look_up([git.at(at, path) for at in some]) for some in (touching, [f"{one}^" for one in touching])
    )
    contents = git.blobs([file for file in (*files, *olds) if file is not None])
    claimed = {file: claims_in(content) for file, content in contents.items() if b"moved_from" in content}
    for moment, file, old in zip(touching, files, olds):
        claims = claimed.get(file or Oid(""), ())
        fresh = [one for one in claims if one not in claimed.get(old or Oid(""), ())]
        if fresh and git.parents(moment) and moment not in shallow_ends(git):  # what was before is not here
            return _step(git, moment, claims) or fresh[0], moment
    return None


def _step(git: Git, moment: Oid, claims: Sequence[Name]) -> Optional[Name]:
    """Return the name that went when these were claimed; what was moved twice before an apply names what is live."""
    after = {entry.path for entry in git.entries(moment, [STAGED])}
    before = {entry.path: entry.oid for entry in git.entries(git.parents(moment)[0], [STAGED])}
    gone = sorted(before.keys() - after)
    contents = git.blobs([before[one] for one in gone])
    steps = (name_of(one) for one in gone if name_of(one) in claims or {*claims_in(contents[before[one]])} & {*claims})
    return next(steps, None)
