"""Files in memory, and the resources that come of them."""

from __future__ import annotations

import json
from typing import Any, Dict, List

from stagectl.adapters.worktree.snapshot import Snapshot, parse_snapshot

KINDS = {"kinds/service.yaml": b"{}\n", "kinds/job.yaml": b"{}\n"}


def snapshot(**texts: str) -> Snapshot:
    """What definitions say; `base__web` is resources/base/web.yaml."""
    files = {f"resources/{name.replace('__', '/')}.yaml": text.encode() for name, text in texts.items()}
    return parse_snapshot({**KINDS, **files})


def definition(front: Dict[str, Any], body: Any = None) -> str:
    """A definition's text."""
    return f"---\n{json.dumps(front)}\n---\n{json.dumps(body or {})}\n"


def problems(found: Snapshot) -> List[str]:
    """What is wrong, a line each, with paths below resources/."""
    return [str(problem).replace("resources/", "", 1) for problem in found.problems]


def good(**texts: str) -> Snapshot:
    """What definitions say that have nothing wrong."""
    found = snapshot(**texts)
    assert [] == problems(found)
    return found
