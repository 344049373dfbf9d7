"""The names that a resource has and had, as the staged files of the commits that moved it say."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence

from stagectl.adapters.git.git import Git
from stagectl.adapters.yamlfile.edit import claims_in
from stagectl.core.model import STAGED, Name, Oid, name_of, staged_path


class Called(NamedTuple):
    """A name of a resource. until: the commit that gave it the next one; None for the newest name."""

    name: Name
    until: Optional[Oid] = None


def names_had(git: Git, commits: Sequence[Oid], name: Name) -> List[Called]:
    """Return the names a resource has and had, the newest first. commits: those whose histories are looked at."""
    found = [Called(name)]
    for commit in commits:
        while True:
            before = _earlier_name(git, commit, found[-1].name)
            if before is None or before.name in {one.name for one in found}:
                break
            found.append(before)
    return found


def _earlier_name(git: Git, commit: Oid, name: Name) -> Optional[Called]:
    """Return what a resource was called before, as its first staged file under this name says."""
    path = staged_path(name)
    created = [
        Oid(fields[0]) for fields in git.log(["-1", "--diff-filter=A", commit, *git.only([path], ever=True)], ["%H"])
    ]
    file = git.look_up([git.at(created[0], path)])[0] if created and git.parents(created[0]) else None
    claims = claims_in(git.blobs([file])[file]) if file is not None else ()
    if not claims:
        return None
    after = {entry.path for entry in git.entries(created[0], [STAGED])}
    before = {entry.path: entry.oid for entry in git.entries(git.parents(created[0])[0], [STAGED])}
    gone = sorted(before.keys() - after)
    contents = git.blobs([before[one] for one in gone])
    # What was moved twice before it was applied names what is live, and not the step between.
    steps = [
        name_of(one) for one in gone if name_of(one) in claims or set(claims_in(contents[before[one]])) & {*claims}
    ]
    return Called(steps[0] if steps else claims[0], created[0])
