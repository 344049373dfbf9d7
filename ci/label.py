"""The label that a pull request has while its plan removes or replaces something."""

from __future__ import annotations

import sys
from typing import Any, Dict
from urllib.parse import quote

import runner
from common import Failure


def mark(number: int, name: str, summary: Dict[str, Any]) -> None:
    """Put a label on a pull request, or take it off; one that cannot be put is a warning: the plan is there."""
    try:
        _set(number, name, wanted=int(summary["remove"]) > 0)
    except Failure as failure:
        with runner.as_data():
            print(f"warning: #{number} has not the right label: {failure}", file=sys.stderr)


def _set(number: int, name: str, *, wanted: bool) -> None:
    api, path = runner.api(), f"{runner.repository()}/issues/{number}/labels"
    # The site takes two names for one that differ in case only.
    is_there = name.lower() in {str(each["name"]).lower() for each in api.pages(path)}
    if wanted and not is_there:
        api.call("POST", path, {"labels": [name]})
    elif is_there and not wanted:
        api.call("DELETE", f"{path}/{quote(name, safe='')}")
