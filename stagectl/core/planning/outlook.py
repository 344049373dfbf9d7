"""Universes with all that their own changes may report: made again until nothing more is (docs/design.md, section 9).

What may be reported brings in readers, whose changes may report in turn. Where no kind has outputs, one look is enough.
"""

from __future__ import annotations

from typing import Callable

from stagectl.core.planning import holding
from stagectl.core.planning.changes import draft_changes
from stagectl.core.planning.reports import expect_reports, reports_of
from stagectl.core.planning.situation import NOTHING_REPORTED, Reports, Scope, Situation
from stagectl.core.planning.universe import Universe
from stagectl.core.planning.unreported import has_outputs

_ROUNDS = 100  # each follows what is reported by one resource further; where two undo each other, none is right


def everything(situation: Situation) -> Universe:
    """Return the universe in which everything is selected."""
    return _converge(lambda reports: holding.whole_universe(situation, reports))


def universe_of(scope: Scope, full: Universe) -> Universe:
    """Return the universe that a scope makes of a situation, given the one in which everything is selected."""
    if scope.selected is None:
        return full
    return _converge(lambda reports: holding.settle_universe(scope, full, reports))


def _converge(make: Callable[[Reports], Universe]) -> Universe:
    reports = NOTHING_REPORTED
    found = make(reports)
    if not has_outputs(found.view):
        return found
    reports = expect_reports(found.view)
    found = make(reports)
    for _ in range(_ROUNDS):
        after = reports_of(found.view, draft_changes(found).by_id)
        if after == reports:
            break
        reports = after
        found = make(reports)
    return found
