"""What two clones applied, put together: the commits of one are done again on top of the other's."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

from stagectl.adapters.applied.replay import is_look, note_replayed, replay, touched_resources
from stagectl.adapters.git.git import Git
from stagectl.core.errors import StagectlError
from stagectl.core.model import Name, Oid
from stagectl.core.pictures.reports import SharedCommit


class Together(NamedTuple):
    """What came of it. conflicts: resources that both changed; then nothing is put together.

    tip: the newest commit that has both; became: which commit of ours is which now, the oldest first.
    """

    mine: Tuple[SharedCommit, ...]
    others: Tuple[SharedCommit, ...]
    conflicts: Tuple[Name, ...] = ()
    tip: Optional[Oid] = None
    became: Mapping[Oid, Oid] = {}


def put_on_top(git: Git, ours: Oid, theirs: Oid, what: str) -> Together:
    """Put what only *ours* has on top of *theirs*; raises StagectlError where the two have nothing in common.

    what: the branch and the two places, for that message.
    """
    mine, others = tuple(commits_since(git, ours, theirs)), tuple(commits_since(git, theirs, ours))
    if not set(git.first_parents(ours)) & set(git.first_parents(theirs)):
        raise StagectlError(
            f"{what} have no commit in common",
            "one of them was made anew; find out which one counts before anything is applied",
        )
    both = _touched_names(git, mine) & _touched_names(git, others)
    if both:
        return Together(mine, others, tuple(sorted(both)))
    tip = theirs
    became: Dict[Oid, Oid] = {}
    for commit in mine:
        tip = became[commit.commit] = replay(git, commit.commit, tip)
    note_replayed(git, became)
    return Together(mine, others, (), tip, became)


def _touched_names(git: Git, commits: Tuple[SharedCommit, ...]) -> FrozenSet[Name]:
    """Return what commits applied; what a check saw is no conflict."""
    return touched_resources(git, [each.commit for each in commits if not is_look(git, each.commit)])


def commits_since(git: Git, tip: Optional[Oid], known: Optional[Oid]) -> List[SharedCommit]:
    """Return the applied commits of *tip* that *known* does not have, the oldest first."""
    if tip is None:
        return []
    before = set(git.first_parents(known)) if known else set()
    new = [commit for commit in git.first_parents(tip) if commit not in before]
    return [_describe(git, commit) for commit in reversed(new) if git.parents(commit)]


def _describe(git: Git, commit: Oid) -> SharedCommit:
    (fields,) = git.log(["-1", commit], ("%an <%ae>", "%(trailers:only,unfold)"))
    trailers = dict(line.partition(": ")[::2] for line in reversed(fields[1].splitlines()))
    return SharedCommit(commit, trailers.get("Run", ""), trailers.get("Applied-by", fields[0]))
