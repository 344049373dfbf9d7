"""What the tests of this folder share."""

from __future__ import annotations

from typing import Any, Dict, List

from tests.build import Repo

NO_CHANGES = "No changes. The applied state matches what is staged.\n"


def at(path: str, before: Any, after: Any, op: str = "replace") -> Dict[str, Any]:
    """One entry of a diff."""
    return {"path": path, "op": op, "before": before, "after": after}


def pair(repo: Repo, port: int = 1) -> Repo:
    """db, and app that reads its port."""
    return repo.define("db", inputs={"port": port}).define("app", inputs={"p": "${db.port}"})


def history(repo: Repo, *arguments: str) -> List[Dict[str, Any]]:
    return list(repo.ok("log", "--json", *arguments).json())
