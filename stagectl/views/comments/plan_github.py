"""A plan as workflow commands: notes on the lines of the staged files, shown beside them in a pull request."""

from __future__ import annotations

from typing import Iterator, List, Mapping, Optional, Tuple, Union

from stagectl.core.errors import InvalidFiles, PlacedError, StagectlError
from stagectl.core.model import ChangeId
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.standing import commands_here, from_top
from stagectl.views.plans.destroys import destroying, going_lines, shown_differences
from stagectl.views.plans.plan_text import summary_text, why_text
from stagectl.views.text import difference_line, safe

MOST = 10  # annotations of one level that a step may make; further ones are dropped by the site

ChangePlaces = Mapping[ChangeId, Tuple[str, int]]
_TITLE = "stagectl plan"


def plan_github(plan: Plan, places: ChangePlaces) -> str:
    """Return a plan as annotations: a notice per change, a warning per change that destroys or is held, and per doubt.

    places: the file and line at which a change is shown, of those that have one.
    """
    notices = [_change(change, plan, places) for change in plan.changes]
    warnings = [_destroys(change, removal, places) for change, removal in destroying(plan)]
    warnings += [annotation("warning", (), _TITLE, warning) for warning in plan.warnings]
    warnings += [
        annotation("warning", places.get(held.id, ()), f"{held.id} is held back", commands_here(held.message))
        for held in plan.held
    ]
    summary = summary_text(plan)
    head = annotation("notice", (), _TITLE, f"{summary} Plan id: {plan.id}")
    return "".join(f"{line}\n" for line in [*limit("notice", [head, *notices]), *limit("warning", warnings)])


def error_github(error: StagectlError) -> str:
    """Return what makes a plan impossible as error annotations: on the lines of the files, where it is in files."""
    lines = [annotation("error", (), _TITLE, error.message)]
    if isinstance(error, (InvalidFiles, PlacedError)):
        places = [(problem.path, problem.line, problem.column) for problem in error.problems]
        lines = [annotation("error", place, _TITLE, one.message) for place, one in zip(places, error.problems)]
    return "".join(f"{line}\n" for line in limit("error", lines))


def limit(level: str, lines: List[str]) -> Iterator[str]:
    """Yield as many annotations of a level as the site keeps, the last one for those that are left out."""
    if len(lines) <= MOST:
        yield from lines
        return
    yield from lines[: MOST - 1]
    yield annotation(level, (), _TITLE, f"and {len(lines) - MOST + 1} more, see the whole plan")


def _change(change: Change, plan: Plan, places: ChangePlaces) -> str:
    differences = shown_differences(change)
    lines = [f"{change.id}: {why_text(change, plan.kinds)}"]
    lines += [difference_line(entry, entry.path[0] in change.sensitive) for entry in differences[:5]]
    lines += [f"and {len(differences) - 5} more values"] if len(differences) > 5 else []
    return annotation("notice", places.get(change.id, ()), change.id, "\n".join(lines))


def _destroys(change: Change, removal: Optional[Change], places: ChangePlaces) -> str:
    word = "replaced" if removal else "removed"
    going = list(going_lines(change, removal, 10))
    lines = [f"{change.resource} is {word}{'; the values that go:' if going else ''}", *going]
    identity = removal.id if removal else change.id
    return annotation("warning", places.get(change.id, ()), f"{identity} destroys", "\n".join(lines))


def annotation(level: str, place: Tuple[Union[str, int], ...], title: str, message: str) -> str:
    """Return one workflow command; place: a path in the project, a line and a column, or the first ones of them."""
    place = (from_top(str(place[0])), *place[1:]) if place else ()
    properties = [f"{key}={_property(str(part))}" for key, part in zip(("file", "line", "col"), place)]
    properties.append(f"title={_property(title)}")
    return f"::{level} {','.join(properties)}::{_data(safe(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return "%3A".join(_data(safe(part)) for part in text.split(":")).replace(",", "%2C")
