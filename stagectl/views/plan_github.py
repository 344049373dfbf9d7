"""A plan as workflow commands: notes on the lines of the staged files, shown beside them in a pull request."""

from __future__ import annotations

from typing import Iterable, Iterator, List, Mapping, Tuple

from stagectl.core.errors import Problem
from stagectl.core.model import Name
from stagectl.core.plan import Change, Plan
from stagectl.core.values import Path
from stagectl.views.plan_text import cause_text, shown_differences, summary_line
from stagectl.views.text import difference_line, safe

MOST = 10  # annotations of one level that a step may make; further ones are dropped by the site

Places = Mapping[Tuple[Name, Path], str]


def plan_github(plan: Plan, places: Places) -> str:
    """Return a plan as annotations: a notice per change, a warning per change held back and per doubt.

    places: where values are written, `path:line`, by resource and path.
    """
    notices = [_change(change, plan, places) for change in plan.changes]
    warnings = [_command("warning", "", "stagectl plan", warning) for warning in plan.warnings]
    warnings += [
        _command("warning", _first_place(held.resource, places), f"{held.id} is held back", held.message)
        for held in plan.held
    ]
    head = _command("notice", "", "stagectl plan", f"{summary_line(plan)} Plan id: {plan.id}")
    return "".join(f"{line}\n" for line in [*_bounded("notice", [head, *notices]), *_bounded("warning", warnings)])


def problems_github(problems: Iterable[Problem]) -> str:
    """Return what is wrong in the files as error annotations."""
    lines = [
        _command("error", f"{problem.path}:{problem.line}:{problem.column}", "stagectl", problem.message)
        for problem in problems
    ]
    return "".join(f"{line}\n" for line in _bounded("error", lines))


def _bounded(level: str, lines: List[str]) -> Iterator[str]:
    if len(lines) <= MOST:
        yield from lines
        return
    yield from lines[: MOST - 1]
    yield _command(level, "", "stagectl plan", f"and {len(lines) - MOST + 1} more, see the whole plan")


def _change(change: Change, plan: Plan, places: Places) -> str:
    differences = shown_differences(change)
    lines = [f"{change.id}: {cause_text(change, plan.kinds)}"]
    lines += [difference_line(entry, entry.path[0] in change.sensitive) for entry in differences[:5]]
    lines += [f"and {len(differences) - 5} more values"] if len(differences) > 5 else []
    found = [places[change.resource, entry.path] for entry in differences if (change.resource, entry.path) in places]
    place = found[0] if found else _first_place(change.resource, places)
    return _command("notice", place, change.id, "\n".join(lines))


def _first_place(name: Name, places: Places) -> str:
    return places.get((name, ()), "")


def _command(level: str, place: str, title: str, message: str) -> str:
    """Return one workflow command; place: `path`, `path:line` or `path:line:column`, or nothing."""
    path, *numbers = place.split(":")
    properties = [f"file={_property(path)}"] if path else []
    properties += [f"{key}={number}" for key, number in zip(("line", "col"), numbers)]
    properties.append(f"title={_property(title)}")
    return f"::{level} {','.join(properties)}::{_data(safe(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
