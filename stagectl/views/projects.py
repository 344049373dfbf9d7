"""The projects of a repository as text and JSON."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Sequence

from stagectl.core.pictures.reports import Project
from stagectl.core.printable import json_text
from stagectl.views.text import one_line, pluralize, safe


def projects_json(found: Sequence[Project]) -> str:
    """Return projects as a list in one JSON document."""
    return json_text([_raw(project) for project in found], indent=2) + "\n"


def _raw(project: Project) -> Dict[str, Any]:
    return {
        "folder": project.folder,
        "applied_branch": project.branch,
        "applied": project.applied,
        "pending": None if project.error else list(project.pending),
        **({"held": list(project.held)} if project.held else {}),
        "error": project.error or None,
    }


def projects_text(found: Sequence[Project]) -> str:
    """Return projects with what each has pending, one a line."""
    wide = max((len(project.folder) for project in found), default=0)
    return "".join(f"{line}\n" for line in _lines(found, wide)) or "No project is meant.\n"


def _lines(found: Iterable[Project], wide: int) -> List[str]:
    return [f"{safe(project.folder).ljust(wide)}  {_say(project)}" for project in found]


def _say(project: Project) -> str:
    if project.error:
        return f"error: {one_line(project.error.partition(chr(10))[0])}"
    some = [f"{pluralize(len(project.pending), 'change')} pending: {_few(project.pending)}"] if project.pending else []
    some += [f"{len(project.held)} held back: {_few(project.held)}"] if project.held else []
    applied = project.applied[:12] if project.applied else "(nothing applied)"
    return f"{'; '.join(some) or 'nothing pending'}; {safe(project.branch)} {applied}"


def _few(changes: Sequence[str]) -> str:
    return ", ".join(changes[:5]) + (", ..." if len(changes) > 5 else "")
