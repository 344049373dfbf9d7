"""What the trailers of an applied commit say, read back to make it again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Dict, List, Mapping, Sequence, Tuple

from stagectl.adapters.git.git import Git
from stagectl.core import forms
from stagectl.core.errors import StagectlError
from stagectl.core.indexing.advance import States
from stagectl.core.model import Applied, ChangeId, Oid
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import Selection
from stagectl.core.running.outcome import SUCCESS, Outcome

Trailers = Sequence[Tuple[str, str]]


def fits(plan: Plan, outcomes: Mapping[ChangeId, Outcome], trailers: Trailers) -> bool:
    """Return whether the trailers name every change and record of a plan, once, and nothing else."""
    named: Dict[str, List[str]] = {}
    for key, value in trailers:
        named.setdefault(key, []).append(value)
    unchanged = [outcomes[change].state for change in map(ChangeId, named.get("Unchanged", ())) if change in outcomes]
    return (
        len(named.get("Change", ())) == len(outcomes)
        and outcomes.keys() == {change.id for change in plan.changes}
        and sorted(named.get("Recorded", ())) == sorted(plan.recorded)
        and unchanged == [SUCCESS] * len(named.get("Unchanged", ()))
        and "Discarded" not in named
    )


def selection_of(first: Mapping[str, str]) -> Selection:
    """Return the selection of an apply."""
    try:
        raw = json.loads(first["Selection"])
        names, tags = forms.texts(raw["names"]), forms.texts(raw["tags"])
        return Selection(names, tags, bool(raw["with_children"]), bool(raw["with_parents"]))
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise StagectlError(f"its trailer 'Selection' cannot be read: {error}") from None


def trailers_of(git: Git, commit: Oid) -> Trailers:
    """Return the trailers of a commit, in order."""
    (text,) = git.log(["-1", commit], ["%(trailers:only,unfold)"])
    return [(key, value) for key, _, value in (line.partition(": ") for line in text[0].splitlines())]


def outcomes_of(trailers: Trailers) -> Dict[ChangeId, Outcome]:
    """Return how the changes of an apply ended."""
    unchanged = {value for key, value in trailers if key == "Unchanged"}
    unstarted = {value for key, value in trailers if key == "Unstarted"}
    pairs = [value.rpartition(" ")[::2] for key, value in trailers if key == "Change"]
    return {
        ChangeId(change): Outcome(state, changed=change not in unchanged, began=change not in unstarted)
        for change, state in pairs
    }


def given_names(trailers: Trailers) -> List[str]:
    """Return the resources whose outputs a run that only recorded was given."""
    return [value for key, value in trailers if key == "Outputs"]


def with_outputs(plan: Plan, outcomes: Mapping[ChangeId, Outcome], after: States) -> Dict[ChangeId, Outcome]:
    """Return how changes ended with what they reported, which nothing but the applied state itself says.

    So it is taken from there, as far as the action may report it: what its kind refuses is no output then, either.
    """
    found = dict(outcomes)
    for change in plan.changes:
        state, kind = after.get(change.resource) or Applied(), plan.kinds.get(change.kind)
        tried = state.unfinished.outputs if state.unfinished else {}
        values = state.outputs if outcomes[change.id].state == SUCCESS else tried
        names = kind.may_report(change.action) if kind else frozenset()
        reported = {name: value for name, value in values.items() if name in names}
        if reported:
            found[change.id] = replace(outcomes[change.id], outputs=reported)
    return found
