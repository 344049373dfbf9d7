"""Projects in a list: what each has pending, and what of that is held back."""

from __future__ import annotations

import json

from stagectl.core.model import ChangeId
from stagectl.core.pictures.reports import Project
from stagectl.views.projects import projects_json, projects_text


def test_what_is_held_back_is_listed_beside_what_is_pending() -> None:
    """
    A project that only has held changes does not say that nothing is pending.
    """
    held = tuple(map(ChangeId, ("a.run", "b.run")))
    found = [Project("x", "b", held=held), Project("y", "b", pending=held[:1], held=held[1:]), Project("z", "b")]

    assert projects_text(found).splitlines() == [
        "x  2 held back: a.run, b.run; b (nothing applied)",
        "y  1 change pending: a.run; 1 held back: b.run; b (nothing applied)",
        "z  nothing pending; b (nothing applied)",
    ]
    assert [one.get("held") for one in json.loads(projects_json(found))] == [["a.run", "b.run"], ["b.run"], None]
