"""The hidden first line of a plan's Markdown: which command, project and selection it is of, and its plan id."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, NamedTuple, Optional

_LINE = re.compile(r"<!-- stagectl:plan (\{.{0,60000}\}) -->")
PLAN_ID = re.compile(r"[0-9a-f]{64}")


class Marker(NamedTuple):
    """What a marker says. plan_id: "" where the plan could not be made; project: its folder, "" for the top one."""

    command: str
    selection: Dict[str, Any]
    plan_id: str
    project: str = ""

    def same_place(self, other: Marker) -> bool:
        """Whether both belong into the same comment."""
        return (self.command, self.project, self.selection) == (other.command, other.project, other.selection)


def _is_id(text: str) -> bool:
    return PLAN_ID.fullmatch(text) is not None


def parse(text: str) -> Optional[Marker]:
    """Return what the marker in the first line of a comment says, None where there is none."""
    found = _LINE.fullmatch(text.split("\n", 1)[0].rstrip("\r"))
    try:
        raw = json.loads(found.group(1)) if found else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, dict) or not isinstance(raw.get("selection"), dict):
        return None
    command, identity = raw.get("command"), raw.get("plan_id")
    if not isinstance(command, str) or not isinstance(identity, str) or not (identity == "" or _is_id(identity)):
        return None
    project = raw.get("project", "")
    return Marker(command, raw["selection"], identity, project) if isinstance(project, str) else None


def of_plan(raw: Dict[str, Any]) -> Marker:
    """Return the marker of a plan that stagectl wrote."""
    return Marker("plan", raw["selection"], raw["plan_id"], raw.get("project", ""))
